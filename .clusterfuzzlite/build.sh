#!/usr/bin/env bash
exec "$SRC/assay/fuzz/oss/build.sh"

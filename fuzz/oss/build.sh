#!/usr/bin/env bash
# Builds the fuzz targets for libFuzzer into $OUT (default: here), each with its seeds as
# TARGET_seed_corpus.zip, as OSS-Fuzz and ClusterFuzzLite want them. TARGETS may name
# some of them. It needs Go, clang with its run-time libraries, and zip for the seeds.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${OUT:-$PWD}
engine=${LIB_FUZZING_ENGINE:--fsanitize=fuzzer}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
targets=${TARGETS:-$(go test -list '^Fuzz' ./fuzz | grep '^Fuzz')}
for target in $targets; do
	CGO_ENABLED=1 go build -tags libfuzzer -buildmode=c-archive -gcflags=all=-d=libfuzzer \
		-ldflags "-X main.target=$target" -o "$work/$target.a" ./fuzz/oss
	${CXX:-clang++} ${CXXFLAGS:-} $engine "$work/$target.a" -o "$out/$target"
	if command -v zip >/dev/null; then
		mkdir "$work/$target"
		go run ./cmd/assay fuzz-corpus -to libfuzzer "$target" "$work/$target" >/dev/null
		(cd "$work/$target" && zip -q -r "$out/${target}_seed_corpus.zip" .)
	fi
done

package quant_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"assay/spec"
)

// The figures of ggml_quantize_chunk, without an importance matrix, of
// libggml-base.so for linux-x64 in the npm package @node-llama-cpp/linux-x64
// 3.22.1 (llama.cpp v0.5.0), on all rows of rows, each of 1024 elements, decoded
// by the decoders of this test.
var library = []struct {
	rows   string
	format spec.Format
	rmse   float64
	sha256 string // first 8 bytes, of the blocks, where they must be the same
}{
	{"gaussian", spec.Q4_0, 0.00172785104, "141481177a393fd0"},
	{"gaussian", spec.Q8_0, 0.00010743788, "04d8e23b1b6c3a7c"},
	{"gaussian", spec.Q4K, 0.0014301856, ""},
	{"gaussian", spec.Q5K, 0.000725610954, ""},
	{"gaussian", spec.Q6K, 0.000355410381, ""},
	{"laplace", spec.Q4_0, 0.00304634956, "b9d2c10555121297"},
	{"laplace", spec.Q8_0, 0.000191604743, "277cb026faa73614"},
	{"laplace", spec.Q4K, 0.00240760436, ""},
	{"laplace", spec.Q5K, 0.00121703424, ""},
	{"laplace", spec.Q6K, 0.000617573248, ""},
	{"tinyllm.down_proj.f32", spec.Q4_0, 0.00295967632, "e973efdfdfdfdff7"},
	{"tinyllm.down_proj.f32", spec.Q8_0, 0.000184805752, "fa786616a7011e61"},
	{"tinyllm.down_proj.f32", spec.Q4K, 0.00244977719, ""},
	{"tinyllm.down_proj.f32", spec.Q5K, 0.00123924507, ""},
	{"tinyllm.down_proj.f32", spec.Q6K, 0.000609620798, ""},
	{"tinyllm.gate_proj.T.f32", spec.Q4_0, 0.00504183781, "b0d27dcf56f79717"},
	{"tinyllm.gate_proj.T.f32", spec.Q8_0, 0.000316055096, "fee93db2bfa6c605"},
	{"tinyllm.gate_proj.T.f32", spec.Q4K, 0.00390050384, ""},
	{"tinyllm.gate_proj.T.f32", spec.Q5K, 0.00197508875, ""},
	{"tinyllm.gate_proj.T.f32", spec.Q6K, 0.001015505, ""},
}

// TestRMSE compares errors with the library's, and bytes where they must be
// its bytes.
func TestRMSE(t *testing.T) {
	for _, lib := range library {
		t.Run(fmt.Sprintf("%s/%v", lib.rows, lib.format), func(t *testing.T) {
			x := rows(t, lib.rows)
			f := lookup(lib.format)
			b := f.bytes(x)
			got := rmse(x, f.values(b))
			t.Logf("RMSE %.9g, %.5f of the library's", got, got/lib.rmse)
			if !(got <= 1.02*lib.rmse) {
				t.Errorf("RMSE %.9g, the library's %.9g: ratio %.5f, at most 1.02", got, lib.rmse, got/lib.rmse)
			}
			if h := sum(b); lib.sha256 != "" && h != lib.sha256 {
				t.Errorf("blocks hash to %s, the library's to %s", h, lib.sha256)
			}
		})
	}
}

// TestSameBytes pins the bytes of the K-quants, which are the same on every
// architecture.
func TestSameBytes(t *testing.T) {
	x := rows(t, "gaussian")
	for f, want := range map[spec.Format]string{
		spec.Q4K: "afd6063ff4099510",
		spec.Q5K: "aba8aa98b8542e7a",
		spec.Q6K: "ca30321bd920ad0d",
	} {
		if got := sum(lookup(f).bytes(x)); got != want {
			t.Errorf("%v: blocks of the gaussian rows hash to %s, want %s", f, got, want)
		}
	}
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return fmt.Sprintf("%x", h[:8])
}

func lookup(f spec.Format) format {
	for _, q := range all {
		if q.Format == f {
			return q
		}
	}
	panic(f)
}

//go:build linux && (amd64 || arm64)

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"assay/kernels/foreign/peers"
)

// peer returns the path of llama.cpp's library for a tier, which CI must have.
func peer(t *testing.T, tier string) string {
	t.Helper()
	path, err := peers.Library(tier)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(err)
	}
	return path
}

// compileLibrary compiles a C file of kernels/foreign to a shared library, with these flags.
func compileLibrary(t *testing.T, source string, flags ...string) string {
	t.Helper()
	cc := compiler(t)
	dir := filepath.Join(root, "kernels", "foreign")
	out := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(source), ".c")+".so")
	flags = append(flags, "-O2", "-shared", "-fPIC", "-I"+dir, "-o", out, filepath.Join(dir, source), "-lm")
	if text, err := exec.Command(cc, flags...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return out
}

var libFields = []string{"library", "op", "tier", "cases", "worst_ratio", "worst_case", "worst_property", "verdict", "skipped", "failures"}

// libRows decodes a run of assay lib by tier.
func libRows(t *testing.T, text string) map[string]map[string]any {
	t.Helper()
	out := map[string]map[string]any{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		fields := libFields
		if strings.Contains(line, `"definitions":`) {
			fields = append([]string{"definitions"}, fields...)
		}
		for _, row := range decode(t, line, fields...) {
			out[row["op"].(string)+"/"+row["tier"].(string)] = row
		}
	}
	return out
}

func TestLibExample(t *testing.T) {
	path := compileLibrary(t, "example/kernels.c")
	stdout, stderr, status := assay(t, nil, "lib", "-json", "-budget", "0.1", path)
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	rows := libRows(t, stdout)
	if len(rows) != 2 {
		t.Fatalf("%d rows, want 2", len(rows))
	}
	for name, row := range rows {
		if row["verdict"] != "pass" || row["cases"].(float64) < 100 || row["worst_ratio"].(float64) <= 0 {
			t.Errorf("%s: %v", name, row)
		}
	}
	if stdout, _, _ := assay(t, nil, "lib", "-budget", "0.1", "-rows", "rmsnorm", path); !strings.Contains(stdout, "rmsnorm_f32/example follows \"") {
		t.Errorf("no definition is told: %s", stdout)
	}
	if stdout, _, status := assay(t, nil, "lib", "-case", "dot_f32:gauss+gauss:1x40x1:7", path); status != 0 || !strings.Contains(stdout, "pass") {
		t.Errorf("one case: status %d: %s", status, stdout)
	}
}

// TestLibBroken: a library that crashes, hangs, reads too far and worse is judged to its end.
func TestLibBroken(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("broken.c sets x86's floating-point mode")
	}
	path := compileLibrary(t, "testdata/broken.c")
	stdout, stderr, status := assay(t, nil, "lib", "-json", "-budget", "0.1", "-limit", "300ms", path)
	if status != 1 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	rows := libRows(t, stdout)
	for tier, want := range map[string]string{
		"segfault": "crash", "hang": "crash", "aborts": "crash", "exits": "crash", "refuses": "crash", "seldom": "crash",
		"changes": "memory", "behind": "memory", "overread": "memory", "underread": "memory", "mode": "state",
	} {
		row := rows["dot_f32/"+tier]
		if row == nil || row["verdict"] != "fail" {
			t.Errorf("%s: %v", tier, row)
			continue
		}
		found := false
		for _, f := range row["failures"].([]any) {
			found = found || f.(map[string]any)["kind"] == want
		}
		if !found {
			t.Errorf("%s: no failure of kind %s: %v", tier, want, row["failures"])
		}
		// The kernel that changes the floating-point mode comes before these.
		for _, f := range row["failures"].([]any) {
			if kind := f.(map[string]any)["kind"]; tier != "mode" && kind != want {
				t.Errorf("%s: also a failure of kind %s: %v", tier, kind, f)
			}
		}
	}
	row := rows["gelu_f32/segfault"]
	if row == nil || row["verdict"] != "fail" {
		t.Fatalf("a kernel that crashes in an op with definitions: %v", row)
	}
	if fault, _ := row["definitions"].([]any)[0].(map[string]any)["fault"].(string); !strings.Contains(fault, "crashes") {
		t.Errorf("definitions of a kernel that crashes: %v", row["definitions"])
	}
	if row := rows["dot_f32/right"]; row["verdict"] != "pass" {
		t.Errorf("the kernel beside the broken ones: %v", row)
	}
	if row := rows["dot_f32/absent"]; row["verdict"] != "skipped" || row["skipped"] == "" {
		t.Errorf("a kernel that cannot run: %v", row)
	}

	// What a tier is said to do is not missed where the tier cannot run.
	judged := filepath.Join(t.TempDir(), "judged.yaml")
	for tier, want := range map[string]int{"absent": 0, "right": 1} {
		if err := os.WriteFile(judged, []byte("deviations: [{id: a, ops: [dot_f32], tiers: "+tier+", finding: bound, verdict: choice, text: t}]"), 0o666); err != nil {
			t.Fatal(err)
		}
		_, stderr, status := assay(t, nil, "lib", "-budget", "0.1", "-rows", "absent|right", "-judged", judged, path)
		if status != want || strings.Contains(stderr, "a: judged, and not seen") != (want == 1) {
			t.Errorf("judged tier %s: status %d, want %d: %s", tier, status, want, stderr)
		}
	}
}

// Of failures of one property and kind, that with the largest error over bound is kept, and all are counted.
func TestLibFailures(t *testing.T) {
	var fs failures
	for _, f := range []libFailure{{Property: "p", Kind: "formula", Ratio: 2}, {Property: "p", Kind: "class"}, {Property: "p", Kind: "formula", Ratio: 7}, {Property: "p", Kind: "formula", Ratio: 5}} {
		f.Fails = 1
		fs.add(f)
	}
	want := []libFailure{{Property: "p", Kind: "formula", Ratio: 7, Fails: 3}, {Property: "p", Kind: "class", Fails: 1}}
	if !slices.Equal(fs.all, want) {
		t.Errorf("got %v, want %v", fs.all, want)
	}
}

// A library that crashes while it is loaded is a finding, and the run goes on with the next.
func TestLibUnloadable(t *testing.T) {
	unloadable, example := compileLibrary(t, "testdata/unloadable.c"), compileLibrary(t, "example/kernels.c")
	stdout, stderr, status := assay(t, nil, "lib", "-json", "-budget", "0.1", "-rows", "dot_f32", unloadable, example)
	if status != 1 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	rows := libRows(t, stdout)
	row := rows["/"]
	if row == nil || row["verdict"] != "fail" || row["library"] != filepath.Base(unloadable) || !strings.Contains(row["failures"].([]any)[0].(map[string]any)["detail"].(string), "crashes") {
		t.Errorf("the library that crashes: %v", row)
	}
	delete(rows, "/")
	if len(rows) == 0 {
		t.Error("no row of the library after it")
	}
	for name, row := range rows {
		if row["verdict"] != "pass" {
			t.Errorf("%s: %v", name, row)
		}
	}
	// Nor is it overlooked where findings are held to a reviewed file.
	judged := filepath.Join(t.TempDir(), "judged.yaml")
	if err := os.WriteFile(judged, []byte("title: none"), 0o666); err != nil {
		t.Fatal(err)
	}
	report := filepath.Join(t.TempDir(), "report.md")
	if _, stderr, status := assay(t, nil, "lib", "-budget", "0.1", "-rows", "dot_f32", "-judged", judged, "-report", report, unloadable, example); status != 1 || !strings.Contains(stderr, "not judged: "+filepath.Base(unloadable)+" load") {
		t.Errorf("judged: status %d: %s", status, stderr)
	}
}

// What is known of a tier excuses no other failure of it.
func TestJudgedImpostor(t *testing.T) {
	path := compileLibrary(t, "testdata/impostor.c")
	judged := filepath.Join(root, "kernels", "foreign", "llama.cpp.yaml")
	for rows, want := range map[string]string{
		"^gelu.*x64":  "gelu-table: gelu_f32/x64 follows none of",
		"^gelu.*zen4": "gelu-table: gelu_f32/zen4 follows none of",
		"^silu":       "not judged: silu_f32/x64 accuracy (class)",
		"^softmax":    "not judged: softmax_f32/x64:graph accuracy (class)",
		"^dot_bf16":   "bf16-subnormals: dot_bf16/zen4 follows none of",
		"^rmsnorm":    "rmsnorm-range: rmsnorm_f32/x64:graph follows none of",
		"^rope":       "rope-angles: rope_f32/x64:graph follows none of",
		"^exp":        "not judged: exp_f32/x64 accuracy (formula)",
		"^dot_q6k":    "not judged: dot_q6k_q8k/x64 accuracy (formula)",
	} {
		if _, stderr, status := assay(t, nil, "lib", "-json", "-budget", "0.1", "-rows", rows, "-judged", judged, path); status != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: status %d: %s; want %q", rows, status, stderr, want)
		}
	}
}

func TestLibErrors(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"which library":          {},
		"no such file":           {"none.so"},
		"text.so":                {text},
		"missing closing":        {"-rows", "(", text},
		"must be positive":       {"-budget", "0", text},
		"need -judged":           {"-keep", text},
		"-property needs a reci": {"-case", "c774c535e79d64c4", "-property", "class", compileLibrary(t, "example/kernels.c")},
		"no row matches":         {"-rows", "nothing", compileLibrary(t, "example/kernels.c")},
	} {
		if _, stderr, status := assay(t, nil, append([]string{"lib"}, args...)...); status != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%v: status %d: %s; want %q", args, status, stderr, want)
		}
	}
	if stdout, _, status := assay(t, nil, "lib", "-ops"); status != 0 || !strings.Contains(stdout, "dot_q4k_q8k") {
		t.Errorf("lib -ops: status %d", status)
	}
	if stdout, _, status := assay(t, []string{"CI=", peers.Env + "=" + t.TempDir()}, "lib", "-peers"); status != 0 || !strings.Contains(stdout, "skipped: ") {
		t.Errorf("without libraries: status %d: %s", status, stdout)
	}
	if stdout, stderr, status := assay(t, []string{"CI=", peers.Env + "=" + t.TempDir()}, "lib", "-peers", "-json"); status != 0 || stdout != "" || !strings.Contains(stderr, "skipped: ") {
		t.Errorf("without libraries, JSON: status %d: %q, %q", status, stdout, stderr)
	}
	if _, _, status := assay(t, []string{"CI=true", peers.Env + "=" + t.TempDir()}, "lib", "-peers"); status != 2 {
		t.Errorf("without libraries in CI: status %d, want 2", status)
	}
}

// TestJudged: llama.cpp's oldest tier and what all tiers share deviate as the reviewed file says, and
// from a file that says less, or more, the run fails.
func TestJudged(t *testing.T) {
	if testing.Short() {
		t.Skip("audits two libraries several times; not with -short")
	}
	x64, base := peer(t, "x64"), peer(t, "base")
	judged := filepath.Join(root, "kernels", "foreign", "llama.cpp.yaml")
	report := filepath.Join(t.TempDir(), "report.md")
	run := func(judged string) (string, int) {
		_, stderr, status := assay(t, nil, "lib", "-budget", "0.1", "-rows", "quantize_q8|mxfp4|softmax|rmsnorm|dot_q8_0", "-judged", judged, "-report", report, x64, base)
		return stderr, status
	}
	if stderr, status := run(judged); status != 0 {
		t.Errorf("status %d: %s", status, stderr)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"### softmax-hidden: choice", "corpus", "| libggml-cpu-x64.so |", "100 %: **assay**", "quantize_row_q8_0_ref"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the report has no %q", want)
		}
	}
	data, err := os.ReadFile(judged)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "judged.yaml")
	for old, change := range map[string]struct{ new, want string }{
		"ops: [softmax_f32]\n    finding: 'wrong class'": {"ops: [softmax_f32]\n    finding: 'nothing like it'", "not judged: softmax_f32/x64:graph"},
		"ops: [rmsnorm_f32]":                             {"ops: [rmsnorm_f32]\n    tiers: 'other.*'", "not judged: rmsnorm_f32"},
		"  - id: fp4-nan-scale\n":                        {"  - id: none\n    ops: [dot_q8_0_q8_0]\n    finding: bound\n    verdict: choice\n    text: nothing\n  - id: fp4-nan-scale\n", "none: judged, and not seen"},
		"follows: ['scale in f32, then gain']":           {"follows: [all in f64]", "rmsnorm-range: rmsnorm_f32/x64:graph follows none of"},
		"verdict: choice\n    text: |\n      Squares":    {"verdict: ours\n    text: |\n      Squares", "our own error"},
	} {
		changed := strings.Replace(string(data), old, change.new, 1)
		if changed == string(data) {
			t.Fatalf("%q is not in %s", old, judged)
		}
		if err := os.WriteFile(other, []byte(changed), 0o666); err != nil {
			t.Fatal(err)
		}
		if stderr, status := run(other); status != 1 || !strings.Contains(stderr, change.want) {
			t.Errorf("%q: status %d: %s; want %q", change.new, status, stderr, change.want)
		}
	}
	for _, bad := range []string{"deviations: [{id: a}]", "deviations: [{id: a, ops: [x], verdict: fine, text: t}]", "other: 1", "deviations: [{id: a, ops: ['['], finding: f, verdict: choice, text: t}]",
		"deviations: [{id: a, ops: [x], verdict: choice, text: t}]", "deviations: [{id: a, ops: [x], follows: [nothing], verdict: choice, text: t}]",
		"deviations: [{id: a, ops: [rope_f32], follows: [table in f16], verdict: choice, text: t}]", "deviations: [{id: a, ops: [gelu_f32], finding: f, quant: -128, verdict: choice, text: t}]",
		"deviations: [{id: a, ops: [gelu_f32], holds: zeros, verdict: choice, text: t}]"} {
		if err := os.WriteFile(other, []byte(bad), 0o666); err != nil {
			t.Fatal(err)
		}
		if stderr, status := run(other); status != 2 {
			t.Errorf("%q: status %d: %s", bad, status, stderr)
		}
	}
}

// TestDriftGGML: a run by llama.cpp's kernels; its quantiser rounds ties in another way on
// some tiers, so its stages are judged, not compared.
func TestDriftGGML(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a model; not with -short")
	}
	path := peer(t, "x64")
	out, errOut, status := assay(t, nil, "drift", "--tokens", "1", "--orders", "0", "--b", "B/ggml", "--library", path)
	if status == 2 || !strings.Contains(out, "logits") {
		t.Errorf("status %d: %s\n%s", status, errOut, out)
	}
}

package assembly

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCensusFinds: what is wrong with the choice of a kernel, and not with a kernel, is
// found by the census of the rows.
func TestCensusFinds(t *testing.T) {
	needAVX2(t)
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	const rows, tiers = "kernels/assembly_amd64.go", "spec/tier.go"
	for _, tt := range []struct{ name, file, old, new string }{
		{"nothing", tiers, "package spec", "package spec"},
		{"a tier of an op is left out", rows, "row(spec.OpDotQ4KQ8K, spec.TierAVX512VNNI, spec.DotQuant(dotQ4KQ8KAVX512)),", ""},
		{"all assembly is left out", rows, "return []spec.Row{\n", "if true {\nreturn nil\n}\nreturn []spec.Row{\n"},
		{"one tier's kernel in another's row", rows, "spec.TierAVX512VNNI, spec.DotQuant(dotQ4KQ8KAVX512)", "spec.TierAVX512VNNI, spec.DotQuant(dotQ6KQ8KAVX2)"},
		{"a feature is not asked for", rows, "cpu.X86.HasFMA && ", ""},
		{"another feature is asked for", rows, "cpu.X86.HasAVX512VNNI", "cpu.X86.HasAVX512VBMI"},
		{"a feature that no kernel needs", rows, "cpu.X86.HasBMI2", "cpu.X86.HasBMI2 && cpu.X86.HasAVX5124VNNIW"},
		{"two tiers are in the wrong order", tiers, "TierAVX2, TierAVX512VNNI, ", "TierAVX512VNNI, TierAVX2, "},
		{"the widest tier on all CPUs", rows, "return wide512", "return true"},
		{"the widest tier on none", rows, "return wide512", "return false"},
		{"an entry calls the reference loop", "kernels/dot_q4k_q8k.go", "Dispatched(spec.OpDotQ4KQ8K)", "For(spec.OpDotQ4KQ8K)[0]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(abs, filepath.FromSlash(tt.file))
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(string(data), tt.old) != 1 {
				t.Fatalf("%s has %q not once", tt.file, tt.old)
			}
			dir := t.TempDir()
			changed := filepath.Join(dir, "changed.go")
			if err := os.WriteFile(changed, []byte(strings.Replace(string(data), tt.old, tt.new, 1)), 0o666); err != nil {
				t.Fatal(err)
			}
			overlay, err := WriteOverlay(dir, map[string]string{path: changed})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-overlay", overlay, "-run", "^(TestDispatch|TestCensus|TestOrder|TestNames)$", "./kernels")
			cmd.Dir = abs
			out, err := cmd.CombinedOutput()
			if passed := err == nil; passed != (tt.name == "nothing") {
				t.Errorf("passed %v: %s", passed, out)
			}
			if err != nil && !strings.Contains(string(out), "--- FAIL") {
				t.Errorf("no test failed: %s", out)
			}
		})
	}
}

package props_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestExternal: a module of its own can hold its kernel to the suite, and gets
// a line to replay when the kernel is wrong.
func TestExternal(t *testing.T) {
	if testing.Short() {
		t.Skip("builds another module; not with -short")
	}
	run := func(env ...string) (string, error) {
		cmd := exec.Command("go", "test", "-count=1", "./...")
		cmd.Dir = "testdata/external"
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(); err != nil {
		t.Errorf("a correct kernel of another module fails: %v\n%s", err, out)
	}
	out, err := run("ENGINE_BROKEN=1")
	if err == nil {
		t.Fatal("a broken kernel of another module passes")
	}
	_, replay, ok := strings.Cut(out, "replay: ASSAY_REPLAY='")
	replay, _, ok2 := strings.Cut(replay, "'")
	if !ok || !ok2 {
		t.Fatalf("no replay in\n%s", out)
	}
	if out, err := run("ENGINE_BROKEN=1", "ASSAY_REPLAY="+replay); err == nil || !strings.Contains(out, "FAIL dot_q4k_q8k/engine") {
		t.Errorf("the replay %q does not fail again: %v\n%s", replay, err, out)
	}
}

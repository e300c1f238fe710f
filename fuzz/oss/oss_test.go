package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLibFuzzer builds one target for libFuzzer, from the seeds, and runs it.
func TestLibFuzzer(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program; not with -short")
	}
	clang, err := exec.LookPath("clang")
	if err != nil {
		t.Skip("no clang: ", err)
	}
	lib, err := exec.Command(clang, "-print-file-name=libclang_rt.fuzzer-x86_64.a").Output()
	if path := strings.TrimSpace(string(lib)); err != nil || !filepath.IsAbs(path) {
		resources, err := exec.Command(clang, "-print-resource-dir").Output()
		if err != nil {
			t.Skip("no libFuzzer beside clang: ", err)
		}
		if found, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(resources)), "lib", "*", "libclang_rt.fuzzer*.a")); len(found) == 0 {
			t.Skip("no libFuzzer beside clang")
		}
	}
	dir := t.TempDir()
	build := exec.Command("./build.sh")
	build.Env = append(os.Environ(), "OUT="+dir, "TARGETS=FuzzConvert", "CXX="+clang)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	seeds := filepath.Join(dir, "seeds")
	if out, err := exec.Command("go", "run", "../../cmd/assay", "fuzz-corpus", "-to", "libfuzzer", "FuzzConvert", seeds).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := exec.Command(filepath.Join(dir, "FuzzConvert"), "-runs=200", seeds)
	run.Dir = dir
	out, err := run.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Done") || !strings.Contains(string(out), "cov:") {
		t.Errorf("%v: %s", err, out)
	}
}

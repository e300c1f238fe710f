package props_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/kernels"
	"assay/spec"
)

// emulateEnv names the environment variable that asks for the emulated tiers;
// make test sets it. They take minutes.
const emulateEnv = "ASSAY_EMULATE"

// emulatorWrong lists what the emulator itself gets wrong, so that a kernel
// cannot be judged there.
var emulatorWrong = map[spec.Op]string{
	spec.OpConvertF32F16: tiesUp, spec.OpQuantizeQ8_0: tiesUp, spec.OpQuantizeQ8_1: tiesUp,
}

const tiesUp = "Bochs 2.7 rounds ties up in VCVTPS2PH: 0x1.002p0 gives 3c01, 2^-25 gives 0001"

// TestEmulatedTiers runs the tiers that this CPU lacks on an emulated one. It is
// skipped where the emulator cannot be had; on a CI machine that is a failure.
func TestEmulatedTiers(t *testing.T) {
	var absent, ops []string
	for _, row := range kernels.Rows() {
		if row.CanRun() {
			continue
		}
		absent = append(absent, string(row.Tier))
		if emulatorWrong[row.Op] == "" {
			ops = append(ops, string(row.Op))
		}
	}
	slices.Sort(absent)
	absent = slices.Compact(absent)
	switch {
	case len(absent) == 0:
		t.Skip("every tier of this build runs here natively")
	case os.Getenv(emulateEnv) == "":
		t.Skipf("this CPU cannot run tier %s; %s=1 runs it on an emulated one", strings.Join(absent, ", "), emulateEnv)
	case runtime.GOOS != "linux" || runtime.GOARCH != "amd64":
		t.Skipf("tier %s: no emulator on %s/%s", absent[0], runtime.GOOS, runtime.GOARCH)
	}
	binary := filepath.Join(t.TempDir(), "props.test")
	build := exec.Command("go", "test", "-c", "-o", binary, ".")
	// Bochs 2.7 gets some instruction of Go 1.26's AVX-512 garbage collector
	// wrong ("marked free object in span"), so the guest has the older one.
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOEXPERIMENT=nogreenteagc")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	// The machine has one CPU: two of them, with every other op each, take half
	// the time.
	const machines = 2
	outs, errs := make([][]byte, machines), make([]error, machines)
	var wg sync.WaitGroup
	for k := range machines {
		var mine []string
		for i, op := range slices.Compact(ops) {
			if i%machines == k {
				mine = append(mine, op)
			}
		}
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
			defer cancel()
			run := exec.CommandContext(ctx, "../.ci/emulate", "--timeout", "840", binary,
				"-test.short", "-test.v", "-test.run", "^TestKernels$/^("+strings.Join(mine, "|")+")$/^("+strings.Join(absent, "|")+")$")
			run.Env = append(os.Environ(), kernels.RequireEnv+"="+strings.Join(absent, ","), twinEnv+"=1")
			outs[k], errs[k] = run.CombinedOutput()
		})
	}
	wg.Wait()
	out := bytes.Join(outs, nil)
	for _, err := range errs {
		var status *exec.ExitError
		if errors.As(err, &status) && status.ExitCode() == 77 && os.Getenv("CI") == "" {
			t.Skipf("%s", strings.TrimSpace(string(out)))
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	// Each op must have run, not been skipped.
	for _, row := range kernels.Rows() {
		if row.CanRun() {
			continue
		}
		t.Run(row.Name(), func(t *testing.T) {
			if why := emulatorWrong[row.Op]; why != "" {
				t.Skip(why)
			}
			if want := "--- PASS: TestKernels/" + row.Name() + " "; !strings.Contains(string(out), want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		})
	}
	t.Logf("tiers %v on an emulated CPU:\n%s", absent, out)
}

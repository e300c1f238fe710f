package props_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"assay/kernels"
	"assay/props"
)

// twinEnv names the environment variable that makes the reference loops the judge
// of the tiers. TestEmulatedTiers sets it in the emulated machine.
const twinEnv = "ASSAY_TWIN"

// TestKernels holds every kernel of the registry to every property.
func TestKernels(t *testing.T) {
	if err := kernels.CheckRequired(); err != nil {
		t.Fatal(err)
	}
	for _, row := range kernels.Rows() {
		t.Run(row.Name(), func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			check := props.Conform
			if os.Getenv(twinEnv) != "" {
				check = props.ConformTwin
			}
			ledger := check(t, row)
			cases := 0
			for _, e := range ledger.Entries() {
				cases += e.Cases
			}
			t.Logf("%d cases in %v", cases, time.Since(start).Round(time.Millisecond))
			if os.Getenv("ASSAY_LEDGER") != "" {
				for _, e := range ledger.Entries() {
					fmt.Printf("%-22s %-11s %-13s %7d cases, worst %.3g at %s %s\n", e.Op, e.Tier, e.Property, e.Cases, e.Worst, e.At, e.Skipped)
				}
			}
		})
	}
}

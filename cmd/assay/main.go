// Command assay tells whether the kernels of an inference engine compute what
// they claim.
//
//	assay audit [MODEL.gguf]   every kernel on hostile data, and on a trained model's tensors and activations
//	assay mutants              every known defect, and the property that kills it
//	assay replay ID            one case again, on every tier
//	assay keep ID              a recipe's case, stored in the corpus
//	assay lift TARGET FILE     a fuzzer's input as a corpus case
//	assay asm-mutants [REGEXP] the assembly, mutated one instruction at a time
//	assay fixedbugs            the smallest case that shows each public defect, for the corpus
//	assay vectors              the corpus as plain files with bounds, for other languages
//	assay fuzz-night           all fuzz targets in turn, for hours
//	assay fuzz-corpus          fuzz inputs for libFuzzer, and from it
//	assay fuzz-planted         how long each of them takes to find known defects
//	assay sweep [OP...]        all inputs of the ops that have few enough
//	assay cascade [MODEL.gguf] the published falsifiers, on fixtures and populations
//	assay drift [MODEL.gguf]   two paths through a model, stage by stage, and who owns their distance
//	assay lib PATH...          the kernels of other engines' shared libraries
//	assay bench [LIBRARY...]   our kernels against those of such libraries, timed side by side
//	assay bench-gate           whether a kernel has become slower since another commit
//	assay contracts            what the project claims, and the evidence of this run
//
// Exit status: 0 if everything holds, 1 if something fails, 2 on bad use,
// 130 when interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"assay/kernels/foreign"
)

// errFailed is returned by a command that ran and found a failure, which it
// has reported itself.
var errFailed = errors.New("failed")

func main() { os.Exit(run()) }

func run() int {
	foreign.Serve() // this process may be the child that calls a library
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use:           "assay",
		Short:         "Tells whether the kernels of an inference engine compute what they claim",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentFlags().Bool("json", false, "print JSON lines instead of text")
	root.AddCommand(auditCommand(), mutantsCommand(), replayCommand(), keepCommand(), liftCommand(), sweepCommand(), cascadeCommand(), driftCommand(), contractsCommand(), libCommand(), benchCommand(), benchGateCommand(), asmMutantsCommand(), fixedbugsCommand(), vectorsCommand(), fuzzNightCommand(), fuzzPlantedCommand(), fuzzCorpusCommand())
	root.SetArgs(goFlags(os.Args[1:]))
	err := root.ExecuteContext(ctx)
	switch {
	case ctx.Err() != nil:
		return 130
	case err == nil:
		return 0
	case errors.Is(err, errFailed):
		return 1
	}
	fmt.Fprintln(os.Stderr, "assay:", err)
	return 2
}

// goFlags lets long flags have one dash, as those of the go command do; there
// are no bundled short ones that this could mean.
func goFlags(args []string) []string {
	out := slices.Clone(args)
	for i, a := range out {
		if a == "--" {
			break
		}
		if len(a) > 2 && a[0] == '-' && 'a' <= a[1] && a[1] <= 'z' {
			out[i] = "-" + a
		}
	}
	return out
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"text/tabwriter"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// output prints rows as JSON lines or as an aligned table.
type output struct {
	w     io.Writer
	json  *json.Encoder
	table *tabwriter.Writer
}

func newOutput(cmd *cobra.Command, header string) *output {
	o := &output{w: cmd.OutOrStdout()}
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		o.json = json.NewEncoder(o.w)
		return o
	}
	o.table = tabwriter.NewWriter(o.w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(o.table, header)
	return o
}

// row prints v as JSON, or the text.
func (o *output) row(v any, format string, args ...any) {
	if o.json != nil {
		if err := o.json.Encode(v); err != nil && !errors.Is(err, syscall.EPIPE) {
			panic(fmt.Sprintf("assay: a line that is not JSON: %v", err)) // an infinity, say
		}
		return
	}
	fmt.Fprintf(o.table, format+"\n", args...)
}

// note prints a line that is not part of the table; not in JSON.
func (o *output) note(format string, args ...any) {
	if o.json == nil {
		o.flush()
		fmt.Fprintf(o.w, format+"\n", args...)
	}
}

// remark prints a line that the rows cannot do without: above the table, and beside JSON
// lines on standard error.
func remark(cmd *cobra.Command, format string, args ...any) {
	w := cmd.OutOrStdout()
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		w = cmd.ErrOrStderr()
	}
	fmt.Fprintf(w, format+"\n", args...)
}

func (o *output) flush() {
	if o.table != nil {
		o.table.Flush()
	}
}

// progress is a bar on a terminal's standard error, and nothing elsewhere.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(steps int) *progress {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return &progress{}
	}
	return &progress{progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(os.Stderr),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionShowCount(),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetWidth(30),
	)}
}

// step moves the bar on and tells what is done now.
func (p *progress) step(format string, args ...any) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%-34.34s", fmt.Sprintf(format, args...)))
		p.bar.Add(1)
	}
}

func (p *progress) done() {
	if p.bar != nil {
		p.bar.Finish()
	}
}

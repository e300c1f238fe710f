package assembly

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"assay/kernels"
	"assay/spec"
)

// Status of a mutant.
const (
	Killed     = "killed"
	Survived   = "survived"
	Equivalent = "equivalent" // a survivor that the reviewed list proves to be one
	Unjudged   = "unjudged"   // this machine cannot run its tier
)

// Result is what became of one mutant.
type Result struct {
	File     string `json:"file"` // where the instruction stands, a header if it is in a macro
	Line     int    `json:"line"`
	Use      int    `json:"use"` // line of the routine's own file
	Routine  string `json:"routine"`
	Tier     string `json:"tier"`
	Before   string `json:"before"`
	Kind     string `json:"kind"`
	Mutation string `json:"mutation"` // what stands there instead; "" where the instruction is dropped
	Status   string `json:"status"`
	By       string `json:"by"` // the property, crash or hang; of an equivalent mutant the proof
	Op       string `json:"op"`
	Case     string `json:"case,omitempty"`

	// Occurrence counts the instructions of the routine with this text, from 1.
	Occurrence int    `json:"occurrence"`
	Statement  int    `json:"statement"`
	Source     string `json:"source"` // hash of the expanded source
}

// Options of a campaign.
type Options struct {
	Root     string         // the module's folder
	Routines *regexp.Regexp // which, by name; nil for all
	Tier     spec.Tier      // "" for all
	Sample   int            // mutants of each routine, drawn by Seed; 0 for all
	Seed     uint64
	// Exhaustive runs those that no property kills through all 2^32 arguments, where the
	// routine's ops have one f32. It takes minutes for each.
	Exhaustive bool
	// Known holds results of an earlier run: mutants of the same source are not run
	// again.
	Known []Result
	// Begin is told how many mutants of a routine will be judged, and End each result.
	Begin func(routine string, n int)
	End   func(Result)
}

// Campaign mutates the assembly of the kernels. Results come in no particular order.
func Campaign(ctx context.Context, o Options) error {
	root, err := filepath.Abs(o.Root) // an overlay's paths are
	if err != nil {
		return err
	}
	o.Root = root
	files, err := filepath.Glob(filepath.Join(o.Root, "kernels", "*_"+runtime.GOARCH+".s"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("assembly: no assembly for %s in %s: %w", runtime.GOARCH, filepath.Join(o.Root, "kernels"), fs.ErrNotExist)
	}
	c := &campaign{Options: o, known: map[string]Result{}}
	for _, r := range o.Known {
		c.known[r.Key()] = r
	}
	ran := false
	for _, file := range files {
		s, err := ReadSource(file)
		if err != nil {
			return err
		}
		tier := tierOf(file)
		if o.Tier != "" && tier != o.Tier || !slices.ContainsFunc(s.Routines, func(r Routine) bool { return c.wants(r.Name) }) {
			continue
		}
		ran = true
		if err := c.file(ctx, s, tier); err != nil {
			return err
		}
	}
	if !ran {
		return errors.New("assembly: no routine has such a name and tier")
	}
	return nil
}

type campaign struct {
	Options
	known map[string]Result
}

func (c *campaign) wants(routine string) bool {
	return c.Routines == nil || c.Routines.MatchString(routine)
}

// tierOf returns the tier of a file, which its name ends in.
func tierOf(file string) spec.Tier {
	name := strings.TrimSuffix(filepath.Base(file), "_"+runtime.GOARCH+".s")
	return spec.Tier(name[strings.LastIndexByte(name, '_')+1:])
}

// Key tells a mutant of a source from all others.
func (r Result) Key() string {
	return fmt.Sprintf("%s %s %d %s %q", r.Source, r.Routine, r.Statement, r.Kind, r.Mutation)
}

// hash is that of a source without its comments.
func (s *Source) hash() string {
	h := sha256.New()
	for _, d := range s.Data {
		fmt.Fprintln(h, d)
	}
	for _, r := range s.Routines {
		fmt.Fprintln(h, r.Name, r.Flags)
		for _, b := range r.Body {
			fmt.Fprintln(h, b.Text)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func (c *campaign) file(ctx context.Context, s *Source, tier spec.Tier) error {
	dir, err := os.MkdirTemp("", "assay-asm-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := NewBuild(ctx, c.Root, dir, s)
	if err != nil {
		return err
	}
	var ops []spec.Op // of the tier
	canRun := true
	for _, in := range spec.Ops() {
		for _, row := range kernels.For(in.Op) {
			if row.Tier == tier {
				ops = append(ops, in.Op)
				canRun = canRun && row.CanRun()
			}
		}
	}
	source := s.hash()
	for k, r := range s.Routines {
		if !c.wants(r.Name) {
			continue
		}
		chosen := c.sample(r.Name, len(b.Mutants[k]))
		c.Begin(r.Name, len(chosen))
		var todo []int
		results := make([]Result, len(b.Mutants[k]))
		for _, i := range chosen {
			m := b.Mutants[k][i]
			at := r.Body[m.Statement]
			results[i] = Result{File: at.File, Line: at.Line, Use: at.Use, Routine: r.Name, Tier: string(tier), Before: at.Text, Kind: m.Kind, Mutation: m.Text,
				Status: Unjudged, Occurrence: r.occurrence(m.Statement), Statement: m.Statement, Source: source}
			switch old, ok := c.known[results[i].Key()]; {
			case ok:
				results[i].Status, results[i].By, results[i].Op, results[i].Case = old.Status, old.By, old.Op, old.Case
				c.End(results[i])
			case canRun:
				todo = append(todo, i)
			default:
				c.End(results[i])
			}
		}
		if len(todo) == 0 {
			continue
		}
		if err := c.routine(ctx, b, k, tier, ops, todo, results); err != nil {
			return err
		}
	}
	return nil
}

// occurrence returns how many instructions up to i have the text of i.
func (r *Routine) occurrence(i int) int {
	n, text := 0, parse(r.Body[i].Text).String()
	for _, s := range r.Body[:i+1] {
		if parse(s.Text).String() == text {
			n++
		}
	}
	return n
}

// sample chooses mutants.
func (c *campaign) sample(routine string, n int) []int {
	h := sha256.Sum256([]byte(routine))
	all := rand.New(rand.NewPCG(c.Seed, uint64(h[0])<<8|uint64(h[1]))).Perm(n)
	if c.Sample > 0 && c.Sample < n {
		all = all[:c.Sample]
	}
	slices.Sort(all)
	return all
}

// routine judges mutants of one routine, on all processors.
func (c *campaign) routine(ctx context.Context, b *Build, k int, tier spec.Tier, ops []spec.Op, todo []int, results []Result) error {
	name := b.Source.Routines[k].Name
	users, err := b.Users(ctx, k, tier, ops)
	if err != nil {
		return err
	}
	if len(users) == 0 {
		return fmt.Errorf("assembly: no kernel of tier %s calls %s", tier, name)
	}
	if v, err := b.Judge(ctx, k, correct, tier, users, 1); err != nil || v.Killed {
		return fmt.Errorf("assembly: %s as it is does not pass: %+v, %w", name, v, errors.Join(err))
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	work := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range work {
				v, err := b.Judge(ctx, k, firstMutant+i, tier, users, 1)
				if c.Exhaustive && err == nil && !v.Killed && oneFloat(users) {
					v, err = b.Exhaust(ctx, k, firstMutant+i, tier, users)
				}
				r := results[i]
				r.Status, r.By, r.Op, r.Case = Survived, v.By, v.Op, v.Case
				if v.Killed {
					r.Status = Killed
				}
				mu.Lock()
				if err != nil && failed == nil {
					failed = err
				}
				if err == nil {
					c.End(r)
				}
				mu.Unlock()
			}
		})
	}
	for _, i := range todo {
		if ctx.Err() != nil {
			break
		}
		work <- i
	}
	close(work)
	wg.Wait()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return failed
}

// ReadResults reads what a campaign wrote, a JSON object on each line. A last line that
// is cut short is passed over.
func ReadResults(data []byte) ([]Result, error) {
	var out []Result
	lines := strings.SplitAfter(string(data), "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		var r Result
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			if !strings.HasSuffix(line, "\n") {
				break
			}
			return nil, fmt.Errorf("assembly: line %d: %w", i+1, err)
		}
		out = append(out, r)
	}
	return out, nil
}

package props

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"assay/spec"
)

// Key is a row of the ledger.
type Key struct {
	Op       spec.Op
	Tier     spec.Tier
	Property string
}

// Entry is what the ledger knows of one property of one kernel.
type Entry struct {
	Key
	Cases   int
	Worst   float64 // largest error/bound
	At      string  // case with the largest error/bound
	Fails   int
	Skipped string // why nothing ran, if that is known and legitimate
}

// Ledger counts the cases that ran, per op, tier and property.
type Ledger struct {
	mu      sync.Mutex
	entries map[Key]*Entry
}

func (l *Ledger) entry(k Key) *Entry {
	if l.entries == nil {
		l.entries = map[Key]*Entry{}
	}
	e := l.entries[k]
	if e == nil {
		e = &Entry{Key: k}
		l.entries[k] = e
	}
	return e
}

// Add enters cases and the largest error/bound among them, met at case id.
func (l *Ledger) Add(k Key, cases int, worst float64, id string, failed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entry(k)
	e.Cases += cases
	if worst > e.Worst || e.At == "" {
		e.Worst, e.At = worst, id
	}
	if failed {
		e.Fails++
	}
}

// Skip enters a reason for a property or row that cannot run here.
func (l *Ledger) Skip(k Key, reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entry(k).Skipped = reason
}

// Entries returns the ledger in order.
func (l *Ledger) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []Entry
	for _, e := range l.entries {
		out = append(out, *e)
	}
	slices.SortFunc(out, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Op, b.Op), cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Property, b.Property))
	})
	return out
}

// Sum is what the ledger knows of all properties of a row: cases, the largest error/bound,
// where and by which property it was met, failures, and which properties were skipped, with their reasons.
func (l *Ledger) Sum(row spec.Row) Entry {
	sum := Entry{Key: Key{Op: row.Op, Tier: row.Tier}}
	var skipped []string
	for _, e := range l.Entries() {
		if e.Op != row.Op || e.Tier != row.Tier {
			continue
		}
		sum.Cases += e.Cases
		sum.Fails += e.Fails
		if e.Worst > sum.Worst {
			sum.Worst, sum.At, sum.Property = e.Worst, e.At, e.Property
		}
		if e.Skipped != "" {
			skipped = append(skipped, e.Property+": "+e.Skipped)
		}
	}
	sum.Skipped = strings.Join(skipped, "; ")
	return sum
}

// Check returns an error naming the first applicable property of row that ran
// no case and was not skipped with a reason: a check that did not run is not a
// check that passed.
func (l *Ledger) Check(row spec.Row) error {
	ran := map[string]Entry{}
	for _, e := range l.Entries() {
		if e.Op == row.Op && e.Tier == row.Tier {
			ran[e.Property] = e
		}
	}
	for _, p := range Properties(row) {
		if e := ran[p.Name]; e.Cases == 0 && e.Skipped == "" {
			return fmt.Errorf("props: %s: property %s ran no case", row.Name(), p.Name)
		}
	}
	return nil
}

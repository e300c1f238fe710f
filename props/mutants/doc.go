// Package mutants holds kernels with one deliberate defect each, to measure
// whether the properties of package props can see it.
//
// Every op has a base kernel here, written with no look at package kernels:
// plain loops whose steps are function values. The base is correct and keeps
// the declared order of roundings; a mutant is the base with one step
// replaced, so that its text is the defect and nothing else. Most re-create a
// defect that was reported in public: ID is its row in the project's catalogue
// of such reports, Defect the report.
package mutants

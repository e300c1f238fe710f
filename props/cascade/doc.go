// Package cascade re-runs the published falsifiers M91 to M103 of the difference
// between Path A and Path B: each with its hypothesis, its fixture and the rule
// that decides, and the same figure over populations of inputs instead of one
// draw.
//
// Source of hypotheses, fixtures, rules and published figures: paiml/aprender, pull
// requests 1535 to 1546, 1548 and 1550.
//
// What a row computes is fixed before it is run; its verdict follows from the rule
// and the figures of this run, never from a choice made here. Errors of the
// published fixtures are noted and kept.
package cascade

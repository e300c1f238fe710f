// Package drift runs a model stage by stage, each stage by any implementation,
// and finds the stage that makes two runs differ.
//
// Every stage is a list of cases of package spec, so that what a kernel, a defect
// or another engine made of it is judged by the oracle on the very inputs that
// the stage had: an error upstream is not charged twice.
package drift

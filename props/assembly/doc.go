// Package assembly mutates the project's own assembly, one instruction at a time, and
// tells which mutants the properties kill.
//
// A file of assembly is expanded into plain instructions. Its mutants are built in
// one program, each as a copy of its routine beside the correct one, to which a jump
// leads; they are an overlay of the build, so that the source tree is never touched.
// A process for each mutant takes the jump to that copy and runs the properties of the
// ops that use the routine. A mutant that no property rejects is a survivor: a hole in
// the suite, or an equivalent program, which the reviewed list of those must then
// name with its proof.
package assembly

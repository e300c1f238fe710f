// Package corpus is the suite's memory: cases as small JSON files, each with
// its operands in full, so that a case means the same for ever and in any
// language.
//
//	cases/<op>/<id>.json              found inputs worth keeping
//	fixedbugs/<project>-<issue>/      inputs that show a public defect, with the mutant that has it
//	worst/fuzz/<op>.<tier>/           the largest error over bound that fuzzing has met
//	teacher/                          the embedded trained model
//	gguf/                             reader and writer of model files
//
// A file that cannot be read, or whose op or format is unknown, is an error:
// a corpus that is silently skipped has stopped remembering.
package corpus

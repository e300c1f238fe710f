// Package cpustate reads and sets those parts of the processor's state that a
// kernel must leave as they are, and those that it must not count upon.
//
// All of it belongs to a thread: callers lock theirs (runtime.LockOSThread).
package cpustate

package readertest

import (
	"sync"
	"testing"
)

// TestAllocated: what a reader takes is seen each time, what is taken beside it is not.
func TestAllocated(t *testing.T) {
	var kept []byte
	take := func(data []byte) ([]byte, error) {
		kept = make([]byte, 1<<16)
		return kept, nil
	}
	if n := Allocated(take, nil, 1<<15); n < 1<<16 {
		t.Errorf("%d bytes for a reader that takes %d", n, 1<<16)
	}
	calls := 0
	beside := func(data []byte) ([]byte, error) {
		calls++
		if calls == 1 {
			var w sync.WaitGroup
			w.Go(func() { kept = make([]byte, 1<<16) })
			w.Wait()
		}
		return nil, nil
	}
	if n := Allocated(beside, nil, 1<<15); n > 1<<15 || calls < 2 {
		t.Errorf("%d bytes in %d calls for what was taken beside the first", n, calls)
	}
}

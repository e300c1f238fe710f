package oracle

import (
	"runtime"
	"sync"
)

// parallel calls f(0) … f(n−1), on all cores when n is large.
func parallel(n int, f func(i int)) {
	procs := runtime.GOMAXPROCS(0)
	if n < 4*procs {
		procs = 1
	}
	var wg sync.WaitGroup
	for p := range procs {
		wg.Go(func() {
			for i := n * p / procs; i < n*(p+1)/procs; i++ {
				f(i)
			}
		})
	}
	wg.Wait()
}

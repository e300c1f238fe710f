package kernels

// foldLanes adds lanes l and l + len/2 until one is left.
func foldLanes[T float32 | float64](lanes []T) T {
	for half := len(lanes) / 2; half > 0; half /= 2 {
		for l := range half {
			lanes[l] += lanes[l+half]
		}
	}
	return lanes[0]
}

/* Tables that must be refused; -D says which. */
#include "assay_kernel.h"

int run(const assay_call *c) { (void)c; return 0; }
volatile uintptr_t nowhere = 8;

#ifdef CRASH
__attribute__((constructor)) static void crash(void) { *(volatile int *)nowhere = 0; }
#endif
#ifdef HANG
__attribute__((constructor)) static void hang(void) { for (volatile int forever = 1; forever;); }
#endif

const assay_kernel *assay_kernels(uint32_t abi, size_t *count) {
	static const assay_kernel kernels[] = {
#if defined OP
		{"dot_q9k_q8k", "x", 0, run, 0},
#elif defined RUN
		{"dot_f32", "x", 0, 0, 0},
#elif defined TIER
		{"dot_f32", 0, 0, run, 0},
#elif defined TREE
		{"dot_f32", "x", "pairwise", run, 0},
#else
		{"dot_f32", "x", 0, run, 0},
#endif
	};
	*count = 1;
#ifdef ABI
	return 0;
#endif
#ifdef COUNT
	*count = (size_t)1 << 40;
#endif
	(void)abi;
	return kernels;
}

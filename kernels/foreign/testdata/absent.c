/* Two kernels, of which no machine can run the second; with -DNONE it is alone. */
#include "assay_kernel.h"

static int right(const assay_call *c) {
	const float *a = c->in[0].data, *b = c->in[1].data;
	float sum = 0;
	for (int64_t i = 0; i < c->cols; i++) sum += a[i] * b[i];
	*(float *)c->out = sum;
	return 0;
}

static int never(void) { return 0; }

const assay_kernel *assay_kernels(uint32_t abi, size_t *count) {
	static const assay_kernel kernels[] = {
#ifndef NONE
		{"dot_f32", "right", NULL, right, NULL},
#endif
		{"dot_f32", "absent", NULL, right, never},
	};
	*count = sizeof kernels / sizeof *kernels;
	return abi == ASSAY_ABI ? kernels : NULL;
}

/* Kernels that go wrong in every way that a child process is there for. The tier says how. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "assay_kernel.h"

static float dot(const assay_call *c) {
	const float *a = c->in[0].data, *b = c->in[1].data;
	float sum = 0;
	for (int64_t i = 0; i < c->cols; i++) sum += a[i] * b[i];
	return sum;
}

static int put(const assay_call *c, float sum) {
	*(float *)c->out = sum;
	return 0;
}

static int right(const assay_call *c) { return put(c, dot(c)); }
static volatile uintptr_t nowhere = 8;
static int segfault(const assay_call *c) { return put(c, *(volatile float *)nowhere); }
static int hang(const assay_call *c) { for (volatile int forever = 1; forever;); return put(c, dot(c)); }
static int aborts(const assay_call *c) { fprintf(stderr, "broken.c: assertion failed: cols %% 8 == 0\n"); abort(); return put(c, 0); }
static int exits(const assay_call *c) { exit(3); return put(c, 0); }
static int refuses(const assay_call *c) { (void)c; return 7; }
static int changes(const assay_call *c) { if (c->cols) *(float *)c->in[1].data = 0; return put(c, dot(c)); }
static int behind(const assay_call *c) { float s = dot(c); ((float *)c->out)[1] = s; return put(c, s); }
static int mode(const assay_call *c) { float s = dot(c); __builtin_ia32_ldmxcsr(__builtin_ia32_stmxcsr() | 1 << 15); return put(c, s); }

/* Reads whole vectors of eight, whatever the length. */
static int overread(const assay_call *c) {
	const volatile float *a = c->in[0].data;
	float sum = dot(c);
	for (int64_t i = c->cols; i % 8; i++) sum += 0 * (a[i] > 0);
	return put(c, sum);
}

static int underread(const assay_call *c) {
	const volatile float *b = c->in[1].data;
	float sum = dot(c);
	if (c->cols) sum += 0 * (b[-1] > 0);
	return put(c, sum);
}

/* Is wrong only where the first operand holds a NaN: it crashes. */
static int seldom(const assay_call *c) {
	const float *a = c->in[0].data;
	for (int64_t i = 0; i < c->cols; i++) if (a[i] != a[i]) return segfault(c);
	return right(c);
}

static int never(void) { return 0; }

#define KERNEL(f) {"dot_f32", #f, NULL, f, NULL}

const assay_kernel *assay_kernels(uint32_t abi, size_t *count) {
	static const assay_kernel kernels[] = {
		KERNEL(right), KERNEL(segfault), KERNEL(hang), KERNEL(aborts), KERNEL(exits), KERNEL(refuses), KERNEL(changes),
		KERNEL(behind), KERNEL(mode), KERNEL(overread), KERNEL(underread), KERNEL(seldom),
		{"dot_f32", "absent", NULL, segfault, never},
		{"gelu_f32", "segfault", NULL, segfault, NULL}, /* an op of which there are several definitions */
	};
	*count = sizeof kernels / sizeof *kernels;
	return abi == ASSAY_ABI ? kernels : NULL;
}

/* Kernels that call themselves by the names of llama.cpp's tier x64, of which deviations are known, and compute something else. */
#include <math.h>
#include <string.h>
#include "assay_kernel.h"

static int answer(const assay_call *c) {
	float *y = c->out;
	for (uint64_t i = 0; i < c->out_bytes / 4; i++) y[i] = 42;
	return 0;
}

static int nan_everywhere(const assay_call *c) {
	float *y = c->out;
	for (uint64_t i = 0; i < c->out_bytes / 4; i++) y[i] = NAN;
	return 0;
}

static int infinite(const assay_call *c) {
	float *y = c->out;
	for (uint64_t i = 0; i < c->out_bytes / 4; i++) y[i] = INFINITY;
	return 0;
}

/* GELU by its formula, one part in a thousand too large. */
static int gelu(const assay_call *c) {
	const float *x = c->in[0].data;
	float *y = c->out;
	for (uint64_t i = 0; i < c->out_bytes / 4; i++) {
		double v = x[i];
		y[i] = 1.001 * (v / 2 * (1 + tanh(0.7978845608028654 * (v + 0.044715 * v * v * v))));
	}
	return 0;
}

/* RMSNorm in f64, one part in ten thousand too large. */
static int rmsnorm(const assay_call *c) {
	const float *x = c->in[0].data, *gain = c->in[1].data;
	float *y = c->out, eps;
	memcpy(&eps, c->in[2].data, sizeof eps);
	double sum = 0;
	for (int64_t i = 0; i < c->cols; i++) sum += (double)x[i] * x[i];
	for (int64_t i = 0; i < c->cols; i++) y[i] = x[i] * (1.0001 / sqrt(sum / c->cols + eps)) * (gain ? gain[i] : 1);
	return 0;
}

const assay_kernel *assay_kernels(uint32_t abi, size_t *count) {
	static const assay_kernel kernels[] = {
		{"gelu_f32", "x64", NULL, gelu, NULL},
		{"rmsnorm_f32", "x64:graph", NULL, rmsnorm, NULL},
		{"rope_f32", "x64:graph", NULL, answer, NULL},
		{"exp_f32", "x64", NULL, answer, NULL},
		{"dot_q6k_q8k", "x64", NULL, answer, NULL},
		{"silu_f32", "x64", NULL, nan_everywhere, NULL},
		{"softmax_f32", "x64:graph", NULL, nan_everywhere, NULL},
		{"dot_bf16", "zen4", NULL, answer, NULL},
		{"gelu_f32", "zen4", NULL, infinite, NULL},
	};
	*count = sizeof kernels / sizeof *kernels;
	return abi == ASSAY_ABI ? kernels : NULL;
}

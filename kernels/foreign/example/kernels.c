/* Two kernels behind assay_kernel.h: the least that an engine writes to be audited.
 *
 *   cc -O2 -shared -fPIC -Ikernels/foreign -o example.so kernels/foreign/example/kernels.c -lm
 *   go run ./cmd/assay lib ./example.so
 */
#include <math.h>
#include "assay_kernel.h"

/* dot_f32: the sum of a[i]*b[i]. */
static int dot_f32(const assay_call *c) {
	const float *a = c->in[0].data, *b = c->in[1].data;
	double sum = 0;
	for (int64_t i = 0; i < c->cols; i++) sum += (double)a[i] * b[i];
	*(float *)c->out = (float)sum;
	return 0;
}

/* rmsnorm_f32: x[i]*gain[i]/sqrt(mean square + eps); operands x, gain (optional), eps. */
static int rmsnorm_f32(const assay_call *c) {
	const float *x = c->in[0].data, *gain = c->in[1].data, *eps = c->in[2].data;
	double sum = 0;
	for (int64_t i = 0; i < c->cols; i++) sum += (double)x[i] * x[i];
	const double scale = 1 / sqrt(sum / c->cols + *eps);
	for (int64_t i = 0; i < c->cols; i++) ((float *)c->out)[i] = (float)(x[i] * scale * (gain ? gain[i] : 1));
	return 0;
}

const assay_kernel *assay_kernels(uint32_t abi, size_t *count) {
	static const assay_kernel kernels[] = {{"dot_f32", "example", NULL, dot_f32, NULL}, {"rmsnorm_f32", "example", NULL, rmsnorm_f32, NULL}};
	*count = sizeof kernels / sizeof *kernels;
	return abi == ASSAY_ABI ? kernels : NULL;
}

/*
 * The C interface by which assay audits kernels of any engine.
 *
 * A shared library exports assay_kernels, which returns a table of kernels. Each kernel
 * implements one op: its mathematics, operands and formats are those that
 * "assay lib -ops" prints. `go run ./cmd/assay lib LIBRARY` audits all of them.
 */
#ifndef ASSAY_KERNEL_H
#define ASSAY_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define ASSAY_ABI 1

/* One operand: its first byte and its size. One that is absent, or empty, is NULL and 0. */
typedef struct {
	const void *data;
	uint64_t bytes;
} assay_operand;

/*
 * One call. Operands are in the op's order, tightly packed, row after row; they may start
 * at any multiple of four bytes, blocks at any even address. Parameters (eps, scale,
 * rope) are an operand of little-endian 32-bit words. The output is not initialised; it
 * may be the memory of an operand where the op is elementwise.
 */
typedef struct {
	uint32_t size;    /* sizeof(assay_call): fields may be added at the end */
	uint32_t threads; /* that the kernel may use, at least 1 */
	int64_t rows;     /* rows of weights, heads of rope, queries of attention, otherwise 1 */
	int64_t cols;     /* elements of a row, of a head for attention */
	int64_t batch;    /* activation vectors, keys of attention, otherwise 1 */
	int64_t heads;    /* of queries, for attention; otherwise 0 */
	int64_t kv_heads; /* of keys and values */
	uint64_t n_in;
	const assay_operand *in;
	void *out;
	uint64_t out_bytes;
} assay_call;

/* One kernel. */
typedef struct {
	const char *op;   /* "dot_q4k_q8k" */
	const char *tier; /* a name for reports: "avx2", "cuda" */
	/* "lanes" if the kernel claims assay's own order of roundings and so its very bits;
	   NULL or "any" otherwise */
	const char *tree;
	/* returns 0, or another number if it cannot compute this call, which is a failure */
	int (*run)(const assay_call *call);
	/* returns 0 if this machine cannot run the kernel; may be NULL */
	int (*available)(void);
} assay_kernel;

/*
 * Returns the table and its length. abi is ASSAY_ABI; NULL says that the library
 * does not know it. The table stays where it is.
 */
const assay_kernel *assay_kernels(uint32_t abi, size_t *count);

#endif

// Replays the vectors of `assay vectors` for one op, dot_q8_0_q8_0, against a kernel in C.
//     tar xf assay-vectors.tar.gz && cc -O2 -o replay replay.c && ./replay assay-vectors
// A kernel of another op takes the place of dot(); see corpus/README.md for the format.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint16_t d; int8_t q[32]; } block; // Q8_0: f16 scale, 32 quants
typedef struct { double lo, hi; uint32_t class; int32_t sign; } want;
enum { NaN = 1, PosInf = 2, NegInf = 4, PosZero = 8, NegZero = 16, Nonzero = 32 };

static float half(uint16_t h) { _Float16 f; memcpy(&f, &h, 2); return (float)f; }

static float dot(const block *w, const block *x, int n) { // the kernel
	float sum = 0;
	for (int b = 0; b < n / 32; b++) {
		int isum = 0;
		for (int i = 0; i < 32; i++)
			isum += w[b].q[i] * x[b].q[i];
#ifdef BROKEN
		isum = (int16_t)isum; // wraps, as in candle's PR 1526
#endif
		sum += half(w[b].d) * half(x[b].d) * (float)isum;
	}
	return sum;
}

static void *load(const char *dir, const char *id, const char *name) {
	char path[4096];
	snprintf(path, sizeof path, "%s/%s/%s", dir, id, name);
	FILE *f = fopen(path, "rb");
	if (!f) { perror(path); exit(2); }
	char *data = malloc(1 << 24);
	size_t n = fread(data, 1, 1 << 24, f);
	fclose(f);
	return realloc(data, n ? n : 1);
}

static int right(float y, want w) {
	int class = isnan(y) ? NaN : isinf(y) ? (y > 0 ? PosInf : NegInf) : y != 0 ? Nonzero : signbit(y) ? NegZero : PosZero;
	if (!(class & w.class) || (class != NaN && w.sign && (signbit(y) ? -1 : 1) != w.sign)) return 0;
	return class < PosZero || w.class == 63 || (w.lo <= y && y <= w.hi);
}

int main(int argc, char **argv) {
	char line[1024], id[64], op[64];
	int rows, cols, cases = 0, wrong = 0;
	snprintf(line, sizeof line, "%s/index.tsv", argc > 1 ? argv[1] : ".");
	FILE *index = fopen(line, "r");
	if (!index) { perror(line); return 2; }
	while (fgets(line, sizeof line, index)) {
		if (sscanf(line, "%63s %63s %d %d", id, op, &rows, &cols) != 4 || strcmp(op, "dot_q8_0_q8_0")) continue;
		want *w = load(argv[1], id, "want");
		float y = dot(load(argv[1], id, "in0"), load(argv[1], id, "in1"), cols);
		cases++;
		if (!right(y, *w)) wrong++, printf("%s: %.9g is not in [%.17g, %.17g]\n", id, y, w->lo, w->hi);
	}
	printf("%d cases, %d wrong\n", cases, wrong);
	return wrong || !cases;
}

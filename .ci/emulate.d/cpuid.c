// Preloaded into Bochs 2.7, this hides features that its Ice Lake model reports
// but does not have right. A program that looks before it uses them, as Go's
// run-time system and Linux do, then runs correctly.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct leaf { uint32_t eax, ebx, ecx, edx; };
typedef void get_leaf(const void *, uint32_t, uint32_t, struct leaf *);
static get_leaf *original;

static void get_cpuid_leaf(const void *cpu, uint32_t function, uint32_t sub, struct leaf *leaf) {
	original(cpu, function, sub, leaf);
	if (function == 7 && sub == 0) {
		// GFNI: GF2P8AFFINEQB gives the complement of its result. Go's garbage
		// collector uses it where it can, and would free what is in use.
		leaf->ecx &= ~(1u << 8);
		// PKU: leaf 13 does not describe its state, so the kernel takes all of
		// XSAVE for broken and turns AVX off.
		leaf->ecx &= ~(1u << 3);
		// FSRM: it is reported with fast strings off; for that pair the kernel's
		// memmove has no correct path.
		leaf->edx &= ~(1u << 4);
	}
	if (function == 13 && sub == 1) {
		// XSAVEC, XSAVES and what goes with them: the size of the compact area
		// is wrong, with the same end as for PKU. XSAVEOPT is right.
		leaf->eax &= 1;
		leaf->ebx = 0;
	}
}

// Bochs asks its CPU model through a virtual method, and exports the table of
// virtual methods for its plugins.
__attribute__((constructor)) static void install(void) {
	original = (get_leaf *)dlsym(RTLD_DEFAULT, "_ZNK16corei7_icelake_t14get_cpuid_leafEjjP16cpuid_function_t");
	get_leaf **method = (get_leaf **)dlsym(RTLD_DEFAULT, "_ZTV16corei7_icelake_t");
	if (!original || !method) {
		fprintf(stderr, "cpuid.c: this is not the Bochs it knows\n");
		_exit(77);
	}
	Dl_info start;
	const Elf64_Sym *symbol;
	dladdr1(method, &start, (void **)&symbol, RTLD_DL_SYMENT);
	get_leaf **end = method + symbol->st_size / sizeof *method;
	while (method < end && *method != original)
		method++;
	uintptr_t page = (uintptr_t)method & -(uintptr_t)sysconf(_SC_PAGESIZE);
	if (method == end || mprotect((void *)page, (uintptr_t)(method + 1) - page, PROT_READ | PROT_WRITE)) {
		fprintf(stderr, "cpuid.c: this is not the Bochs it knows\n");
		_exit(77);
	}
	*method = get_cpuid_leaf;
}

/* A library that crashes while it is loaded. */
#include <stdint.h>

static volatile uintptr_t nowhere = 8;

__attribute__((constructor)) static void start(void) { *(volatile int *)nowhere = 0; }

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the interpreter can do beyond struct target: run a program on plain memory, and let
 * somebody watch each instruction (the oracle that holds the verifier's claims against a run).
 */
#ifndef SKEP_TARGET_INTERP_INTERP_H
#define SKEP_TARGET_INTERP_INTERP_H

#include "map/image.h"

/* The state before an instruction; pointers are valid during the callback only. */
struct interp_view {
	const struct image *image;
	u32 insn;
	u32 depth;       /* 0 = the program itself */
	const u64 *regs; /* [11] */
	const u8 *stack; /* the 512 bytes below r10 */
	const void *ctx;
};

struct interp_observer {
	void (*each)(void *arg, const struct interp_view *view);
	void *arg;
};

/* Like image->run(), observed; every access is checked. The image is one of target_interp. */
u64 interp_run_observed(const struct image *image, void *ctx,
			const struct interp_observer *observer);

/*
 * Run on plain memory (NULL with size 0: none): r1 = memory, r2 = size. Every access is checked:
 * the program must be unverified. observer may be NULL.
 */
u64 interp_run_memory(const struct image *image, void *memory, size_t size,
		      const struct interp_observer *observer);

#endif

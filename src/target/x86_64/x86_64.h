/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the x86-64 translator can do beyond struct target. */
#ifndef SKEP_TARGET_X86_64_X86_64_H
#define SKEP_TARGET_X86_64_X86_64_H

#include "map/image.h"

/*
 * Run on plain memory (NULL with size 0: none): r1 = memory, r2 = size; nothing is checked. The
 * image is one of target_x86_64.
 */
u64 x86_64_run_memory(const struct image *image, void *memory, size_t size);

/*
 * For tests: translate as if the processor had these features only (enum x86_feature), and call
 * out of the code as if everything were out of reach. UINT32_MAX and false undo it.
 */
void x86_64_pretend(u32 features, bool far);

#endif

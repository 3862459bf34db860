/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The CPU that a program sees: the number of the worker that runs it, 0 .. cpu_count() - 1.
 * Per-CPU maps have one value for each of these numbers.
 */
#ifndef SKEP_BASE_CPU_H
#define SKEP_BASE_CPU_H

#include "base/types.h"

#define CPU_MAX 256

/*
 * This thread's worker number; a worker sets it once, when it starts. It lies at the same distance
 * from the thread pointer in all threads, as translators need it.
 */
extern _Thread_local u32 cpu_self __attribute__((tls_model("initial-exec")));

/* How many there are: the machine's configured CPUs (at least 1, at most CPU_MAX). */
u32 cpu_count(void);

/*
 * Pretend that there are `count` (clamped to 1 .. CPU_MAX), 0: as many as there are. For maps
 * created afterwards; so that what large machines do can be tested on small ones.
 */
void cpu_count_set(u32 count);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Memory that code runs in. It has two mappings, and never both at once: one that can be written
 * while the code is put in place, then one that can be run and never written. Pages that
 * nothing may touch lie before and behind.
 */
#ifndef SKEP_TARGET_X86_64_EXEC_H
#define SKEP_TARGET_X86_64_EXEC_H

#include "base/types.h"

struct exec {
	u8 *guard;   /* all of it: guard page, code, guard page */
	u8 *run;     /* where the code will run; not readable before exec_publish() */
	u8 *write;   /* where it is written; NULL from exec_publish() on */
	size_t size; /* of the code, whole pages */
	int fd;
};

/*
 * Room for `size` bytes, within reach of 32-bit distances from `near` where there is room.
 * 0 or -errno; release with exec_free().
 */
int exec_new(size_t size, const void *near, struct exec *exec);
/* Writing ends and running begins. 0 or -errno. */
int exec_publish(struct exec *exec);
void exec_free(struct exec *exec);

#endif

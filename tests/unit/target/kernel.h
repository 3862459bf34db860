/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The running kernel as the reference: load a program, run it once by BPF_PROG_TEST_RUN. In a file
 * of its own because linux/bpf.h and skep's headers name the same structs.
 */
#ifndef SKEP_TEST_KERNEL_H
#define SKEP_TEST_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#include "skep/insn.h"

enum kernel_prog { KERNEL_XDP, KERNEL_SOCKET };

/* Why the kernel cannot be asked here; NULL when it can. */
const char *kernel_unavailable(void);

/*
 * A file descriptor, or -errno; the verifier's words go to stderr as TAP comments. funcs: where
 * functions start, the program included, when it has callbacks.
 */
int kernel_load(enum kernel_prog type, const struct skep_insn *insns, uint32_t nr,
		const uint32_t *funcs, uint32_t nr_funcs);

/* Run once on a packet. *out_size is the room in out, then what came back. 0 or -errno. */
int kernel_run(int prog, const void *in, uint32_t in_size, void *out, uint32_t *out_size,
	       uint32_t *retval);

/* Maps: file descriptors or -errno. */
int kernel_map(uint32_t type, uint32_t value_size, uint32_t max_entries, uint32_t flags);
int kernel_map_set(int map, uint32_t key, const void *value);
int kernel_map_freeze(int map);

#endif

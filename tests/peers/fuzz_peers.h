/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A random program as skep sees it (verified, run under the oracle) and as the kernel does. */
#ifndef SKEP_TESTS_FUZZ_PEERS_H
#define SKEP_TESTS_FUZZ_PEERS_H

#include "base/diag.h"
#include "fuzz_program.h"
#include "verifier/verify.h"

#define FUZZ_PACKET_MAX 1024
#define FUZZ_WATCHED (4 * 64 + 40) /* bytes of maps whose contents are compared */

/* What a run starts from, and what it leaves behind. */
struct fuzz_input {
	u8 packet[FUZZ_PACKET_MAX];
	u32 packet_size, meta_size;
	u32 words[8]; /* of the context */
	u8 maps[FUZZ_WATCHED];
};

struct fuzz_output {
	u32 r0;
	u32 packet_size;
	u8 packet[FUZZ_PACKET_MAX + 64];
	u8 maps[FUZZ_WATCHED];
};

/* --- fuzz_run.c --- */

/* Create the live maps and the packet; 0 or -errno. Once. */
int fuzz_run_init(void);
void fuzz_run_exit(void);
/* verify_program() on it; result and diag are the caller's. */
int fuzz_verify(const struct fuzz_program *program, u32 log_level, struct verify_result *result,
		struct skep_diag *diag);
/* A random start; plain: what BPF_PROG_TEST_RUN can start from as well. */
void fuzz_input(struct fuzz_input *input, u64 *random, bool plain);

struct image;
/* NULL: words in diag. Drop with image_put(). */
struct image *fuzz_translate(const struct fuzz_program *program, const struct verifier_facts *facts,
			     struct skep_diag *diag);
/*
 * Run, checked and observed. 0, or -errno with words when the verifier's promises do not hold:
 * a claim about a register, an access, the end of the run; 1: stopped in a long loop, or at a
 * helper that skep has no body for, and they held so far. output may be NULL and is filled when 0
 * is returned.
 */
int fuzz_run(const struct fuzz_program *program, struct image *image,
	     const struct verifier_facts *facts, const struct fuzz_input *input,
	     struct fuzz_output *output, u64 *checks, struct skep_diag *diag);

/* --- fuzz_kernel.c --- */

/* Create the maps; 0, or -errno where bpf(2) is not usable. Once. */
int fuzz_kernel_init(void);
/* A file descriptor, or -errno. log (may be NULL) takes the verifier's. */
int fuzz_kernel_load(const struct fuzz_program *program, char *log, size_t size);
/* Run once, as fuzz_run(). 0 or -errno. */
int fuzz_kernel_run(int fd, const struct fuzz_input *input, struct fuzz_output *output);

#endif

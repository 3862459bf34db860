/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * One record of a peer's suite as skep sees it: verified, translated, run; and as the running
 * kernel sees it.
 */
#ifndef SKEP_TESTS_PEERS_H
#define SKEP_TESTS_PEERS_H

#include "base/diag.h"
#include "verifier/verify.h"

struct record;
struct skep_map;
struct btf;

struct peer_program {
	struct verify_result result;
	struct verify_input input;
	struct skep_insn *insns;
	struct object_map *maps;
	struct object_func *funcs;
	struct btf *btf;        /* the program's or the maps' */
	struct skep_map **live; /* NULL until it runs */
	struct image *image;
	u32 nr_maps;
};

enum peer_run { PEER_RUN_RIGHT, PEER_RUN_WRONG, PEER_RUN_SKIPPED };

/* Verify; program is filled in both cases and must be released. Returns verify_program()'s. */
int peer_verify(struct peer_program *program, const struct record *record, u32 log_level,
		struct skep_diag *diag);
void peer_release(struct peer_program *program);

/* Run number `run` of the record on the interpreter; words say what was wrong or missing. */
enum peer_run peer_run(struct peer_program *program, const struct record *record, u32 run,
		       char *words, size_t size);

/* Does the running kernel load it? (bpf(2) needed) */
bool peer_kernel_accepts(const struct record *record);

#endif

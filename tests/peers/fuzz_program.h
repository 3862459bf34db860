/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Random programs: made from a number, so that the number is all one needs to see a program again.
 *
 * Programs name the maps of fuzz_maps[] by index. What a program is made of is fuzz_generate.c's
 * business; here is what those who verify, run, mutate and shorten it need.
 */
#ifndef SKEP_TESTS_FUZZ_PROGRAM_H
#define SKEP_TESTS_FUZZ_PROGRAM_H

#include "base/types.h"
#include "object/object.h"
#include "skep/hook.h"
#include "skep/insn.h"

struct btf;

#define FUZZ_INSNS 512
#define FUZZ_FUNCS 5 /* the program itself included */

enum fuzz_map {
	FUZZ_ARRAY,  /* 4 values of 64 bytes */
	FUZZ_HASH,   /* 8-byte keys, 48-byte values */
	FUZZ_SINGLE, /* one value of 40 bytes, for direct access */
	FUZZ_CPU,    /* per-CPU array, 2 values of 16 bytes */
	FUZZ_FROZEN, /* one value of 32 bytes that nobody may write */
	FUZZ_PROGS,  /* prog array */
	FUZZ_MAPS
};

struct fuzz_map_row {
	u32 type, key_size, value_size, max_entries, flags;
};
extern const struct fuzz_map_row fuzz_maps[FUZZ_MAPS];
extern const u8 fuzz_frozen_value[32];

/* Function types of fuzz_btf(). */
enum fuzz_btf_id { FUZZ_BTF_MAIN = 3, FUZZ_BTF_STATIC = 4, FUZZ_BTF_GLOBAL = 5 };
/* BTF that describes functions of two ints; the caller's, NULL without memory. */
struct btf *fuzz_btf(void);

struct fuzz_func {
	u32 insn;
	bool is_global;
};

struct fuzz_program {
	u64 seed;
	u32 prog_type; /* enum bpf_prog_type */
	enum skep_hook hook;
	u32 flags; /* enum verify_flags */
	u32 nr_insns, nr_funcs;
	/* Nothing random, no address and nothing uninitialised reaches r0, packet or maps. */
	bool comparable;
	struct skep_insn insns[FUZZ_INSNS];
	struct fuzz_func funcs[FUZZ_FUNCS];
};

/* splitmix64 */
static inline u64 fuzz_random(u64 *state)
{
	u64 z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* 0 .. bound - 1 */
static inline u32 fuzz_below(u64 *state, u32 bound)
{
	return (u32)(((fuzz_random(state) >> 32) * bound) >> 32);
}

static inline bool fuzz_chance(u64 *state, u32 percent)
{
	return fuzz_below(state, 100) < percent;
}

/* A number at the edge of something. */
s64 fuzz_constant(u64 *state);

/* Make the program of a seed; prog_type 0: the seed decides. */
void fuzz_generate(struct fuzz_program *program, u64 seed, u32 prog_type);
/* Change one field of one instruction, or drop or repeat one. */
void fuzz_mutate(struct fuzz_program *program, u64 *random);
/* Remove the instruction at `at` and let jumps and calls still mean what they did. */
void fuzz_drop(struct fuzz_program *program, u32 at);
/* Does `wanted` still hold for a shorter program? Keeps what is needed for that. */
void fuzz_shorten(struct fuzz_program *program,
		  bool (*wanted)(void *arg, const struct fuzz_program *program), void *arg);
/* Print seed and instructions. */
void fuzz_print(const struct fuzz_program *program);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Inside of the generator: what it believes of registers and stack while it writes a program.
 *
 * Beliefs steer towards programs that verify; they need not be right, and now and then a block
 * ignores them. A block is a few instructions that do one thing (fuzz_numbers.c, fuzz_memory.c,
 * fuzz_calls.c); fuzz_generate.c picks blocks and nests them in branches and loops.
 */
#ifndef SKEP_TESTS_FUZZ_BUILD_H
#define SKEP_TESTS_FUZZ_BUILD_H

#include "fuzz_program.h"

#define FUZZ_SLOTS 12 /* 8-byte stack slots that blocks use */
#define FUZZ_EXITS 64

enum fuzz_kind {
	FUZZ_NONE,
	FUZZ_NUMBER,
	FUZZ_CTX,
	FUZZ_PACKET,
	FUZZ_META,
	FUZZ_END,
	FUZZ_STACK,
	FUZZ_OUTER, /* stack of a caller */
	FUZZ_VALUE,
	FUZZ_VALUE_OR_NULL,
};
#define FUZZ_MASK(kind) (1u << (kind))

struct fuzz_reg {
	u8 kind;
	u8 map;    /* value: of which map */
	u16 group; /* packet: pointers of one group share a variable part */
	s32 off;   /* fixed part of the offset */
	u64 span;  /* value: largest variable part; number: largest value; packet: bytes checked */
};

struct fuzz_state {
	struct fuzz_reg regs[10];
	struct {
		u8 written;              /* bytes, as bits */
		struct fuzz_reg spilled; /* FUZZ_NONE unless a whole register lies here */
	} slots[FUZZ_SLOTS];
};

struct fuzz_build {
	struct fuzz_program *program;
	u64 random;
	struct fuzz_state now;
	u32 pinned; /* registers that blocks leave alone, as bits */
	u32 depth;  /* of nested branches and loops */
	u16 groups;
	bool in_callback;
	u32 exits[FUZZ_EXITS], nr_exits; /* jumps to the function's end */
	struct {
		struct fuzz_reg args[5];
		bool is_global, is_callback;
		u32 sites[8], nr_sites; /* instructions that name it */
	} funcs[FUZZ_FUNCS];
	u32 nr_funcs, current;
};

/* Append; silently full: fuzz_room() says so before a block begins. */
void fuzz_emit(struct fuzz_build *build, u32 code, u32 dst, u32 src, s32 off, s32 imm);
bool fuzz_room(const struct fuzz_build *build, u32 nr);

static inline u32 fuzz_pick(struct fuzz_build *build, u32 bound)
{
	return fuzz_below(&build->random, bound);
}

static inline bool fuzz_maybe(struct fuzz_build *build, u32 percent)
{
	return fuzz_chance(&build->random, percent);
}

/* A register whose kind is in mask, -1 when there is none. */
int fuzz_find(struct fuzz_build *build, u32 mask);
/* A register to overwrite. */
u32 fuzz_victim(struct fuzz_build *build);
/* A register that holds a number; one is made when there is none. */
u32 fuzz_number(struct fuzz_build *build);
/* A number of at most `most` in a register, bounded by one of the ways that programs use. */
u32 fuzz_bounded(struct fuzz_build *build, u64 most);
void fuzz_set(struct fuzz_build *build, u32 reg, enum fuzz_kind kind);
void fuzz_set_number(struct fuzz_build *build, u32 reg, u64 most);
/* Emit a wide immediate. */
void fuzz_wide(struct fuzz_build *build, u32 dst, u32 src, u64 imm);
/* A jump to the function's end, from the instruction that comes next. */
void fuzz_to_end(struct fuzz_build *build, u32 code, u32 dst, u32 src, s32 imm);
/* Some blocks. */
void fuzz_blocks(struct fuzz_build *build, u32 nr);
/* What is believed of both states. */
void fuzz_join(struct fuzz_state *into, const struct fuzz_state *other);
/* After a call: r1 to r5 are gone. */
void fuzz_clobber(struct fuzz_build *build);
/* What helpers that move the packet's start or end do to pointers. */
void fuzz_forget_packet(struct fuzz_build *build);
/* Emit the call and forget r1 to r5; r0 becomes a number. */
void fuzz_call_helper(struct fuzz_build *build, s32 id);
/* Number of an access' size field to bytes and back. */
u32 fuzz_size_code(u32 bytes);
u32 fuzz_any_size(struct fuzz_build *build);

/* Blocks; each emits nothing when what it needs is not at hand. */
void fuzz_block_alu(struct fuzz_build *build);
void fuzz_block_constant(struct fuzz_build *build);
void fuzz_block_copy(struct fuzz_build *build);
void fuzz_block_bound(struct fuzz_build *build);
void fuzz_block_compare(struct fuzz_build *build);
void fuzz_block_context(struct fuzz_build *build);
void fuzz_block_stack(struct fuzz_build *build);
void fuzz_block_spill(struct fuzz_build *build);
void fuzz_block_stack_variable(struct fuzz_build *build);
void fuzz_block_packet_check(struct fuzz_build *build);
void fuzz_block_packet_move(struct fuzz_build *build);
void fuzz_block_access(struct fuzz_build *build);
void fuzz_block_value_move(struct fuzz_build *build);
void fuzz_block_direct_value(struct fuzz_build *build);
void fuzz_block_null_check(struct fuzz_build *build);
void fuzz_block_atomic(struct fuzz_build *build);
void fuzz_block_difference(struct fuzz_build *build);
void fuzz_block_lookup(struct fuzz_build *build);
void fuzz_block_helper(struct fuzz_build *build);
void fuzz_block_function(struct fuzz_build *build);
void fuzz_block_loop_helper(struct fuzz_build *build);
void fuzz_block_tail_call(struct fuzz_build *build);
void fuzz_block_legacy(struct fuzz_build *build);

#endif

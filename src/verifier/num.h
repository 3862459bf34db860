/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Sets of 64-bit numbers, abstractly.
 *
 * A `struct num` stands for all x that satisfy every one of its parts at once:
 *   bits     x & ~mask == value ("tnum": known bits, value & mask == 0)
 *   64-bit   umin <= x <= umax, smin <= (s64)x <= smax
 *   32-bit   the same four for the low half of x
 * The parts refine one another (num_sync()). An operation maps sets to a set that holds at least
 * every possible result; num_refine() splits by a comparison. All are pure functions.
 *
 * The domain is written once for a full and a half width in num_template.h: num.c makes the
 * 64/32-bit one, the unit test a 16/8-bit one that brute force can check.
 */
#ifndef SKEP_VERIFIER_NUM_H
#define SKEP_VERIFIER_NUM_H

#include "base/types.h"

struct tnum {
	u64 value, mask;
};

struct range64 {
	u64 umin, umax;
	s64 smin, smax;
};

struct range32 {
	u32 umin, umax;
	s32 smin, smax;
};

/* The same bounds under two names: as a range, and flat. */
struct num {
	struct tnum bits;
	union {
		struct range64 full;
		struct {
			u64 umin, umax;
			s64 smin, smax;
		};
	};
	union {
		struct range32 half;
		struct {
			u32 umin32, umax32;
			s32 smin32, smax32;
		};
	};
};

/* Binary operations, each in a full-width and a half-width (result zero-extended) form. */
enum num_op {
	NUM_ADD,
	NUM_SUB,
	NUM_MUL,
	NUM_DIV, /* by zero: 0 */
	NUM_MOD, /* by zero: the dividend */
	NUM_SDIV,
	NUM_SMOD,
	NUM_AND,
	NUM_OR,
	NUM_XOR,
	NUM_LSH, /* count modulo the width */
	NUM_RSH,
	NUM_ARSH,
	NUM_OP_MAX
};

enum num_cmp {
	NUM_EQ,
	NUM_NE,
	NUM_GT,
	NUM_GE,
	NUM_LT,
	NUM_LE,
	NUM_SGT,
	NUM_SGE,
	NUM_SLT,
	NUM_SLE,
	NUM_SET,     /* a & b != 0 */
	NUM_NOT_SET, /* a & b == 0 */
	NUM_CMP_MAX
};

static inline bool num_is_const(const struct num *n)
{
	return !n->bits.mask;
}

static inline bool num_is(const struct num *n, u64 value)
{
	return !n->bits.mask && n->bits.value == value;
}

struct num num_const(u64 value);
struct num num_unknown(void);
/* Nothing known but umin <= x <= umax. */
struct num num_range(u64 umin, u64 umax);
struct num num_srange(s64 smin, s64 smax);
bool num_is_unknown(const struct num *n);
/* Does the set hold x? */
bool num_has(const struct num *n, u64 x);
/* Is every x of `part` also in `whole`? May say false where it is true, never the reverse. */
bool num_within(const struct num *part, const struct num *whole);
/* Smallest domain element that holds both sets. */
struct num num_join(const struct num *a, const struct num *b);
/* Refine all parts by each other; false when no number satisfies all (the set is empty). */
bool num_sync(struct num *n);

struct num num_alu(enum num_op op, const struct num *a, const struct num *b);
/* On the low halves, zero-extended. */
struct num num_alu32(enum num_op op, const struct num *a, const struct num *b);
struct num num_neg(const struct num *a);
struct num num_neg32(const struct num *a);
/* Keep the low 8, 16, 32 or 64 bits; zero- or sign-extended to 64. */
struct num num_zext(const struct num *a, u32 width);
struct num num_sext(const struct num *a, u32 width);
/* 32-bit sign extension of the low 8 or 16 bits, the upper half zero. */
struct num num_sext32(const struct num *a, u32 width);
/* Reverse the low 16, 32 or 64 bits' bytes and drop the rest. */
struct num num_swap(const struct num *a, u32 width);

/* Is `a cmp b` true (1), false (0) or either (-1)? */
int num_decide(enum num_cmp cmp, const struct num *a, const struct num *b);
int num_decide32(enum num_cmp cmp, const struct num *a, const struct num *b);
/* The opposite comparison. */
enum num_cmp num_negate(enum num_cmp cmp);
/*
 * Keep of both sets what can satisfy `a cmp b`. False when nothing can: the branch is impossible
 * (both sets are then unspecified).
 */
bool num_refine(enum num_cmp cmp, struct num *a, struct num *b);
bool num_refine32(enum num_cmp cmp, struct num *a, struct num *b);

struct tnum tnum_range(u64 min, u64 max);
/* Is every number of `part` also in `whole`? */
bool tnum_in(struct tnum whole, struct tnum part);
/* The largest power of two, 8 at most, that divides every number of the set plus a constant. */
u32 tnum_alignment(struct tnum t, u64 plus);

#endif

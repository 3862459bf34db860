/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The number domain at 64 and 32 bits: see num.h for what it means, num_template.h for how. */
#include "verifier/num.h"

#include <string.h>

#define NU u64
#define NS s64
#define NBITS 64
#define HU u32
#define HS s32
#define HBITS 32
#define FULL range64
#define HALF range32
#define NUM num
#define N(name) num_##name
#define NSTATIC
static struct num num_shift(enum num_op op, const struct num *a, const struct num *b);
struct num num_zext_half(const struct num *a);
struct num num_extend(const struct num *a, u32 width, bool sign);
#include "verifier/num_template.h"

struct num num_const(u64 value)
{
	return num_make(value);
}

struct num num_range(u64 umin, u64 umax)
{
	struct num n = num_unknown();

	n.umin = umin;
	n.umax = umax;
	return num_synced(n);
}

struct num num_srange(s64 smin, s64 smax)
{
	struct num n = num_unknown();

	n.smin = smin;
	n.smax = smax;
	return num_synced(n);
}

bool num_is_unknown(const struct num *n)
{
	return n->bits.mask == ~0ull && !n->umin && n->umax == UINT64_MAX && n->smin == INT64_MIN &&
	       n->smax == INT64_MAX && !n->umin32 && n->umax32 == UINT32_MAX &&
	       n->smin32 == INT32_MIN && n->smax32 == INT32_MAX;
}

struct num num_neg(const struct num *a)
{
	struct num zero = num_make(0);

	return num_alu(NUM_SUB, &zero, a);
}

struct num num_neg32(const struct num *a)
{
	struct num zero = num_make(0);

	return num_alu32(NUM_SUB, &zero, a);
}

struct num num_zext(const struct num *a, u32 width)
{
	if (width == 64)
		return *a;
	return width == 32 ? num_zext_half(a) : num_extend(a, width, false);
}

struct num num_sext(const struct num *a, u32 width)
{
	return width == 64 ? *a : num_extend(a, width, true);
}

struct num num_sext32(const struct num *a, u32 width)
{
	struct num wide = num_sext(a, width);

	return num_zext_half(&wide);
}

static u64 swap_bytes(u64 x, u32 width)
{
	return __builtin_bswap64(x) >> (64 - width);
}

struct num num_swap(const struct num *a, u32 width)
{
	struct num n = num_unknown();

	n.bits.value = swap_bytes(a->bits.value, width);
	n.bits.mask = swap_bytes(a->bits.mask, width);
	return num_synced(n);
}

enum num_cmp num_negate(enum num_cmp cmp)
{
	static const enum num_cmp opposite[NUM_CMP_MAX] = {
		[NUM_EQ] = NUM_NE,   [NUM_NE] = NUM_EQ,       [NUM_GT] = NUM_LE,
		[NUM_GE] = NUM_LT,   [NUM_LT] = NUM_GE,       [NUM_LE] = NUM_GT,
		[NUM_SGT] = NUM_SLE, [NUM_SGE] = NUM_SLT,     [NUM_SLT] = NUM_SGE,
		[NUM_SLE] = NUM_SGT, [NUM_SET] = NUM_NOT_SET, [NUM_NOT_SET] = NUM_SET,
	};

	return opposite[cmp];
}

struct tnum tnum_range(u64 min, u64 max)
{
	return num_bits_of_range(min, max);
}

bool tnum_in(struct tnum whole, struct tnum part)
{
	return !(part.mask & ~whole.mask) && (part.value & ~whole.mask) == whole.value;
}

u32 tnum_alignment(struct tnum t, u64 plus)
{
	u64 unknown = (t.mask & -t.mask) | 8; /* below the lowest unknown bit, the sum is exact */

	unknown &= -unknown;
	plus = ((t.value + plus) & (unknown - 1)) | unknown;
	return (u32)(plus & -plus);
}

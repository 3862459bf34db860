/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The number domain of num.h for a full width and half of it. It is included more than once, by
 * whoever defines
 *   NU, NS, NBITS   types and width of the full numbers
 *   HU, HS, HBITS   of the half
 *   FULL, HALF, NUM names of the three structs (fields as in num.h)
 *   N(name)         function name; NSTATIC: linkage of the operations
 * and may undefine them afterwards. Known bits are kept in a struct tnum whatever the width; bits
 * above NBITS are zero in both of its fields.
 */
#define NU_MAX ((NU) ~(NU)0)
#define HU_MAX ((HU) ~(HU)0)
#define HS_MAX ((HS)(HU_MAX >> 1))
#define HS_MIN ((HS)(-HS_MAX - 1))

/*
 * Smallest number >= min with these known bits, all within `all` (2^width - 1). False: none.
 * Where min already has the known bits, it is min. Else the highest known bit that differs decides:
 * known 1 over 0 raises min there, and all below becomes as small as it can; known 0 under 1 needs
 * a carry into the next higher unknown bit that is 0.
 */
static inline bool N(tnum_ceil)(u64 value, u64 mask, u64 min, u64 all, u64 *ret)
{
	u64 wrong = (min ^ value) & ~mask & all, top, low, carry;

	if (likely(!wrong)) {
		*ret = min;
		return true;
	}
	top = 1ull << (63 - __builtin_clzll(wrong));
	low = top | (top - 1);
	if (value & top) {
		*ret = (min & ~low) | (value & low);
		return true;
	}
	carry = ~min & mask & ~low & all;
	if (!carry)
		return false;
	carry &= -carry;
	*ret = (min & ~(carry | (carry - 1))) | carry | (value & (carry - 1));
	return true;
}

/* Largest number <= max: the mirror image of the above. */
static inline bool N(tnum_floor)(u64 value, u64 mask, u64 max, u64 all, u64 *ret)
{
	u64 mirrored;

	if (!N(tnum_ceil)(~value & ~mask & all, mask, ~max & all, all, &mirrored))
		return false;
	*ret = ~mirrored & all;
	return true;
}

#define RU NU
#define RS NS
#define RBITS NBITS
#define RANGE FULL
#define R(name) N(full_##name)
#include "verifier/range_template.h"

#define RU HU
#define RS HS
#define RBITS HBITS
#define RANGE HALF
#define R(name) N(half_##name)
#include "verifier/range_template.h"

/* Known bits of all numbers of an interval: those above the highest bit where its ends differ. */
static inline struct tnum N(bits_of_range)(u64 min, u64 max)
{
	u64 differ = min ^ max, mask;

	mask = differ ? (~0ull >> __builtin_clzll(differ)) : 0;
	return (struct tnum){min & ~mask, mask};
}

/* Both sets of bits at once; false when they contradict each other. */
static inline bool N(bits_meet)(struct tnum *to, struct tnum with)
{
	if ((to->value ^ with.value) & ~to->mask & ~with.mask)
		return false;
	to->mask &= with.mask;
	to->value = (to->value | with.value) & ~to->mask;
	return true;
}

static inline bool N(bits_from_ranges)(struct NUM *n)
{
	struct tnum low = N(bits_of_range)(n->umin32, n->umax32);

	low.mask |= NU_MAX & ~(u64)HU_MAX; /* says nothing of the upper half */
	return N(bits_meet)(&n->bits, N(bits_of_range)(n->umin, n->umax)) &&
	       N(bits_meet)(&n->bits, low);
}

/*
 * An interval of full numbers no longer than the half's circle is an arc on that circle; where it
 * does not pass the end of one order, it is an interval of that order.
 */
static inline void N(half_from_arc)(struct HALF *half, NU min, NU max)
{
	if ((NU)(max - min) > HU_MAX)
		return;
	if ((HU)min <= (HU)max)
		N(half_meet_unsigned)(half, (HU)min, (HU)max);
	if ((HS)(HU)min <= (HS)(HU)max)
		N(half_meet_signed)(half, (HS)(HU)min, (HS)(HU)max);
}

/*
 * Move the ends of a full unsigned interval to numbers whose low half lies in [umin32, umax32].
 * False when that leaves the full width.
 */
static inline bool N(full_from_half)(struct NUM *n)
{
	NU step = (NU)((NU)HU_MAX + 1);
	HU low = (HU)n->umin;

	if (low < n->umin32) {
		n->umin = (NU)((n->umin & ~(NU)HU_MAX) | n->umin32);
	} else if (low > n->umax32) {
		NU next = (NU)((n->umin & ~(NU)HU_MAX) + step);

		if (!next)
			return false;
		n->umin = (NU)(next | n->umin32);
	}
	low = (HU)n->umax;
	if (low > n->umax32) {
		n->umax = (NU)((n->umax & ~(NU)HU_MAX) | n->umax32);
	} else if (low < n->umin32) {
		NU upper = (NU)(n->umax & ~(NU)HU_MAX);

		if (!upper)
			return false;
		n->umax = (NU)((NU)(upper - step) | n->umax32);
	}
	if (n->smin >= HS_MIN && n->smax <= HS_MAX) /* the number is its low half, sign-extended */
		N(full_meet_signed)(&n->full, n->smin32, n->smax32);
	return true;
}

static inline bool N(sync_once)(struct NUM *n)
{
	N(full_cross)(&n->full);
	N(half_from_arc)(&n->half, n->umin, n->umax);
	N(half_from_arc)(&n->half, (NU)n->smin, (NU)n->smax);
	N(half_cross)(&n->half);
	if (N(half_is_empty)(&n->half) || !N(full_from_half)(n))
		return false;
	N(full_cross)(&n->full);
	if (N(full_is_empty)(&n->full) || !N(bits_from_ranges)(n))
		return false;
	return N(full_fit)(&n->full, n->bits.value, n->bits.mask) &&
	       N(half_fit)(&n->half, n->bits.value & HU_MAX, n->bits.mask & HU_MAX) &&
	       !N(full_is_empty)(&n->full) && !N(half_is_empty)(&n->half);
}

static inline struct NUM N(make)(NU value)
{
	return (struct NUM){
		.bits = {value, 0}, .full = N(full_const)(value), .half = N(half_const)((HU)value)};
}

NSTATIC bool N(has)(const struct NUM *n, u64 number)
{
	NU x = (NU)number;
	HU h = (HU)number;

	return !((x ^ n->bits.value) & ~n->bits.mask & NU_MAX) && x >= n->umin && x <= n->umax &&
	       (NS)x >= n->smin && (NS)x <= n->smax && h >= n->umin32 && h <= n->umax32 &&
	       (HS)h >= n->smin32 && (HS)h <= n->smax32;
}

NSTATIC bool N(sync)(struct NUM *n)
{
	/* each round only shrinks; the parts agree after two or three in practice */
	for (u32 round = 0; round < 4; round++) {
		struct NUM before = *n;

		if (!n->bits.mask) {
			if (!N(has)(n, n->bits.value))
				return false;
			*n = N(make)((NU)n->bits.value);
			return true;
		}
		if (!N(sync_once)(n))
			return false;
		if (!memcmp(&before, n, sizeof(before)))
			break;
	}
	return true;
}

NSTATIC struct NUM N(unknown)(void)
{
	return (struct NUM){
		.bits = {0, NU_MAX}, .full = N(full_unknown)(), .half = N(half_unknown)()};
}

NSTATIC struct NUM N(join)(const struct NUM *a, const struct NUM *b)
{
	struct NUM r = *a;

	N(full_join)(&r.full, &b->full);
	N(half_join)(&r.half, &b->half);
	r.bits.mask |= b->bits.mask | (a->bits.value ^ b->bits.value);
	r.bits.value &= ~r.bits.mask;
	return r;
}

NSTATIC bool N(within)(const struct NUM *part, const struct NUM *whole)
{
	return !(part->bits.mask & ~whole->bits.mask) &&
	       (part->bits.value & ~whole->bits.mask) == whole->bits.value &&
	       N(full_within)(&part->full, &whole->full) &&
	       N(half_within)(&part->half, &whole->half);
}

/* A set that is known to be non-empty, from parts. */
static inline struct NUM N(synced)(struct NUM n)
{
	struct NUM kept = n;

	return N(sync)(&n) ? n : kept;
}

NSTATIC struct NUM N(zext_half)(const struct NUM *a)
{
	struct NUM n = {.bits = {a->bits.value & HU_MAX, a->bits.mask & HU_MAX},
			.full = {a->umin32, a->umax32, a->umin32, a->umax32},
			.half = a->half};

	return n;
}

/* Take the low `width` bits (less than the full width), zero- or sign-extended. */
NSTATIC struct NUM N(extend)(const struct NUM *a, u32 width, bool sign)
{
	u64 keep = (1ull << width) - 1, top = 1ull << (width - 1);
	struct NUM n = N(unknown)();
	NU span = (NU)(a->umax - a->umin);

	n.bits.value = a->bits.value & keep;
	n.bits.mask = a->bits.mask & keep;
	if (sign) {
		N(full_meet_signed)(&n.full, (NS)(0 - top), (NS)(top - 1));
		if (n.bits.mask & top)
			n.bits.mask |= NU_MAX & ~keep;
		else if (n.bits.value & top)
			n.bits.value |= NU_MAX & ~keep;
	}
	/* an interval that is short enough keeps its ends when they keep their order */
	if (span <= keep && !sign && (a->umin & keep) <= (a->umax & keep)) {
		n.umin = (NU)(a->umin & keep);
		n.umax = (NU)(a->umax & keep);
	} else if (span <= keep && sign) {
		NS min = (NS)((NU)((a->umin & keep) ^ top) - top);
		NS max = (NS)((NU)((a->umax & keep) ^ top) - top);

		if (min <= max)
			N(full_meet_signed)(&n.full, min, max);
	}
	span = (NU)((NU)a->smax - (NU)a->smin);
	if (span <= keep && sign) {
		NS min = (NS)((NU)(((NU)a->smin & keep) ^ top) - top);
		NS max = (NS)((NU)(((NU)a->smax & keep) ^ top) - top);

		if (min <= max)
			N(full_meet_signed)(&n.full, min, max);
	}
	if (width == HBITS) {
		n.half = a->half;
		if (sign)
			N(full_meet_signed)(&n.full, a->smin32, a->smax32);
		else
			N(full_meet_unsigned)(&n.full, a->umin32, a->umax32);
	}
	return N(synced)(n);
}

/* Known bits of a sum: a bit is unknown where the largest and smallest carries into it differ. */
static inline struct tnum N(bits_add)(struct tnum a, struct tnum b)
{
	u64 low = a.value + b.value, high = low + a.mask + b.mask;
	u64 mask = ((low ^ high) | a.mask | b.mask) & NU_MAX;

	return (struct tnum){low & ~mask & NU_MAX, mask};
}

static inline struct tnum N(bits_sub)(struct tnum a, struct tnum b)
{
	u64 base = a.value - b.value;
	u64 mask = (((base + a.mask) ^ (base - b.mask)) | a.mask | b.mask) & NU_MAX;

	return (struct tnum){base & ~mask & NU_MAX, mask};
}

/* Long multiplication: add one shifted row for each bit of a that may be set. */
static inline struct tnum N(bits_mul)(struct tnum a, struct tnum b)
{
	struct tnum sum = {(a.value * b.value) & NU_MAX, 0}, unknown = {0, 0};
	u64 may = a.value | a.mask;

	while (may) {
		u32 bit = (u32)__builtin_ctzll(may);
		u64 row = a.mask >> bit & 1 ? b.value | b.mask : b.mask;

		unknown = N(bits_add)(unknown, (struct tnum){0, (row << bit) & NU_MAX});
		may &= may - 1;
	}
	return N(bits_add)(sum, unknown);
}

static inline struct tnum N(bits_logic)(enum num_op op, struct tnum a, struct tnum b)
{
	u64 one, zero; /* bits that are known to be 1, known to be 0 */

	switch (op) {
	case NUM_AND:
		one = a.value & b.value;
		zero = ~(a.value | a.mask) | ~(b.value | b.mask);
		break;
	case NUM_OR:
		one = a.value | b.value;
		zero = ~(a.value | a.mask) & ~(b.value | b.mask);
		break;
	default:
		one = (a.value ^ b.value) & ~a.mask & ~b.mask;
		zero = ~(a.value ^ b.value) & ~a.mask & ~b.mask;
		break;
	}
	return (struct tnum){one, ~(one | zero) & NU_MAX};
}

static inline struct tnum N(bits_shift)(enum num_op op, struct tnum a, u32 count)
{
	NS value = (NS)(NU)a.value, mask = (NS)(NU)a.mask;

	if (op == NUM_LSH)
		return (struct tnum){(a.value << count) & NU_MAX, (a.mask << count) & NU_MAX};
	if (op == NUM_RSH)
		return (struct tnum){a.value >> count, a.mask >> count};
	return (struct tnum){(NU)(value >> count), (NU)(mask >> count)};
}

static struct NUM N(shift)(enum num_op op, const struct NUM *a, const struct NUM *b)
{
	struct NUM n = N(unknown)();
	struct tnum count = {b->bits.value & (NBITS - 1), b->bits.mask & (NBITS - 1)};
	u32 min = (u32)count.value, max = (u32)(count.value | count.mask);

	if (b->umax < NBITS) {
		min = (u32)b->umin;
		max = (u32)b->umax;
	}
	if (min == max) {
		n.bits = N(bits_shift)(op, a->bits, min);
	} else if (op == NUM_LSH) { /* zeroes at the right end stay, and grow by `min` */
		u64 may = a->bits.value | a->bits.mask;
		u32 zeroes = (may ? (u32)__builtin_ctzll(may) : NBITS) + min;

		n.bits.mask = zeroes >= NBITS ? 0 : NU_MAX & ~((1ull << zeroes) - 1);
	}
	n.full = op == NUM_LSH   ? N(full_lsh)(&a->full, min, max)
		 : op == NUM_RSH ? N(full_rsh)(&a->full, min, max)
				 : N(full_arsh)(&a->full, min, max);
	if (op == NUM_LSH && max < HBITS)
		n.half = N(half_lsh)(&a->half, min, max);
	return N(synced)(n);
}

/* Of two constants, for the most frequent operations. */
static inline bool N(alu_const)(enum num_op op, NU a, NU b, NU *ret)
{
	switch (op) {
	case NUM_ADD:
		*ret = (NU)(a + b);
		return true;
	case NUM_SUB:
		*ret = (NU)(a - b);
		return true;
	case NUM_AND:
		*ret = a & b;
		return true;
	case NUM_OR:
		*ret = a | b;
		return true;
	case NUM_XOR:
		*ret = a ^ b;
		return true;
	default:
		return false;
	}
}

/* Operations that reach every result from every value of one operand. */
static inline bool N(op_is_onto)(enum num_op op)
{
	return op == NUM_ADD || op == NUM_SUB || op == NUM_XOR;
}

static inline bool N(half_says_nothing)(const struct NUM *n)
{
	return (n->bits.mask & HU_MAX) == HU_MAX && !n->umin32 && n->umax32 == HU_MAX &&
	       n->smin32 == HS_MIN && n->smax32 == HS_MAX;
}

static inline bool N(says_nothing)(const struct NUM *n)
{
	return n->bits.mask == NU_MAX && !n->umin && n->umax == NU_MAX &&
	       n->smin == (NS)((NU)1 << (NBITS - 1)) && n->smax == (NS)(NU_MAX >> 1) &&
	       N(half_says_nothing)(n);
}

NSTATIC struct NUM N(alu)(enum num_op op, const struct NUM *a, const struct NUM *b)
{
	struct NUM n = N(unknown)();
	NU both;

	if (!a->bits.mask && !b->bits.mask &&
	    N(alu_const)(op, (NU)a->bits.value, (NU)b->bits.value, &both))
		return N(make)(both);
	if (N(op_is_onto)(op) && (N(says_nothing)(a) || N(says_nothing)(b)))
		return n;
	switch (op) {
	case NUM_ADD:
		n.bits = N(bits_add)(a->bits, b->bits);
		n.full = N(full_add)(&a->full, &b->full);
		n.half = N(half_add)(&a->half, &b->half);
		break;
	case NUM_SUB:
		n.bits = N(bits_sub)(a->bits, b->bits);
		n.full = N(full_sub)(&a->full, &b->full);
		n.half = N(half_sub)(&a->half, &b->half);
		break;
	case NUM_MUL:
		n.bits = N(bits_mul)(a->bits, b->bits);
		n.full = N(full_mul)(&a->full, &b->full);
		n.half = N(half_mul)(&a->half, &b->half);
		break;
	case NUM_AND:
		n.bits = N(bits_logic)(op, a->bits, b->bits);
		n.full = N(full_and)(&a->full, &b->full);
		n.half = N(half_and)(&a->half, &b->half);
		break;
	case NUM_OR:
		n.bits = N(bits_logic)(op, a->bits, b->bits);
		n.full = N(full_or)(&a->full, &b->full);
		n.half = N(half_or)(&a->half, &b->half);
		break;
	case NUM_XOR:
		n.bits = N(bits_logic)(op, a->bits, b->bits);
		break;
	case NUM_DIV:
		n.full = N(full_div)(&a->full, &b->full);
		break;
	case NUM_MOD:
		n.full = N(full_mod)(&a->full, &b->full);
		break;
	case NUM_SDIV:
		n.full = N(full_sdiv)(&a->full, &b->full);
		break;
	case NUM_SMOD:
		n.full = N(full_smod)(&a->full, &b->full);
		break;
	default:
		return N(shift)(op, a, b);
	}
	return N(synced)(n);
}

/* Is the low half the same number in both orders, for all numbers? */
static inline bool N(half_is_positive)(const struct NUM *a)
{
	return a->smin32 >= 0;
}

static bool N(op_is_signed)(enum num_op op)
{
	return op == NUM_SDIV || op == NUM_SMOD || op == NUM_ARSH;
}

/* Shift counts of a half-width operation are taken modulo the half width. */
static struct NUM N(half_count)(const struct NUM *b)
{
	struct NUM most = N(make)(HBITS - 1);

	return b->umax < HBITS ? *b : N(alu)(NUM_AND, b, &most);
}

static bool N(op_is_logic)(enum num_op op)
{
	return op == NUM_AND || op == NUM_OR || op == NUM_XOR;
}

/*
 * Half-width operations are done on full-width numbers that hold the halves, once zero-extended
 * and, where that is a different view, once sign-extended; the low half of the result is right
 * either way, so both results hold. Of logic, bit by bit, the second view shows nothing new.
 */
NSTATIC struct NUM N(alu32)(enum num_op op, const struct NUM *a, const struct NUM *b)
{
	bool is_shift = op == NUM_LSH || op == NUM_RSH || op == NUM_ARSH;
	bool is_unsigned = op == NUM_DIV || op == NUM_MOD || op == NUM_RSH;
	struct NUM za = N(zext_half)(a), zb = N(zext_half)(b), r;

	if (N(op_is_onto)(op) && (N(half_says_nothing)(a) || N(half_says_nothing)(b))) {
		r = N(unknown)();
		return N(zext_half)(&r);
	}
	if (is_shift)
		zb = N(half_count)(&zb);
	if (N(op_is_signed)(op)) {
		za = N(extend)(a, HBITS, true);
		if (!is_shift)
			zb = N(extend)(b, HBITS, true);
	}
	r = N(alu)(op, &za, &zb);
	r = N(zext_half)(&r);
	if (!is_unsigned && !is_shift && !N(op_is_signed)(op) && !N(op_is_logic)(op) &&
	    (!N(half_is_positive)(a) || !N(half_is_positive)(b))) {
		struct NUM both;

		za = N(extend)(a, HBITS, true);
		zb = N(extend)(b, HBITS, true);
		both = N(alu)(op, &za, &zb);
		both = N(zext_half)(&both);
		N(full_meet)(&both.full, &r.full);
		N(half_meet)(&both.half, &r.half);
		if (N(bits_meet)(&both.bits, r.bits))
			return N(synced)(both);
	}
	return N(synced)(r);
}

static int N(decide_set)(struct tnum a, struct tnum b)
{
	if (a.value & b.value)
		return 1;
	return (a.value | a.mask) & (b.value | b.mask) ? -1 : 0;
}

static bool N(bits_conflict)(struct tnum a, struct tnum b)
{
	return (a.value ^ b.value) & ~a.mask & ~b.mask;
}

NSTATIC int N(decide)(enum num_cmp cmp, const struct NUM *a, const struct NUM *b)
{
	int known;

	if (cmp == NUM_SET || cmp == NUM_NOT_SET) {
		known = N(decide_set)(a->bits, b->bits);
		return known < 0 ? known : known == (cmp == NUM_SET);
	}
	if ((cmp == NUM_EQ || cmp == NUM_NE) &&
	    (N(bits_conflict)(a->bits, b->bits) || N(half_decide)(NUM_EQ, &a->half, &b->half) == 0))
		return cmp == NUM_NE;
	return N(full_decide)(cmp, &a->full, &b->full);
}

NSTATIC int N(decide32)(enum num_cmp cmp, const struct NUM *a, const struct NUM *b)
{
	struct tnum la = {a->bits.value & HU_MAX, a->bits.mask & HU_MAX};
	struct tnum lb = {b->bits.value & HU_MAX, b->bits.mask & HU_MAX};
	int known;

	if (cmp == NUM_SET || cmp == NUM_NOT_SET) {
		known = N(decide_set)(la, lb);
		return known < 0 ? known : known == (cmp == NUM_SET);
	}
	if ((cmp == NUM_EQ || cmp == NUM_NE) && N(bits_conflict)(la, lb))
		return cmp == NUM_NE;
	return N(half_decide)(cmp, &a->half, &b->half);
}

/* Known bits after `a & b` was found zero or not, in the bits of `within`. */
static bool N(refine_set)(bool set, struct tnum *a, const struct tnum *b, u64 within)
{
	u64 may = (b->value | b->mask) & (a->value | a->mask) & within;
	u64 must = b->value & within;

	if (!set) { /* where b has a 1, a has a 0 */
		if (a->value & must)
			return false;
		a->mask &= ~must;
		return true;
	}
	if (!may)
		return false;
	if (!(may & (may - 1))) { /* only one bit can be the common one */
		a->value |= may;
		a->mask &= ~may;
	}
	return true;
}

NSTATIC bool N(refine)(enum num_cmp cmp, struct NUM *a, struct NUM *b)
{
	if (cmp == NUM_SET || cmp == NUM_NOT_SET) {
		bool set = cmp == NUM_SET;

		if (!N(refine_set)(set, &a->bits, &b->bits, NU_MAX) ||
		    !N(refine_set)(set, &b->bits, &a->bits, NU_MAX))
			return false;
	} else if (!N(full_refine)(cmp, &a->full, &b->full)) {
		return false;
	}
	if (cmp == NUM_EQ) {
		N(half_meet)(&a->half, &b->half);
		if (!N(bits_meet)(&a->bits, b->bits))
			return false;
		*b = *a;
		if (!N(sync)(a))
			return false;
		*b = *a;
		return true;
	}
	return N(sync)(a) && N(sync)(b);
}

NSTATIC bool N(refine32)(enum num_cmp cmp, struct NUM *a, struct NUM *b)
{
	if (cmp == NUM_SET || cmp == NUM_NOT_SET) {
		bool set = cmp == NUM_SET;

		if (!N(refine_set)(set, &a->bits, &b->bits, HU_MAX) ||
		    !N(refine_set)(set, &b->bits, &a->bits, HU_MAX))
			return false;
	} else if (!N(half_refine)(cmp, &a->half, &b->half)) {
		return false;
	}
	if (cmp == NUM_EQ) {
		struct tnum la = {a->bits.value & HU_MAX, a->bits.mask | (NU_MAX & ~(u64)HU_MAX)};
		struct tnum lb = {b->bits.value & HU_MAX, b->bits.mask | (NU_MAX & ~(u64)HU_MAX)};

		if (!N(bits_meet)(&a->bits, lb) || !N(bits_meet)(&b->bits, la))
			return false;
	}
	return N(sync)(a) && N(sync)(b);
}

#undef NU_MAX
#undef HU_MAX
#undef HS_MAX
#undef HS_MIN

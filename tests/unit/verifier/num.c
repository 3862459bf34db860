/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The number domain at 16/8 bits against sets of numbers that are enumerated: every operation's
 * result must hold every possible result, every refinement must keep every pair that satisfies the
 * comparison, and a decision must be that of all pairs. The same template makes the 64-bit domain.
 */
#include "../test.h"

#include "verifier/num.h"

struct range16 {
	u16 umin, umax;
	s16 smin, smax;
};

struct range8 {
	u8 umin, umax;
	s8 smin, smax;
};

struct num16 {
	struct tnum bits;
	union {
		struct range16 full;
		struct {
			u16 umin, umax;
			s16 smin, smax;
		};
	};
	union {
		struct range8 half;
		struct {
			u8 umin32, umax32;
			s8 smin32, smax32;
		};
	};
};

#define NU u16
#define NS s16
#define NBITS 16
#define HU u8
#define HS s8
#define HBITS 8
#define FULL range16
#define HALF range8
#define NUM num16
#define N(name) small_##name
#define NSTATIC static
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include "verifier/num_template.h"
#pragma GCC diagnostic pop

#define SET_MAX 24
#define ROUNDS 60000

struct set {
	u16 x[SET_MAX];
	u32 nr;
};

static u64 random_state = 88172645463325252ull;

static u32 random_u32(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (u32)(random_state >> 16);
}

/* Numbers near where something happens: 0, the halves' limits, the sign. */
static u16 random_number(void)
{
	static const u16 near[] = {0, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xff80, 0xffff};

	switch (random_u32() % 3) {
	case 0:
		return (u16)(near[random_u32() % ARRAY_SIZE(near)] + random_u32() % 5 - 2);
	case 1:
		return (u16)(random_u32() & 0xff);
	default:
		return (u16)random_u32();
	}
}

/* Random numbers, and the least domain element above them, refined. */
static struct num16 random_num(struct set *set)
{
	struct num16 n;
	u16 base = random_number(), step = (u16)(1 << random_u32() % 9);

	set->nr = 1 + random_u32() % SET_MAX;
	for (u32 i = 0; i < set->nr; i++)
		set->x[i] = random_u32() % 4 ? (u16)(base + i * step) : random_number();
	n = small_make(set->x[0]);
	for (u32 i = 1; i < set->nr; i++) {
		struct num16 one = small_make(set->x[i]);

		n = small_join(&n, &one);
	}
	assert_true(small_sync(&n));
	for (u32 i = 0; i < set->nr; i++)
		assert_true(small_has(&n, set->x[i]));
	return n;
}

static u16 concrete(enum num_op op, u16 a, u16 b, bool half)
{
	u32 bits = half ? 8 : 16;
	u32 x = half ? (u8)a : a, y = half ? (u8)b : b, r;
	s32 sx = half ? (s8)a : (s16)a, sy = half ? (s8)b : (s16)b;

	switch (op) {
	case NUM_ADD:
		r = x + y;
		break;
	case NUM_SUB:
		r = x - y;
		break;
	case NUM_MUL:
		r = x * y;
		break;
	case NUM_DIV:
		r = y ? x / y : 0;
		break;
	case NUM_MOD:
		r = y ? x % y : x;
		break;
	case NUM_SDIV:
		r = (u32)(sy ? sx / sy : 0);
		break;
	case NUM_SMOD:
		r = (u32)(sy ? sx % sy : sx);
		break;
	case NUM_AND:
		r = x & y;
		break;
	case NUM_OR:
		r = x | y;
		break;
	case NUM_XOR:
		r = x ^ y;
		break;
	case NUM_LSH:
		r = x << (y & (bits - 1));
		break;
	case NUM_RSH:
		r = x >> (y & (bits - 1));
		break;
	default:
		r = (u32)(sx >> (y & (bits - 1)));
		break;
	}
	return half ? (u8)r : (u16)r;
}

static bool compare(enum num_cmp cmp, u16 a, u16 b, bool half)
{
	u32 x = half ? (u8)a : a, y = half ? (u8)b : b;
	s32 sx = half ? (s8)a : (s16)a, sy = half ? (s8)b : (s16)b;
	const bool truth[NUM_CMP_MAX] = {
		[NUM_EQ] = x == y,
		[NUM_NE] = x != y,
		[NUM_GT] = x > y,
		[NUM_GE] = x >= y,
		[NUM_LT] = x<y, [NUM_LE] = x <= y, [NUM_SGT] = sx> sy,
		[NUM_SGE] = sx >= sy,
		[NUM_SLT] = sx < sy,
		[NUM_SLE] = sx <= sy,
		[NUM_SET] = x & y,
		[NUM_NOT_SET] = !(x & y),
	};

	return truth[cmp];
}

static void test_alu_holds_every_result(void **state)
{
	struct set sa, sb;

	for (u32 round = 0; round < ROUNDS; round++) {
		struct num16 a = random_num(&sa), b = random_num(&sb), r;
		enum num_op op = random_u32() % NUM_OP_MAX;
		bool half = random_u32() % 2;

		r = half ? small_alu32(op, &a, &b) : small_alu(op, &a, &b);
		for (u32 i = 0; i < sa.nr; i++)
			for (u32 j = 0; j < sb.nr; j++)
				if (!small_has(&r, concrete(op, sa.x[i], sb.x[j], half)))
					fail_msg("op %d%s: %#x, %#x", op, half ? " half" : "",
						 sa.x[i], sb.x[j]);
	}
}

/* One-element sets are exact, except where the domain gives up on purpose. */
static void test_alu_of_constants_is_constant(void **state)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		u16 x = random_number(), y = random_number();
		struct num16 a = small_make(x), b = small_make(y), r;
		enum num_op op = random_u32() % NUM_OP_MAX;
		bool half = random_u32() % 2;

		if (op == NUM_SDIV || op == NUM_SMOD)
			continue;
		r = half ? small_alu32(op, &a, &b) : small_alu(op, &a, &b);
		if (op == NUM_MOD) {
			assert_true(small_has(&r, concrete(op, x, y, half)));
			continue;
		}
		assert_int_equal(r.bits.mask, 0);
		assert_int_equal(r.bits.value, concrete(op, x, y, half));
	}
}

static void test_decisions_and_refinements(void **state)
{
	struct set sa, sb;
	u32 impossible = 0, decided = 0;

	for (u32 round = 0; round < ROUNDS; round++) {
		struct num16 a = random_num(&sa), b = random_num(&sb), ra = a, rb = b;
		enum num_cmp cmp = random_u32() % NUM_CMP_MAX;
		bool half = random_u32() % 2, possible;
		int known = half ? small_decide32(cmp, &a, &b) : small_decide(cmp, &a, &b);

		possible = half ? small_refine32(cmp, &ra, &rb) : small_refine(cmp, &ra, &rb);
		decided += known >= 0;
		impossible += !possible;
		for (u32 i = 0; i < sa.nr; i++) {
			for (u32 j = 0; j < sb.nr; j++) {
				bool truth = compare(cmp, sa.x[i], sb.x[j], half);

				if (known >= 0)
					assert_int_equal(known, truth);
				if (!truth)
					continue;
				assert_true(possible);
				assert_true(small_has(&ra, sa.x[i]));
				assert_true(small_has(&rb, sb.x[j]));
			}
		}
	}
	assert_true(decided > ROUNDS / 10); /* it does decide */
	assert_true(impossible > ROUNDS / 20);
}

static void test_extensions(void **state)
{
	struct set s;

	for (u32 round = 0; round < ROUNDS; round++) {
		struct num16 a = random_num(&s);
		u32 width = 1u << (1 + random_u32() % 3);
		struct num16 z = small_extend(&a, width, false), x = small_extend(&a, width, true);

		for (u32 i = 0; i < s.nr; i++) {
			u16 low = (u16)(s.x[i] & ((1u << width) - 1));
			u16 sign = (u16)(1u << (width - 1));

			assert_true(z.umax < 1u << width);
			assert_true(x.smin >= -sign && x.smax < sign);
			assert_true(small_has(&z, low));
			assert_true(small_has(&x, (u16)((low ^ sign) - sign)));
		}
	}
}

/* For every range: the refined parts are the tightest that their own order allows. */
static void test_sync_is_tight_for_intervals(void **state)
{
	for (u32 round = 0; round < 2000; round++) {
		struct num16 n = small_unknown();
		u16 lo = random_number(), hi = random_number(), min = 0xffff, max = 0;
		s16 smin = INT16_MAX, smax = INT16_MIN;

		if (lo > hi)
			continue;
		n.umin = lo;
		n.umax = hi;
		assert_true(small_sync(&n));
		for (u32 x = lo; x <= hi; x++) {
			min = x < min ? (u16)x : min;
			max = x > max ? (u16)x : max;
			smin = (s16)x < smin ? (s16)x : smin;
			smax = (s16)x > smax ? (s16)x : smax;
		}
		assert_int_equal(n.umin, min);
		assert_int_equal(n.umax, max);
		assert_int_equal(n.smin, smin);
		assert_int_equal(n.smax, smax);
	}
}

static void test_empty_sets_are_found(void **state)
{
	struct num16 n = small_unknown();

	n.bits = (struct tnum){0x0001, 0xfffe}; /* odd */
	n.umin = n.umax = 4;
	assert_false(small_sync(&n));
	n = small_unknown();
	n.umin = 5;
	n.umax = 9;
	n.smin = -3;
	n.smax = 4;
	assert_false(small_sync(&n));
}

static void test_alignment(void **state)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		struct tnum t = {random_u32() & 63, random_u32() & 63};
		u32 plus = random_u32() & 63, expected = 8;

		t.value &= ~t.mask;
		for (u32 x = 0; x < 64; x++)
			while ((x & ~t.mask) == t.value && (x + plus) % expected)
				expected /= 2;
		assert_int_equal(tnum_alignment(t, plus), expected);
	}
}

static void test_full_width(void **state)
{
	struct num a = num_range(0, 100), b = num_const(28), r;

	r = num_alu(NUM_ADD, &a, &b);
	assert_int_equal(r.umin, 28);
	assert_int_equal(r.umax, 128);
	assert_int_equal(r.umax32, 128);
	a = num_unknown();
	a = num_zext(&a, 8);
	assert_int_equal(a.umax, 255);
	b = num_const(1);
	r = num_alu32(NUM_SUB, &a, &b); /* -1 .. 254, zero-extended */
	assert_int_equal(r.smin32, -1);
	assert_int_equal(r.smax32, 254);
	assert_int_equal(r.umax, 0xffffffff);
	a = num_const(0x1122334455667788ull);
	r = num_swap(&a, 32);
	assert_true(num_is(&r, 0x88776655));
	a = num_const(0x80);
	r = num_sext(&a, 8);
	assert_true(num_is(&r, (u64)-128));
	r = num_sext32(&a, 8);
	assert_true(num_is(&r, 0xffffff80));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alu_holds_every_result),
		cmocka_unit_test(test_alu_of_constants_is_constant),
		cmocka_unit_test(test_decisions_and_refinements),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_sync_is_tight_for_intervals),
		cmocka_unit_test(test_empty_sets_are_found),
		cmocka_unit_test(test_alignment),
		cmocka_unit_test(test_full_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Arithmetic: every ALU row against an independent computation in wider integers, over all pairs
 * of edge values; and the pure functions against it over all pairs of small numbers.
 */
#include "program.h"

#include "target/interp/alu.h"

typedef __int128 wide;

static const u64 edges[] = {
	0,
	1,
	2,
	3,
	7,
	8,
	31,
	32,
	33,
	63,
	64,
	65,
	0x7f,
	0x80,
	0xff,
	0x7fff,
	0x8000,
	0xffff,
	0x10000,
	0x7fffffff,
	0x80000000,
	0x80000001,
	0xfffffffe,
	0xffffffff,
	0x100000000,
	0x100000001,
	0x123456789abcdef0,
	0x7fffffffffffffff,
	0x8000000000000000,
	0x8000000000000001,
	0xffffffff7fffffff,
	0xffffffff80000000,
	0xfffffffffffffffe,
	0xffffffffffffffff,
};

static wide as_signed(u64 x, int width)
{
	return width == 64 ? (wide)(s64)x : (wide)(s32)(u32)x;
}

static wide as_unsigned(u64 x, int width)
{
	return width == 64 ? (wide)x : (wide)(u32)x;
}

static wide power(u64 b, int width)
{
	wide result = 1;

	for (u64 n = b % (u64)width; n; n--)
		result *= 2;
	return result;
}

static wide floor_divide(wide a, wide b)
{
	wide quotient = a / b;

	return quotient * b > a ? quotient - 1 : quotient;
}

static wide bits(u64 a, u64 b, int width, char op)
{
	wide result = 0;

	for (int i = 0; i < width; i++) {
		int x = (int)(a >> i & 1), y = (int)(b >> i & 1);
		int z = op == '&' ? x + y == 2 : op == '|' ? x + y > 0 : x + y == 1;

		if (z)
			result += (wide)1 << i;
	}
	return result;
}

/* The result of an operation named as its row, before it is cut to the width. */
static wide expected(const char *op, u64 a, u64 b, int width)
{
	wide ua = as_unsigned(a, width), ub = as_unsigned(b, width);
	wide sa = as_signed(a, width), sb = as_signed(b, width);

	if (!strcmp(op, "ADD"))
		return ua + ub;
	if (!strcmp(op, "SUB"))
		return ua - ub;
	if (!strcmp(op, "MUL"))
		return (wide)((unsigned __int128)ua * (unsigned __int128)ub);
	if (!strcmp(op, "DIV"))
		return ub ? ua / ub : 0;
	if (!strcmp(op, "SDIV"))
		return sb ? sa / sb : 0;
	if (!strcmp(op, "MOD"))
		return ub ? ua % ub : ua;
	if (!strcmp(op, "SMOD"))
		return sb ? sa % sb : ua;
	if (!strcmp(op, "LSH"))
		return (wide)((unsigned __int128)ua * (unsigned __int128)power(b, width));
	if (!strcmp(op, "RSH"))
		return ua / power(b, width);
	if (!strcmp(op, "ARSH"))
		return floor_divide(sa, power(b, width));
	if (!strcmp(op, "MOV"))
		return ub;
	return bits(a, b, width, !strcmp(op, "AND") ? '&' : !strcmp(op, "OR") ? '|' : '^');
}

static u64 cut(wide value, int width)
{
	return width == 64 ? (u64)value : (u32)value;
}

struct row {
	const char *op;
	enum insn_id imm64, reg64, imm32, reg32;
};

#define ROW(name)                                                                                  \
	{                                                                                          \
#name, INSN_##name##64_IMM, INSN_##name##64_REG, INSN_##name##32_IMM,              \
			INSN_##name##32_REG                                                        \
	}
static const struct row rows[] = {
	ROW(ADD), ROW(SUB), ROW(MUL), ROW(DIV), ROW(SDIV), ROW(MOD),  ROW(SMOD),
	ROW(OR),  ROW(AND), ROW(XOR), ROW(LSH), ROW(RSH),  ROW(ARSH), ROW(MOV),
};

/* memory: a, b; what becomes of a is written behind them. */
static void check_row(const struct row *row, enum insn_id id, int width, bool is_imm)
{
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		s32 imm = (s32)(u32)edges[i];
		struct skep_insn code[] = {
			OP(LDX_DW, 3, 1, 0, 0),
			OP(LDX_DW, 4, 1, 8, 0),
			make_insn(id, 3, is_imm ? 0 : 4, 0, is_imm ? imm : 0),
			COPY(0, 3),
			EXIT,
		};
		struct image *image = IMAGE(code, NONE);

		for (size_t k = 0; k < ARRAY_SIZE(edges); k++) {
			u64 memory[2] = {edges[k], edges[i]};
			u64 b = is_imm ? (u64)(s64)imm : edges[i];
			u64 want = cut(expected(row->op, edges[k], b, width), width);
			u64 got = interp_run_memory(image, memory, sizeof(memory), NULL);

			if (got != want)
				fail_msg("%s: 0x%llx, 0x%llx gave 0x%llx, not 0x%llx",
					 insn_descs[id].name, (unsigned long long)edges[k],
					 (unsigned long long)b, (unsigned long long)got,
					 (unsigned long long)want);
		}
		image_put(image);
	}
}

static void test_rows(void **state)
{
	struct helper_env env;

	helper_env_init(&env, 1);
	helper_env = &env;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		check_row(&rows[i], rows[i].imm64, 64, true);
		check_row(&rows[i], rows[i].reg64, 64, false);
		check_row(&rows[i], rows[i].imm32, 32, true);
		check_row(&rows[i], rows[i].reg32, 32, false);
	}
	helper_env = NULL;
}

#define CHECK(name, a, b)                                                                          \
	do {                                                                                       \
		assert_true(alu_##name##64(a, b) == cut(expected(op, a, b, 64), 64));              \
		assert_true(alu_##name##32((u32)(a), (u32)(b)) ==                                  \
			    (u32)cut(expected(op, a, b, 32), 32));                                 \
	} while (0)
#define CHECK_ALL(name, upper)                                                                     \
	do {                                                                                       \
		const char *op = upper;                                                            \
		for (s64 a = -150; a <= 150; a++)                                                  \
			for (s64 b = -150; b <= 150; b++)                                          \
				CHECK(name, (u64)a, (u64)b);                                       \
		for (size_t i = 0; i < ARRAY_SIZE(edges); i++)                                     \
			for (size_t k = 0; k < ARRAY_SIZE(edges); k++)                             \
				CHECK(name, edges[i], edges[k]);                                   \
	} while (0)

static void test_functions(void **state)
{
	CHECK_ALL(div, "DIV");
	CHECK_ALL(mod, "MOD");
	CHECK_ALL(sdiv, "SDIV");
	CHECK_ALL(smod, "SMOD");
	CHECK_ALL(lsh, "LSH");
	CHECK_ALL(rsh, "RSH");
	CHECK_ALL(arsh, "ARSH");
}

/* The cases that C leaves open, in plain numbers. */
static void test_known_answers(void **state)
{
	assert_true(alu_sdiv64(1ull << 63, UINT64_MAX) == 1ull << 63);
	assert_true(alu_sdiv32(1u << 31, UINT32_MAX) == 1u << 31);
	assert_true(alu_smod64(1ull << 63, UINT64_MAX) == 0);
	assert_true(alu_smod32((u32)-13, 4) == (u32)-1);
	assert_true(alu_smod32(13, (u32)-4) == 1);
	assert_true(alu_div64(5, 0) == 0 && alu_mod64(5, 0) == 5);
	assert_true(alu_lsh64(1, 64) == 1 && alu_lsh32(1, 33) == 2);
	assert_true(alu_arsh32(1u << 31, 63) == UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_known_answers),
	};

	return cmocka_run_group_tests_name("alu", tests, NULL, NULL);
}

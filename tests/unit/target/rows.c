/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Every row of insn.def that is not plain arithmetic (see alu.c): what it does, with edge values,
 * and, at the end, that no executable row was left out.
 */
#include "program.h"

static bool seen[INSN_ID_MAX];

struct watch {
	const struct skep_insn *insns;
};

static void mark(void *arg, const struct interp_view *view)
{
	const struct watch *watch = arg;

	seen[insn_decode(&watch->insns[view->insn])] = true;
}

static u64 run_watched(const struct target_input *in, void *memory, size_t size,
		       struct helper_env *env)
{
	struct watch watch = {.insns = in->insns};
	const struct interp_observer observer = {.each = mark, .arg = &watch};
	struct image *image = translate(in);
	u64 ret;

	helper_env_init(env, 1);
	helper_env = env;
	ret = interp_run_memory(image, memory, size, &observer);
	helper_env = NULL;
	image_put(image);
	return ret;
}

/* Run on memory, which must end well; returns r0. */
static u64 run_code(const struct skep_insn *insns, u32 nr, void *memory, size_t size)
{
	struct target_input in = {.insns = insns, .nr_insns = nr};
	struct helper_env env;
	u64 ret = run_watched(&in, memory, size, &env);

	if (env.aborted)
		fail_msg("%s: %s", insn_descs[insn_decode(&insns[env.fault.insn])].name,
			 target_abort_name((enum target_abort)env.aborted));
	return ret;
}

#define R0(code, memory) run_code(code, ARRAY_SIZE(code), memory, sizeof(memory))

/* r0 = what the row makes of r0 = a and r1 = b. */
static u64 apply(enum insn_id id, u64 a, u64 b)
{
	u64 memory[2] = {a, b};
	struct skep_insn code[] = {
		OP(LDX_DW, 0, 1, 0, 0),
		OP(LDX_DW, 1, 1, 8, 0),
		make_insn(id, 0, insn_descs[id].flags & INSN_READS_SRC ? 1 : 0, 0, 0),
		EXIT,
	};

	return R0(code, memory);
}

static void test_moves(void **state)
{
	const u64 x = 0x123456789a8b8cfd;

	assert_true(apply(INSN_MOVSX8_64, 7, x) == 0xfffffffffffffffd);
	assert_true(apply(INSN_MOVSX16_64, 7, x) == 0xffffffffffff8cfd);
	assert_true(apply(INSN_MOVSX32_64, 7, x) == 0xffffffff9a8b8cfd);
	assert_true(apply(INSN_MOVSX8_32, 7, x) == 0xfffffffd);
	assert_true(apply(INSN_MOVSX16_32, 7, x) == 0xffff8cfd);
	assert_true(apply(INSN_MOVSX8_64, 7, 0x80ff7f) == 0x7f);
	assert_true(apply(INSN_MOVSX16_64, 7, 0x807fff) == 0x7fff);
	assert_true(apply(INSN_MOVSX32_64, 7, 0xff7fffffff) == 0x7fffffff);
	assert_true(apply(INSN_MOVSX8_32, 7, 0x7f) == 0x7f);
	assert_true(apply(INSN_MOVSX16_32, 7, 0x7fff) == 0x7fff);
}

static void test_negation(void **state)
{
	assert_true(apply(INSN_NEG64, 1, 0) == UINT64_MAX);
	assert_true(apply(INSN_NEG64, 1ull << 63, 0) == 1ull << 63);
	assert_true(apply(INSN_NEG32, 0xffffffff00000001, 0) == UINT32_MAX);
	assert_true(apply(INSN_NEG32, 1ull << 31, 0) == 1ull << 31);
	assert_true(apply(INSN_NEG32, 0, 0) == 0);
}

static void test_swaps(void **state)
{
	const u64 x = 0x0102030405060708;

	assert_true(apply(INSN_LE16, x, 0) == 0x0708);
	assert_true(apply(INSN_LE32, x, 0) == 0x05060708);
	assert_true(apply(INSN_LE64, x, 0) == x);
	assert_true(apply(INSN_BE16, x, 0) == 0x0807);
	assert_true(apply(INSN_BE32, x, 0) == 0x08070605);
	assert_true(apply(INSN_BE64, x, 0) == 0x0807060504030201);
	assert_true(apply(INSN_BSWAP16, x, 0) == 0x0807);
	assert_true(apply(INSN_BSWAP32, x, 0) == 0x08070605);
	assert_true(apply(INSN_BSWAP64, x, 0) == 0x0807060504030201);
}

static void test_loads(void **state)
{
	static const struct {
		enum insn_id id;
		u64 want;
	} rows[] = {
		{INSN_LDX_B, 0x85},
		{INSN_LDX_H, 0x8685},
		{INSN_LDX_W, 0x88878685},
		{INSN_LDX_DW, 0x8c8b8a8988878685},
		{INSN_LDXSB, 0xffffffffffffff85},
		{INSN_LDXSH, 0xffffffffffff8685},
		{INSN_LDXSW, 0xffffffff88878685},
	};
	u8 memory[16];

	for (u8 i = 0; i < sizeof(memory); i++)
		memory[i] = 0x80 + i;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		/* unaligned, and once with a negative offset */
		struct skep_insn forward[] = {make_insn(rows[i].id, 0, 1, 5, 0), EXIT};
		struct skep_insn back[] = {OP(ADD64_IMM, 1, 0, 0, 8),
					   make_insn(rows[i].id, 1, 1, -3, 0), COPY(0, 1), EXIT};

		assert_true(R0(forward, memory) == rows[i].want);
		assert_true(R0(back, memory) == rows[i].want);
	}
}

static void test_stores(void **state)
{
	static const struct {
		enum insn_id imm, reg;
		u32 size;
	} rows[] = {
		{INSN_ST_B, INSN_STX_B, 1},
		{INSN_ST_H, INSN_STX_H, 2},
		{INSN_ST_W, INSN_STX_W, 4},
		{INSN_ST_DW, INSN_STX_DW, 8},
	};
	const u64 values[] = {(u64)(s64)-0x12345678, 0x1122334455667788};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u8 memory[24], want[24];
		struct skep_insn code[] = {
			WIDE(LD_IMM64, 2, 0x55667788, 0x11223344),
			make_insn(rows[i].imm, 1, 0, 3, -0x12345678),
			make_insn(rows[i].reg, 1, 2, 13, 0),
			MOV(0, 0),
			EXIT,
		};

		memset(memory, 0xaa, sizeof(memory));
		memset(want, 0xaa, sizeof(want));
		memcpy(want + 3, &values[0], rows[i].size);
		memcpy(want + 13, &values[1], rows[i].size);
		R0(code, memory);
		assert_memory_equal(memory, want, sizeof(want));
	}
}

/* Run one atomic row: *(memory + 8) op r3, r0 = 0x99 before. */
static void atomic(enum insn_id id, u64 operand, u64 *memory, u64 *ret_r0, u64 *ret_r3)
{
	u64 all[5] = {operand, *memory, 0, 0, 0};
	struct skep_insn code[] = {
		OP(LDX_DW, 3, 1, 0, 0),    MOV(0, 0x99),
		make_insn(id, 1, 3, 8, 0), OP(STX_DW, 1, 3, 16, 0),
		OP(STX_DW, 1, 0, 24, 0),   EXIT,
	};

	R0(code, all);
	*memory = all[1];
	*ret_r3 = all[2];
	*ret_r0 = all[3];
}

struct atomic_row {
	enum insn_id plain, fetch;
	u32 width;
	u64 (*op)(u64 a, u64 b);
};

static u64 op_add(u64 a, u64 b)
{
	return a + b;
}

static u64 op_or(u64 a, u64 b)
{
	return a | b;
}

static u64 op_and(u64 a, u64 b)
{
	return a & b;
}

static u64 op_xor(u64 a, u64 b)
{
	return a ^ b;
}

#define ATOMIC_ROWS(name, op)                                                                      \
	{INSN_ATOMIC_##name##32, INSN_ATOMIC_FETCH_##name##32, 32, op},                            \
	{                                                                                          \
		INSN_ATOMIC_##name##64, INSN_ATOMIC_FETCH_##name##64, 64, op                       \
	}

/* 32-bit operations leave the upper half of the memory alone and fetch zero-extended. */
static void check_atomic(const struct atomic_row *row)
{
	const u64 before = 0xf0e0d0c0b0a09080, operand = 0xfedcba9876543210;
	u64 mask = row->width == 64 ? UINT64_MAX : UINT32_MAX;
	u64 after = (before & ~mask) | (row->op(before & mask, operand & mask) & mask);
	u64 memory = before, r0, r3;

	atomic(row->plain, operand, &memory, &r0, &r3);
	assert_true(memory == after && r0 == 0x99 && r3 == operand);
	memory = before;
	atomic(row->fetch, operand, &memory, &r0, &r3);
	assert_true(memory == after && r0 == 0x99 && r3 == (before & mask));
}

static void test_atomics(void **state)
{
	static const struct atomic_row rows[] = {
		ATOMIC_ROWS(ADD, op_add),
		ATOMIC_ROWS(OR, op_or),
		ATOMIC_ROWS(AND, op_and),
		ATOMIC_ROWS(XOR, op_xor),
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check_atomic(&rows[i]);
}

static void test_exchange(void **state)
{
	u64 memory = 0xaaaaaaaabbbbbbbb, r0, r3;

	atomic(INSN_XCHG64, 5, &memory, &r0, &r3);
	assert_true(memory == 5 && r3 == 0xaaaaaaaabbbbbbbb && r0 == 0x99);
	memory = 0xaaaaaaaabbbbbbbb;
	atomic(INSN_XCHG32, 0x1111111122222222, &memory, &r0, &r3);
	assert_true(memory == 0xaaaaaaaa22222222 && r3 == 0xbbbbbbbb && r0 == 0x99);
}

static void test_compare_exchange(void **state)
{
	u64 memory = 0x99, r0, r3;

	atomic(INSN_CMPXCHG64, 5, &memory, &r0, &r3);
	assert_true(memory == 5 && r0 == 0x99 && r3 == 5);
	memory = 0x100000099; /* differs in the upper half only */
	atomic(INSN_CMPXCHG64, 5, &memory, &r0, &r3);
	assert_true(memory == 0x100000099 && r0 == 0x100000099 && r3 == 5);
	memory = 0x100000099;
	atomic(INSN_CMPXCHG32, 0x700000005, &memory, &r0, &r3);
	assert_true(memory == 0x100000005 && r0 == 0x99 && r3 == 0x700000005);
	memory = 0xfffffffffffffff0;
	atomic(INSN_CMPXCHG32, 5, &memory, &r0, &r3);
	assert_true(memory == 0xfffffffffffffff0 && r0 == 0xfffffff0);
}

static void test_ordered(void **state)
{
	static const struct {
		enum insn_id load, store;
		u32 size;
	} rows[] = {
		{INSN_LOAD_ACQ_B, INSN_STORE_REL_B, 1},
		{INSN_LOAD_ACQ_H, INSN_STORE_REL_H, 2},
		{INSN_LOAD_ACQ_W, INSN_STORE_REL_W, 4},
		{INSN_LOAD_ACQ_DW, INSN_STORE_REL_DW, 8},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		u64 memory[3] = {0xfedcba9876543210, 0, 0}, want = 0;
		struct skep_insn code[] = {
			make_insn(rows[i].load, 0, 1, 0, 0),
			OP(LDX_DW, 2, 1, 0, 0),
			make_insn(rows[i].store, 1, 2, 8, 0),
			EXIT,
		};

		memcpy(&want, memory, rows[i].size);
		assert_true(R0(code, memory) == want);
		assert_true(memory[1] == want);
	}
}

struct branch_row {
	enum insn_id imm64, reg64, imm32, reg32;
	bool (*unsigned_op)(u64 a, u64 b);
	bool (*signed_op)(s64 a, s64 b);
};

#define COMPARE(name, type, operator)                                                              \
	static bool name(type a, type b)                                                           \
	{                                                                                          \
		return a operator b;                                                               \
	}
COMPARE(is_eq, u64, ==)
COMPARE(is_ne, u64, !=)
COMPARE(is_gt, u64, >)
COMPARE(is_ge, u64, >=)
COMPARE(is_lt, u64, <)
COMPARE(is_le, u64, <=)
COMPARE(is_set, u64, &)
COMPARE(is_sgt, s64, >)
COMPARE(is_sge, s64, >=)
COMPARE(is_slt, s64, <)
COMPARE(is_sle, s64, <=)

#define BRANCH_ROW(name)                                                                           \
	INSN_##name##64_IMM, INSN_##name##64_REG, INSN_##name##32_IMM, INSN_##name##32_REG

static const struct branch_row branches[] = {
	{BRANCH_ROW(JEQ), is_eq, NULL},   {BRANCH_ROW(JNE), is_ne, NULL},
	{BRANCH_ROW(JGT), is_gt, NULL},   {BRANCH_ROW(JGE), is_ge, NULL},
	{BRANCH_ROW(JLT), is_lt, NULL},   {BRANCH_ROW(JLE), is_le, NULL},
	{BRANCH_ROW(JSET), is_set, NULL}, {BRANCH_ROW(JSGT), NULL, is_sgt},
	{BRANCH_ROW(JSGE), NULL, is_sge}, {BRANCH_ROW(JSLT), NULL, is_slt},
	{BRANCH_ROW(JSLE), NULL, is_sle},
};

static bool branch_expected(const struct branch_row *row, u64 a, u64 b, bool is_32)
{
	if (row->signed_op)
		return is_32 ? row->signed_op((s32)a, (s32)b) : row->signed_op((s64)a, (s64)b);
	return is_32 ? row->unsigned_op((u32)a, (u32)b) : row->unsigned_op(a, b);
}

/* r0 = 1 when the jump is taken */
static bool branch_taken(enum insn_id id, u64 a, u64 b, s32 imm)
{
	u64 memory[2] = {a, b};
	bool is_imm = insn_descs[id].flags & INSN_USES_IMM;
	struct skep_insn code[] = {
		OP(LDX_DW, 2, 1, 0, 0),
		OP(LDX_DW, 3, 1, 8, 0),
		make_insn(id, 2, is_imm ? 0 : 3, 2, is_imm ? imm : 0),
		MOV(0, 0),
		EXIT,
		MOV(0, 1),
		EXIT,
	};

	return R0(code, memory);
}

static void check_branch(const struct branch_row *row, u64 a, u64 b)
{
	s32 imm = (s32)(u32)b;
	u64 extended = (u64)(s64)imm;

	assert_int_equal(branch_taken(row->reg64, a, b, 0), branch_expected(row, a, b, false));
	assert_int_equal(branch_taken(row->reg32, a, b, 0), branch_expected(row, a, b, true));
	assert_int_equal(branch_taken(row->imm64, a, 0, imm),
			 branch_expected(row, a, extended, false));
	assert_int_equal(branch_taken(row->imm32, a, 0, imm), branch_expected(row, a, b, true));
}

static void test_branches(void **state)
{
	const u64 values[] = {0,
			      1,
			      2,
			      0x7fffffff,
			      0x80000000,
			      0xffffffff,
			      0x100000000,
			      0x100000001,
			      0x7fffffffffffffff,
			      0x8000000000000000,
			      0xffffffff80000000,
			      UINT64_MAX};

	for (size_t row = 0; row < ARRAY_SIZE(branches); row++)
		for (size_t i = 0; i < ARRAY_SIZE(values); i++)
			for (size_t k = 0; k < ARRAY_SIZE(values); k++)
				check_branch(&branches[row], values[i], values[k]);
}

static void test_jumps(void **state)
{
	u8 memory[1];
	struct skep_insn near[] = {MOV(0, 1), OP(JA, 0, 0, 1, 0), MOV(0, 2), EXIT};
	struct skep_insn far[] = {MOV(0, 1), OP(JA32, 0, 0, 0, 1), MOV(0, 2), EXIT};
	struct skep_insn back[] = {
		MOV(0, 0), OP(ADD64_IMM, 0, 0, 0, 1), OP(JNE64_IMM, 0, 0, 1, 10),
		EXIT,      OP(JA32, 0, 0, 0, -4),
	};

	assert_true(R0(near, memory) == 1);
	assert_true(R0(far, memory) == 1);
	assert_true(R0(back, memory) == 10);
}

/* may_goto falls through 8 Mi times in a frame, then jumps. */
static void test_may_goto(void **state)
{
	struct helper_env env;
	struct skep_insn code[] = {
		MOV(0, 0), OP(MAY_GOTO, 0, 0, 2, 0), OP(ADD64_IMM, 0, 0, 0, 1), OP(JA, 0, 0, -3, 0),
		EXIT,
	};
	u8 memory[1];

	assert_true(RUN(code, memory, 1, (helper_env_init(&env, 1), &env)) == 8 << 20);
	assert_int_equal(env.aborted, TARGET_RAN);
	/* and once in sight of the observer, with a loop that ends earlier */
	code[2] = OP(JA, 0, 0, 1, 0);
	assert_true(R0(code, memory) == 0);
}

static void test_wide(void **state)
{
	u8 memory[1];
	struct skep_insn code[] = {WIDE(LD_IMM64, 0, 0x9abcdef0, 0x12345678), EXIT};
	struct skep_insn negative[] = {WIDE(LD_IMM64, 0, -1, 0), EXIT};

	assert_true(R0(code, memory) == 0x123456789abcdef0);
	assert_true(R0(negative, memory) == UINT32_MAX);
}

static void *direct_values(struct skep_map *map, u32 *ret_stride)
{
	*ret_stride = map->value_stride;
	return map->base;
}

static void test_map_immediates(void **state)
{
	static const struct map_ops ops = {.direct = direct_values};
	u64 values[2] = {0x1111, 0x2222};
	struct skep_map map = {
		.ops = &ops, .def = {.value_size = 16}, .value_stride = 16, .base = values};
	struct skep_map *maps[] = {NULL, &map};
	struct skep_insn address[] = {WIDE(LD_MAP_IDX, 0, 1, 0), EXIT};
	struct skep_insn value[] = {WIDE(LD_MAP_IDX_VALUE, 0, 1, 8), EXIT};
	struct target_input in = {
		.insns = address, .nr_insns = ARRAY_SIZE(address), .maps = maps, .nr_maps = 2};
	struct helper_env env;

	assert_true(run_watched(&in, NULL, 0, &env) == (u64)(uintptr_t)&map);
	in.insns = value;
	assert_true(run_watched(&in, NULL, 0, &env) == (u64)(uintptr_t)&values[1]);
}

static void refused(const struct skep_insn *insns, u32 nr, const char *words)
{
	struct skep_map map = {0}, *maps[] = {&map};
	static const struct map_ops ops;
	struct target_input in = {.insns = insns, .nr_insns = nr, .maps = maps, .nr_maps = 1};
	struct skep_diag diag;
	struct image *image = NULL;

	map.ops = &ops;
	diag_init(&diag);
	assert_int_not_equal(try_translate(&in, &image, &diag), 0);
	assert_null(image);
	assert_contains(skep_diag_problem(&diag), words);
	diag_reset(&diag);
}

#define REFUSED(words, ...)                                                                        \
	refused((struct skep_insn[]){__VA_ARGS__},                                                 \
		ARRAY_SIZE(((struct skep_insn[]){__VA_ARGS__})), words)

static void test_refusals(void **state)
{
	REFUSED("map that does not exist", WIDE(LD_MAP_IDX, 1, 7, 0), EXIT);
	REFUSED("no fixed address", WIDE(LD_MAP_IDX_VALUE, 1, 0, 0), EXIT);
	REFUSED("maps by index", WIDE(LD_MAP_FD, 1, 3, 0), EXIT);
	REFUSED("maps by index", WIDE(LD_MAP_VALUE, 1, 3, 0), EXIT);
	REFUSED("maps by index", WIDE(LD_BTF_ID, 1, 3, 0), EXIT);
}

/* Calls keep r6 to r10, and a callee has a stack of its own. */
static void test_local_call(void **state)
{
	u8 memory[1];
	struct skep_insn code[] = {
		MOV(6, 60),
		MOV(7, 70),
		MOV(8, 80),
		MOV(9, 90),
		MOV(1, 5),
		OP(ST_DW, 10, 0, -8, 4000),
		OP(CALL_LOCAL, 0, 0, 0, 8),
		OP(ADD64_REG, 0, 6, 0, 0),
		OP(ADD64_REG, 0, 7, 0, 0),
		OP(ADD64_REG, 0, 8, 0, 0),
		OP(ADD64_REG, 0, 9, 0, 0),
		OP(LDX_DW, 1, 10, -8, 0),
		OP(ADD64_REG, 0, 1, 0, 0),
		EXIT,
		EXIT,
		COPY(0, 1),
		MOV(6, 1),
		MOV(7, 1),
		MOV(8, 1),
		MOV(9, 1),
		OP(ST_DW, 10, 0, -8, 1),
		EXIT,
	};

	assert_true(R0(code, memory) == 5 + 60 + 70 + 80 + 90 + 4000);
}

static void test_call_by_register(void **state)
{
	u8 memory[1];
	struct skep_insn function[] = {
		WIDE(LD_FUNC, 2, 4, 0),
		MOV(1, 20),
		OP(CALLX, 2, 0, 0, 0),
		EXIT,
		OP(ADD64_IMM, 1, 0, 0, 1),
		COPY(0, 1),
		EXIT,
	};
	struct skep_insn helper[] = {MOV(2, 8), OP(CALLX, 2, 0, 0, 0), EXIT};
	struct skep_insn nothing[] = {MOV(2, 100000), OP(CALLX, 2, 0, 0, 0), EXIT};
	struct helper_env env;

	assert_true(R0(function, memory) == 21);
	assert_true(R0(helper, memory) == 0); /* get_smp_processor_id */
	helper_env_init(&env, 1);
	RUN(nothing, NULL, 0, &env);
	assert_int_equal(env.aborted, TARGET_ABORT_HELPER);
}

static void test_helper_calls(void **state)
{
	u8 memory[1];
	struct skep_insn code[] = {MOV(0, 77), CALL(8), EXIT};
	struct skep_insn no_body[] = {CALL(4), EXIT}; /* probe_read */
	struct skep_insn kfunc[] = {OP(CALL_KFUNC, 0, 0, 0, 1), EXIT};
	struct helper_env env;

	assert_true(R0(code, memory) == 0);
	helper_env_init(&env, 1);
	RUN(no_body, NULL, 0, &env);
	assert_int_equal(env.aborted, TARGET_ABORT_HELPER);
	RUN(kfunc, NULL, 0, &env);
	assert_int_equal(env.aborted, TARGET_ABORT_HELPER);
}

static void observe_legacy(enum insn_id id, const u8 *packet, u32 len, s32 imm, u64 want)
{
	struct skb_context skb = {.md = {.len = len}};
	struct skep_insn code[] = {
		COPY(6, 1), MOV(2, 1), MOV(0, 55),
		make_insn(id, 0, insn_descs[id].flags & INSN_READS_SRC ? 2 : 0, 0, imm), EXIT};
	struct image *image = IMAGE(code, SOCKET);
	struct watch watch = {.insns = code};
	const struct interp_observer observer = {.each = mark, .arg = &watch};
	struct helper_env env;

	skb.md.data = skb.hard_start = skb.mac_header = (u32)(uintptr_t)packet;
	skb.network_header = skb.mac_header + 14;
	skb.md.data_end = skb.frame_end = skb.md.data + len;
	helper_env_init(&env, 1);
	helper_env = &env;
	assert_true(interp_run_observed(image, &skb, &observer) == want);
	assert_int_equal(env.aborted, TARGET_RAN);
	helper_env = NULL;
	image_put(image);
}

/* Network byte order; out of range ends the program with 0. r2 = 1 in LD_IND. */
static void test_legacy(void **state)
{
	void *low;
	u8 *packet;

	assert_int_equal(lowmem_map(4096, &low), 0);
	packet = low;
	for (u8 i = 0; i < 64; i++)
		packet[i] = 0x80 + i;
	observe_legacy(INSN_LD_ABS_B, packet, 64, 3, 0x83);
	observe_legacy(INSN_LD_ABS_H, packet, 64, 3, 0x8384);
	observe_legacy(INSN_LD_ABS_W, packet, 64, 60, 0xbcbdbebf);
	observe_legacy(INSN_LD_ABS_W, packet, 64, 61, 0);
	observe_legacy(INSN_LD_ABS_B, packet, 64, 64, 0);
	observe_legacy(INSN_LD_IND_B, packet, 64, 3, 0x84);
	observe_legacy(INSN_LD_IND_H, packet, 64, 3, 0x8485);
	observe_legacy(INSN_LD_IND_W, packet, 64, 59, 0xbcbdbebf);
	observe_legacy(INSN_LD_IND_W, packet, 64, 60, 0);
	/* relative to the network header, the link header, and to nothing */
	observe_legacy(INSN_LD_ABS_H, packet, 64, -0x100000 + 2, 0x9091);
	observe_legacy(INSN_LD_ABS_H, packet, 64, -0x200000 + 2, 0x8283);
	observe_legacy(INSN_LD_ABS_H, packet, 64, -1, 0);
	observe_legacy(INSN_LD_ABS_H, packet, 64, -0x300000, 0);
	lowmem_unmap(low, 4096);
}

/* alu.c covers the arithmetic; these cannot run. */
static bool is_elsewhere(const struct insn_desc *desc)
{
	switch (desc->id) {
	case INSN_INVALID:
	case INSN_LD_MAP_FD:
	case INSN_LD_MAP_VALUE:
	case INSN_LD_BTF_ID:
	case INSN_CALL_KFUNC:
		return true;
	default:
		return desc->kind == INSN_KIND_ALU64 || desc->kind == INSN_KIND_ALU32;
	}
}

static void test_no_row_left_out(void **state)
{
	for (u32 id = 0; id < INSN_ID_MAX; id++) {
		if (!seen[id] && !is_elsewhere(&insn_descs[id]))
			fail_msg("no test above runs %s", insn_descs[id].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_negation),
		cmocka_unit_test(test_swaps),
		cmocka_unit_test(test_loads),
		cmocka_unit_test(test_stores),
		cmocka_unit_test(test_atomics),
		cmocka_unit_test(test_exchange),
		cmocka_unit_test(test_compare_exchange),
		cmocka_unit_test(test_ordered),
		cmocka_unit_test(test_branches),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_may_goto),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_map_immediates),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_local_call),
		cmocka_unit_test(test_call_by_register),
		cmocka_unit_test(test_helper_calls),
		cmocka_unit_test(test_legacy),
		cmocka_unit_test(test_no_row_left_out),
	};

	return cmocka_run_group_tests_name("rows", tests, NULL, NULL);
}

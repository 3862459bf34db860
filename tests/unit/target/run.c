/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Runs: the budget, nesting, tail calls, callbacks, real maps in checked execution, the fast loop,
 * and the observer.
 */
#include "program.h"

#include <errno.h>

#include "base/buf.h"
#include "map/map.h"

static struct helper_env env;
static struct xdp_context ctx; /* no packet */

static int reset(void **state)
{
	helper_env_init(&env, 1);
	helper_env = &env;
	return 0;
}

static int leave(void **state)
{
	helper_env = NULL;
	return 0;
}

static struct skep_map *make_map(u32 type, u32 key_size, u32 value_size, u32 max_entries, u32 flags)
{
	const struct skep_map_def def = {.name = "test",
					 .type = type,
					 .key_size = key_size,
					 .value_size = value_size,
					 .max_entries = max_entries,
					 .map_flags = flags};
	struct skep_map *map = NULL;

	assert_int_equal(map_create(&def, &map, NULL), 0);
	return map;
}

struct shape {
	struct skep_map **maps;
	u32 nr_maps;
	u64 budget;
	bool fast;
};

static struct image *make_image(const struct skep_insn *insns, u32 nr, const struct shape *shape)
{
	/* The interpreter only asks whether there are facts. */
	static const u8 facts;
	struct target_input in = {.hook = SKEP_HOOK_XDP,
				  .insns = insns,
				  .nr_insns = nr,
				  .maps = shape->maps,
				  .nr_maps = shape->nr_maps,
				  .budget = shape->budget,
				  .facts = shape->fast ? (const void *)&facts : NULL};

	return translate(&in);
}

#define MAKE(code, ...) make_image(code, ARRAY_SIZE(code), &(struct shape){__VA_ARGS__})

/* Run once and drop the image. */
static u64 run_once(struct image *image)
{
	u64 ret = image->run(image, &ctx);

	image_put(image);
	return ret;
}

#define RUN_ONCE(code, ...) run_once(MAKE(code, __VA_ARGS__))

static void test_budget(void **state)
{
	struct skep_insn forever[] = {OP(JA, 0, 0, -1, 0), EXIT};
	struct skep_insn three[] = {MOV(0, 1), MOV(0, 2), EXIT};

	assert_int_equal(RUN_ONCE(forever, .budget = 1000), 0);
	assert_int_equal(env.aborted, TARGET_ABORT_BUDGET);
	assert_int_equal(env.fault.insn, 0);
	assert_int_equal(RUN_ONCE(forever, .budget = 1000, .fast = true), 0);
	assert_int_equal(env.aborted, TARGET_ABORT_BUDGET);
	assert_int_equal(RUN_ONCE(three, .budget = 3), 2);
	assert_int_equal(env.aborted, TARGET_RAN);
	assert_int_equal(RUN_ONCE(three, .budget = 2), 0);
	assert_int_equal(env.aborted, TARGET_ABORT_BUDGET);
	/* the default is not endless either */
	assert_int_equal(RUN_ONCE(forever, .fast = true), 0);
	assert_int_equal(env.aborted, TARGET_ABORT_BUDGET);
}

/* r1 counts down; the function calls itself: 8 frames are allowed, 9 are not. */
static void check_depth(u32 calls, bool fast, u64 want)
{
	struct skep_insn code[] = {
		MOV(1, (s32)calls),
		MOV(0, 1),
		OP(CALL_LOCAL, 0, 0, 0, 1),
		EXIT,
		OP(ADD64_IMM, 1, 0, 0, -1),
		OP(JEQ64_IMM, 1, 0, 1, 0),
		OP(CALL_LOCAL, 0, 0, 0, -3),
		OP(ADD64_IMM, 0, 0, 0, 1),
		EXIT,
	};

	assert_int_equal(RUN_ONCE(code, .fast = fast), want);
	assert_int_equal(env.aborted, want ? TARGET_RAN : TARGET_ABORT_DEPTH);
}

static void test_depth(void **state)
{
	check_depth(1, false, 2);
	check_depth(7, false, 8);
	check_depth(8, false, 0);
	check_depth(7, true, 8);
	check_depth(8, true, 0);
}

static void put_image(struct skep_map *map, u32 key, const struct image *image)
{
	assert_int_equal(skep_map_update(map, &key, &image->id, 0), 0);
}

/* tail_call(ctx, map 0, index); r6 keeps the context */
#define TAIL_CALL(index) COPY(1, 6), WIDE(LD_MAP_IDX, 2, 0, 0), MOV(3, index), CALL(12)

/* A program that counts its runs in map 1 and calls itself: 1 + 33 runs, then it falls through. */
static void check_tail_call_limit(bool fast)
{
	struct skep_map *maps[] = {make_map(SKEP_MAP_PROG_ARRAY, 4, 4, 4, 0),
				   make_map(SKEP_MAP_ARRAY, 4, 8, 1, 0)};
	struct skep_insn code[] = {
		COPY(6, 1),   WIDE(LD_MAP_IDX_VALUE, 7, 1, 0),
		MOV(1, 1),    OP(ATOMIC_ADD64, 7, 1, 0, 0),
		TAIL_CALL(2), OP(LDX_DW, 0, 7, 0, 0),
		EXIT,
	};
	struct image *image = MAKE(code, .maps = maps, .nr_maps = 2, .fast = fast);

	put_image(maps[0], 2, image);
	assert_int_equal(image->run(image, &ctx), 34);
	assert_int_equal(env.aborted, TARGET_RAN);
	assert_int_equal(image->run(image, &ctx), 68); /* counted anew */
	map_put(maps[0]);
	image_put(image);
	map_put(maps[1]);
}

static void test_tail_call_limit(void **state)
{
	check_tail_call_limit(false);
	check_tail_call_limit(true);
}

static void test_tail_call_misses(void **state)
{
	struct skep_map *maps[] = {make_map(SKEP_MAP_PROG_ARRAY, 4, 4, 4, 0)};
	struct skep_insn empty[] = {COPY(6, 1), TAIL_CALL(1), MOV(0, 5), EXIT};
	struct skep_insn outside[] = {COPY(6, 1), TAIL_CALL(4), MOV(0, 6), EXIT};
	struct skep_insn negative[] = {COPY(6, 1), TAIL_CALL(-1), MOV(0, 7), EXIT};

	assert_int_equal(RUN_ONCE(empty, .maps = maps, .nr_maps = 1), 5);
	assert_int_equal(RUN_ONCE(outside, .maps = maps, .nr_maps = 1), 6);
	assert_int_equal(RUN_ONCE(negative, .maps = maps, .nr_maps = 1, .fast = true), 7);
	assert_int_equal(env.aborted, TARGET_RAN);
	map_put(maps[0]);
}

/* A prog array is for programs of one hook; who calls through it must be one of them. */
static void test_tail_call_across_hooks(void **state)
{
	struct skep_map *maps[] = {make_map(SKEP_MAP_PROG_ARRAY, 4, 4, 4, 0)};
	struct skep_insn code[] = {COPY(6, 1), TAIL_CALL(1), MOV(0, 5), EXIT};
	struct target_input in = {.hook = SKEP_HOOK_SOCKET,
				  .insns = code,
				  .nr_insns = ARRAY_SIZE(code),
				  .maps = maps,
				  .nr_maps = 1};
	struct image *xdp = MAKE(code, .maps = maps, .nr_maps = 1), *other = NULL;
	struct skep_diag diag;

	diag_init(&diag);
	assert_int_equal(try_translate(&in, &other, &diag), -EINVAL);
	assert_contains(skep_diag_problem(&diag), "prog array 'test'");
	assert_null(other);
	diag_reset(&diag);
	image_put(xdp);
	map_put(maps[0]);
}

/* From a subprogram the callee takes that frame's place: r0 goes to the caller, which keeps r6. */
static void check_tail_call_in_function(bool fast_caller, bool fast_callee)
{
	struct skep_map *maps[] = {make_map(SKEP_MAP_PROG_ARRAY, 4, 4, 4, 0)};
	struct skep_insn caller[] = {
		COPY(6, 1),
		MOV(7, 100),
		OP(CALL_LOCAL, 0, 0, 0, 2),
		OP(ADD64_REG, 0, 7, 0, 0),
		EXIT,
		COPY(6, 1),
		TAIL_CALL(0),
		MOV(0, 9),
		EXIT,
	};
	struct skep_insn callee[] = {MOV(7, 1), MOV(6, 1), MOV(0, 23), EXIT};
	struct image *one = MAKE(caller, .maps = maps, .nr_maps = 1, .fast = fast_caller);
	struct image *two = MAKE(callee, .fast = fast_callee);

	put_image(maps[0], 0, two);
	assert_int_equal(one->run(one, &ctx), 123);
	assert_int_equal(env.aborted, TARGET_RAN);
	map_put(maps[0]);
	image_put(one);
	image_put(two);
}

static void test_tail_call_in_function(void **state)
{
	check_tail_call_in_function(false, false);
	check_tail_call_in_function(true, true);
	check_tail_call_in_function(true, false);
	check_tail_call_in_function(false, true);
}

/* A program that was reached by a tail call may nest 8 deep again, 33 times over. */
static void test_deepest_nesting(void **state)
{
	struct skep_map *maps[] = {make_map(SKEP_MAP_PROG_ARRAY, 4, 4, 1, 0)};
	struct skep_insn code[] = {
		COPY(6, 1),
		MOV(7, 7),
		COPY(2, 7),
		OP(CALL_LOCAL, 0, 0, 0, 1),
		EXIT,
		/* function(ctx, rest): nests until rest is 0, then calls the program again */
		COPY(6, 1),
		OP(ADD64_IMM, 2, 0, 0, -1),
		OP(JEQ64_IMM, 2, 0, 2, 0),
		OP(CALL_LOCAL, 0, 0, 0, -4),
		EXIT,
		TAIL_CALL(0),
		MOV(0, 77),
		EXIT,
	};
	struct image *image = MAKE(code, .maps = maps, .nr_maps = 1);

	put_image(maps[0], 0, image);
	assert_int_equal(image->run(image, &ctx), 77);
	assert_int_equal(env.aborted, TARGET_RAN);
	map_put(maps[0]);
	image_put(image);
}

/* bpf_loop(count, function, &sum, flags); function(i, &sum) adds i and stops at 100. */
static u64 run_loop(s32 count, s32 flags, s32 stop_at, u64 *sum, bool fast)
{
	struct skep_map *maps[] = {make_map(SKEP_MAP_ARRAY, 4, 8, 1, 0)};
	struct skep_insn code[] = {
		MOV(1, count),
		WIDE(LD_FUNC, 2, 6, 0),
		WIDE(LD_MAP_IDX_VALUE, 3, 0, 0),
		MOV(4, flags),
		CALL(181),
		EXIT,
		OP(JGE64_IMM, 1, 0, 4, stop_at),
		OP(LDX_DW, 3, 2, 0, 0),
		OP(ADD64_REG, 3, 1, 0, 0),
		OP(STX_DW, 2, 3, 0, 0),
		OP(JA, 0, 0, 2, 0),
		MOV(0, 1),
		EXIT,
		MOV(0, 0),
		EXIT,
	};
	u32 key = 0;
	u64 ret = RUN_ONCE(code, .maps = maps, .nr_maps = 1, .fast = fast);

	assert_int_equal(skep_map_lookup(maps[0], &key, sum), 0);
	map_put(maps[0]);
	return ret;
}

static void test_loop(void **state)
{
	u64 sum;

	assert_int_equal(run_loop(10, 0, 100, &sum, false), 10);
	assert_int_equal(sum, 45);
	assert_int_equal(run_loop(10, 0, 4, &sum, false), 5); /* the stopping round counts */
	assert_int_equal(sum, 6);
	assert_int_equal(run_loop(1 << 20, 0, 1 << 30, &sum, true), 1 << 20);
	assert_true(sum == (1ull << 20) * ((1ull << 20) - 1) / 2);
	assert_int_equal(run_loop(0, 0, 4, &sum, false), 0);
	assert_int_equal((s64)run_loop((1 << 23) + 1, 0, 4, &sum, false), -E2BIG);
	assert_int_equal((s64)run_loop(1, 1, 4, &sum, false), -EINVAL);
}

/* A fault or a spent budget in a callback ends the whole run. */
static void test_abort_in_callback(void **state)
{
	struct skep_insn fault[] = {
		MOV(1, 5), WIDE(LD_FUNC, 2, 6, 0), MOV(3, 0), MOV(4, 0), CALL(181), MOV(0, 3),
		EXIT,      OP(LDX_DW, 0, 2, 0, 0), EXIT,
	};
	struct skep_insn endless[] = {
		MOV(1, 5), WIDE(LD_FUNC, 2, 6, 0), MOV(3, 0), MOV(4, 0), CALL(181), MOV(0, 3),
		EXIT,      OP(JA, 0, 0, -1, 0),    EXIT,
	};

	assert_int_equal(RUN_ONCE(fault, .budget = 0), 0);
	assert_int_equal(env.aborted, TARGET_ABORT_MEMORY);
	assert_int_equal(env.fault.insn, 8);
	assert_int_equal(RUN_ONCE(endless, .budget = 5000, .fast = true), 0);
	assert_int_equal(env.aborted, TARGET_ABORT_BUDGET);
}

/* for_each_map_elem over a hash: the callback reads keys and values and deletes as it goes. */
static void test_for_each(void **state)
{
	struct skep_map *maps[] = {make_map(SKEP_MAP_HASH, 8, 8, 16, 0),
				   make_map(SKEP_MAP_ARRAY, 4, 8, 1, 0)};
	struct skep_insn code[] = {
		WIDE(LD_MAP_IDX, 1, 0, 0),
		WIDE(LD_FUNC, 2, 6, 0),
		WIDE(LD_MAP_IDX_VALUE, 3, 1, 0),
		MOV(4, 0),
		CALL(164),
		EXIT,
		OP(LDX_DW, 5, 2, 0, 0),
		OP(LDX_DW, 3, 3, 0, 0),
		OP(MUL64_REG, 5, 3, 0, 0),
		OP(ATOMIC_ADD64, 4, 5, 0, 0),
		CALL(3),
		MOV(0, 0),
		EXIT,
	};
	u64 sum, want = 0;
	u32 zero = 0;

	for (u64 key = 1; key <= 10; key++) {
		u64 value = key + 3;

		want += key * value;
		assert_int_equal(skep_map_update(maps[0], &key, &value, 0), 0);
	}
	assert_int_equal(RUN_ONCE(code, .maps = maps, .nr_maps = 2), 10);
	assert_int_equal(env.aborted, TARGET_RAN);
	assert_int_equal(skep_map_lookup(maps[1], &zero, &sum), 0);
	assert_int_equal(sum, want);
	assert_int_equal(skep_map_next_key(maps[0], NULL, &sum), -ENOENT);
	map_put(maps[0]);
	map_put(maps[1]);
}

/* lookup of key 0 of map 0 to r7 */
#define LOOKUP                                                                                     \
	OP(ST_W, 10, 0, -4, 0), COPY(2, 10), OP(ADD64_IMM, 2, 0, 0, -4),                           \
		WIDE(LD_MAP_IDX, 1, 0, 0), CALL(1), COPY(7, 0)

static void test_map_memory(void **state)
{
	struct skep_map *maps[] = {make_map(SKEP_MAP_ARRAY, 4, 12, 2, 0)};
	struct skep_insn good[] = {LOOKUP, OP(ST_DW, 7, 0, 4, 3), OP(LDX_W, 0, 7, 4, 0), EXIT};
	struct skep_insn beyond[] = {LOOKUP, OP(ST_DW, 7, 0, 8, 3), EXIT};
	struct skep_insn before[] = {LOOKUP, OP(LDX_B, 0, 7, -1, 0), EXIT};
	struct skep_insn key[] = {WIDE(LD_MAP_IDX, 1, 0, 0), COPY(2, 10),
				  OP(ADD64_IMM, 2, 0, 0, -2), CALL(1), EXIT};

	assert_int_equal(RUN_ONCE(good, .maps = maps, .nr_maps = 1), 3);
	assert_int_equal(env.aborted, TARGET_RAN);
	RUN_ONCE(beyond, .maps = maps, .nr_maps = 1);
	assert_int_equal(env.aborted, TARGET_ABORT_MEMORY);
	assert_int_equal(env.fault.insn, 7);
	RUN_ONCE(before, .maps = maps, .nr_maps = 1);
	assert_int_equal(env.aborted, TARGET_ABORT_MEMORY);
	RUN_ONCE(key, .maps = maps, .nr_maps = 1);
	assert_int_equal(env.aborted, TARGET_ABORT_MEMORY);
	assert_int_equal(env.fault.size, 4);
	map_put(maps[0]);
}

static void test_read_only_map(void **state)
{
	struct skep_map *maps[] = {make_map(SKEP_MAP_ARRAY, 4, 8, 1, SKEP_F_RDONLY_PROG)};
	struct skep_insn read[] = {LOOKUP, OP(LDX_DW, 0, 7, 0, 0), EXIT};
	struct skep_insn write[] = {LOOKUP, OP(ST_DW, 7, 0, 0, 1), EXIT};

	RUN_ONCE(read, .maps = maps, .nr_maps = 1);
	assert_int_equal(env.aborted, TARGET_RAN);
	RUN_ONCE(write, .maps = maps, .nr_maps = 1);
	assert_int_equal(env.aborted, TARGET_ABORT_MEMORY);
	assert_true(env.fault.is_write);
	map_put(maps[0]);
}

static void test_fast_equals_checked(void **state)
{
	struct skep_map *maps[] = {make_map(SKEP_MAP_HASH, 4, 8, 4, 0)};
	struct skep_insn code[] = {
		/* update(map, &0, &7, ANY), lookup, delete, lookup again */
		OP(ST_W, 10, 0, -4, 0),
		OP(ST_DW, 10, 0, -16, 7),
		COPY(2, 10),
		OP(ADD64_IMM, 2, 0, 0, -4),
		COPY(3, 10),
		OP(ADD64_IMM, 3, 0, 0, -16),
		WIDE(LD_MAP_IDX, 1, 0, 0),
		MOV(4, 0),
		CALL(2),
		COPY(8, 0),
		LOOKUP,
		OP(LDX_DW, 9, 7, 0, 0),
		COPY(2, 10),
		OP(ADD64_IMM, 2, 0, 0, -4),
		WIDE(LD_MAP_IDX, 1, 0, 0),
		CALL(3),
		OP(ADD64_REG, 8, 0, 0, 0),
		LOOKUP,
		OP(JEQ64_IMM, 7, 0, 1, 0),
		MOV(9, 0),
		COPY(0, 9),
		OP(ADD64_REG, 0, 8, 0, 0),
		EXIT,
	};

	assert_int_equal(RUN_ONCE(code, .maps = maps, .nr_maps = 1), 7);
	assert_int_equal(env.aborted, TARGET_RAN);
	assert_int_equal(RUN_ONCE(code, .maps = maps, .nr_maps = 1, .fast = true), 7);
	map_put(maps[0]);
}

struct watched {
	u32 insns[64], depths[64], nr;
	u64 r0_at_exit;
};

static void watch(void *arg, const struct interp_view *view)
{
	struct watched *watched = arg;

	assert_true(watched->nr < ARRAY_SIZE(watched->insns));
	watched->insns[watched->nr] = view->insn;
	watched->depths[watched->nr++] = view->depth;
	watched->r0_at_exit = view->regs[0];
	assert_ptr_equal(view->stack + SKEP_STACK_SIZE, (void *)(uintptr_t)view->regs[10]);
}

static void test_observer(void **state)
{
	struct skep_insn code[] = {
		MOV(0, 1), OP(CALL_LOCAL, 0, 0, 0, 2), OP(ADD64_IMM, 0, 0, 0, 1),
		EXIT,      OP(ADD64_IMM, 0, 0, 0, 4),  EXIT,
	};
	const u32 insns[] = {0, 1, 4, 5, 2, 3}, depths[] = {0, 0, 1, 1, 0, 0};
	struct watched watched = {0};
	const struct interp_observer observer = {.each = watch, .arg = &watched};
	struct image *image = MAKE(code, .fast = true);

	assert_int_equal(interp_run_observed(image, &ctx, &observer), 6);
	assert_int_equal(watched.nr, ARRAY_SIZE(insns));
	assert_memory_equal(watched.insns, insns, sizeof(insns));
	assert_memory_equal(watched.depths, depths, sizeof(depths));
	assert_int_equal(watched.r0_at_exit, 6);
	image_put(image);
}

/* What a run finds in the env, and that it leaves the env as it was. */
static u32 image_id_seen;

static void see_image(void *arg, const struct interp_view *view)
{
	image_id_seen = helper_env->image->id;
}

static void test_env(void **state)
{
	struct skep_insn code[] = {MOV(0, 1), EXIT};
	const struct interp_observer observer = {.each = see_image};
	struct image *image = MAKE(code, .budget = 0);

	env.image = NULL;
	interp_run_observed(image, &ctx, &observer);
	assert_int_equal(image_id_seen, image->id);
	assert_null(env.image);
	assert_null(env.call);
	image_put(image);
}

static void test_dump(void **state)
{
	struct skep_insn code[] = {WIDE(LD_IMM64, 1, 1, 1), MOV(0, 1), CALL(5), EXIT};
	struct image *image = MAKE(code, .budget = 0);
	struct buf out = {0};

	assert_int_equal(target_find("interp")->dump(image, &out), 0);
	assert_contains(buf_text(&out), "0: LD_IMM64");
	assert_contains(buf_text(&out), "2: MOV64_IMM");
	assert_contains(buf_text(&out), "4: EXIT");
	assert_null(strstr(buf_text(&out), "1: "));
	buf_free(&out);
	image_put(image);
}

static void test_list(void **state)
{
	assert_ptr_equal(target_find("interp"), &target_interp);
	assert_null(target_find("z80"));
	assert_non_null(target_list()[0]);
	for (u32 reason = 0; reason < TARGET_ABORT_MAX; reason++)
		assert_non_null(target_abort_name((enum target_abort)reason));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, reset, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_budget),
		TEST(test_depth),
		TEST(test_tail_call_limit),
		TEST(test_tail_call_misses),
		TEST(test_tail_call_across_hooks),
		TEST(test_tail_call_in_function),
		TEST(test_deepest_nesting),
		TEST(test_loop),
		TEST(test_abort_in_callback),
		TEST(test_for_each),
		TEST(test_map_memory),
		TEST(test_read_only_map),
		TEST(test_fast_equals_checked),
		TEST(test_observer),
		TEST(test_env),
		TEST(test_dump),
		TEST(test_list),
	};

	return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}

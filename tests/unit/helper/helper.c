/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Bodies against the table, and what no kernel can be asked about: clocks, random, redirects. */
#include "../test.h"

#include <errno.h>

#include "base/cpu.h"
#include "helper/body.h"
#include "helper/context.h"
#include "helper/env.h"
#include "insn/helper.h"

#define TAIL_CALL 12

static void test_table(void **state)
{
	for (u32 id = 1; id <= helper_count(); id++) {
		bool promised = helper_find(id)->flags & HELPER_IMPL;

		if (id != TAIL_CALL && promised != !!helper_body(id))
			fail_msg("%s: helper.def and body.def disagree", helper_find(id)->name);
	}
	assert_true(helper_find(TAIL_CALL)->flags & HELPER_IMPL);
	assert_null(helper_body(TAIL_CALL));
	assert_null(helper_body(0));
	assert_null(helper_body(helper_count() + 1));
	assert_null(helper_body(UINT32_MAX));
}

static u64 call(u32 id, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return helper_body(id)(r1, r2, r3, r4, r5);
}

#define CALL0(id) call(id, 0, 0, 0, 0, 0)

static void test_clocks(void **state)
{
	static const u32 clocks[] = {5, 125, 160, 208, 118};
	u64 monotonic;

	for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
		u64 first = CALL0(clocks[i]);

		assert_true(first > 0);
		assert_true(CALL0(clocks[i]) >= first);
		assert_true(CALL0(clocks[i]) - first < 10000000000);
	}
	monotonic = CALL0(5);
	assert_true(CALL0(125) >= monotonic); /* boot time counts sleep as well */
}

static void test_random(void **state)
{
	struct helper_env one, two, three;
	u32 differ = 0, bits_set = 0;

	helper_env_init(&one, 7);
	helper_env_init(&two, 7);
	helper_env_init(&three, 8);
	for (int i = 0; i < 1000; i++) {
		u64 a, b, c;

		helper_env = &one;
		a = CALL0(7);
		helper_env = &two;
		b = CALL0(7);
		helper_env = &three;
		c = CALL0(7);
		assert_true(a == b && a <= UINT32_MAX);
		differ += a != c;
		bits_set += (u32)__builtin_popcountll(a);
	}
	helper_env = NULL;
	assert_true(differ > 990);
	assert_in_range(bits_set, 15500, 16500);
}

static void test_cpu(void **state)
{
	char name[8];

	cpu_self = 3;
	assert_int_equal(CALL0(8), 3);
	memset(name, 'x', sizeof(name));
	assert_int_equal(call(16, (u64)(uintptr_t)name, sizeof(name), 0, 0, 0), 0);
	assert_string_equal(name, "swapper");
	cpu_self = 0;
	assert_int_equal(CALL0(14), 0);
	assert_int_equal(CALL0(15), 0);
	assert_true(CALL0(42) < 1024);
}

/* At tc the verdict is TC_ACT_REDIRECT and ingress a legal direction. */
static void test_redirect_tc(void **state)
{
	struct image image = {.hook = SKEP_HOOK_TC_INGRESS};
	struct helper_env env;

	helper_env_init(&env, 1);
	env.image = &image;
	helper_env = &env;
	assert_int_equal(call(23, 9, 1, 0, 0, 0), 7);
	assert_true(env.redirect.set && env.redirect.flags == 1);
	assert_int_equal(env.redirect.to.ifindex, 9);
	assert_int_equal(call(23, 9, 2, 0, 0, 0), 2);
	image.hook = SKEP_HOOK_XDP;
	assert_int_equal(call(23, 9, 1, 0, 0, 0), 0);
	helper_env = NULL;
}

/* A driver without metadata has data_meta behind data. */
static void test_no_metadata(void **state)
{
	struct xdp_context ctx = {.md = {.data = 1256, .data_meta = 1257, .data_end = 1356},
				  .hard_start = 1000,
				  .frame_end = 2000};
	u64 r1 = (u64)(uintptr_t)&ctx;

	assert_int_equal((s64)call(54, r1, (u64)-4, 0, 0, 0), -524);
	assert_int_equal((s64)call(44, r1, (u64)-217, 0, 0, 0), -EINVAL);
	assert_int_equal((s64)call(44, r1, (u64)-216, 0, 0, 0), 0);
	assert_int_equal(ctx.md.data, 1040);
	assert_true(ctx.md.data_meta > ctx.md.data);
}

static void test_strncmp(void **state)
{
#define STRNCMP(a, n, b) (s64) call(182, (u64)(uintptr_t)(a), n, (u64)(uintptr_t)(b), 0, 0)
	assert_int_equal(STRNCMP("abc", 4, "abc"), 0);
	assert_int_equal(STRNCMP("abd", 4, "abc"), 1);
	assert_int_equal(STRNCMP("abb", 4, "abc"), -1);
	assert_int_equal(STRNCMP("abb", 2, "abc"), 0);
	assert_int_equal(STRNCMP("ab\0x", 4, "ab\0y"), 0);
	assert_int_equal(STRNCMP("\xff", 1, "a"), 1);
}

static void test_percpu_lookup(void **state)
{
	const struct skep_map_def def = {.name = "counters",
					 .type = SKEP_MAP_PERCPU_ARRAY,
					 .key_size = 4,
					 .value_size = 8,
					 .max_entries = 2};
	struct skep_map *map;
	u32 key = 1;
	u64 r2 = (u64)(uintptr_t)&key, r1;

	assert_int_equal(map_create(&def, &map, NULL), 0);
	r1 = (u64)(uintptr_t)map;
	assert_true(call(195, r1, r2, 0, 0, 0) == call(1, r1, r2, 0, 0, 0));
	assert_true(call(195, r1, r2, map->nr_cpus, 0, 0) == 0);
	if (map->nr_cpus > 1)
		assert_true(call(195, r1, r2, 1, 0, 0) != call(1, r1, r2, 0, 0, 0));
	key = 2;
	assert_true(call(195, r1, r2, 0, 0, 0) == 0);
	map_put(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),       cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_random),      cmocka_unit_test(test_cpu),
		cmocka_unit_test(test_redirect_tc), cmocka_unit_test(test_no_metadata),
		cmocka_unit_test(test_strncmp),     cmocka_unit_test(test_percpu_lookup),
	};

	return cmocka_run_group_tests_name("helper", tests, NULL, NULL);
}

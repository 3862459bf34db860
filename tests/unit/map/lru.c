/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fixture.h"

static void test_definitions(void **state)
{
	const u32 lru = SKEP_MAP_LRU_HASH, percpu = SKEP_MAP_LRU_PERCPU_HASH;

	assert_int_equal(try_create(lru, 4, 4, 1, 0), 0);
	assert_int_equal(try_create(lru, 4, 4, 1, SKEP_F_NO_COMMON_LRU), 0);
	assert_int_equal(try_create(lru, 4, 4, 1, SKEP_F_NO_PREALLOC), -ENOTSUPP);
	assert_int_equal(try_create(lru, 4, 4, 1, SKEP_F_NUMA_NODE), 0);
	assert_int_equal(try_create(percpu, 4, 4, 1, SKEP_F_NUMA_NODE), -EINVAL);
	assert_int_equal(try_create(percpu, 4, 32769, 1, 0), -E2BIG);
}

/* A full map takes every new key; what programs look up stays, what nobody does goes. */
static void test_eviction(void **state)
{
	enum { N = 100 };
	struct skep_map *map = make_map(SKEP_MAP_LRU_HASH, 4, 8, N, 0);
	u32 key, present = 0;
	u64 value;

	for (key = 0; key < 100 * N; key++) {
		value = key;
		assert_int_equal(map->ops->update(map, &key, &value, SKEP_NOEXIST), 0);
		for (u32 hot = 0; hot < 10 && hot <= key; hot++) {
			u64 *found = map->ops->lookup(map, &hot);

			assert_non_null(found);
			assert_int_equal(*found, hot);
		}
	}
	for (key = 0; key < 100 * N; key++)
		present += !skep_map_lookup(map, &key, &value);
	assert_int_equal(present, N);
	map_put(map);
}

/* The control side's look-ups do not count as use. */
static void test_control_side_does_not_keep(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_LRU_HASH, 4, 4, 4, 0);
	u32 key = 0, value = 1;

	assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), 0);
	for (key = 1; key < 100; key++) {
		(void)skep_map_lookup(map, &(u32){0}, &value);
		assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), 0);
	}
	assert_int_equal(skep_map_lookup(map, &(u32){0}, &value), -ENOENT);
	map_put(map);
}

static void test_percpu(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_LRU_PERCPU_HASH, 4, 8, 2, 0);
	u64 values[CPU_MAX], zero[CPU_MAX] = {0};
	u32 cpus = cpu_count();

	memset(values, 0xff, sizeof(values));
	for (u32 key = 0; key < 10; key++)
		assert_int_equal(skep_map_update(map, &key, values, SKEP_ANY), 0);
	/* another key's values do not shine through */
	assert_int_equal(map->ops->update(map, &(u32){77}, &(u64){0}, SKEP_ANY), 0);
	assert_int_equal(skep_map_lookup(map, &(u32){77}, values), 0);
	assert_memory_equal(values, zero, 8 * cpus);
	map_put(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_eviction),
		cmocka_unit_test(test_control_side_does_not_keep),
		cmocka_unit_test(test_percpu),
	};

	return cmocka_run_group_tests_name("lru", tests, NULL, NULL);
}

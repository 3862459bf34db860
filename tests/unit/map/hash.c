/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fixture.h"

static void test_definitions(void **state)
{
	const u32 hash = SKEP_MAP_HASH, percpu = SKEP_MAP_PERCPU_HASH;

	assert_int_equal(try_create(hash, 4, 4, 1, 0), 0);
	assert_int_equal(try_create(hash, 0, 4, 1, 0), -EINVAL);
	assert_int_equal(try_create(hash, 4, 0, 1, 0), -EINVAL);
	assert_int_equal(try_create(hash, 4, 4, 0, 0), -EINVAL);
	assert_int_equal(try_create(hash, 4, 4, 1, SKEP_F_NO_PREALLOC | SKEP_F_ZERO_SEED), 0);
	assert_int_equal(try_create(hash, 4, 4, 1, SKEP_F_NO_COMMON_LRU), -EINVAL);
	assert_int_equal(try_create(hash, 4, 4, 1, SKEP_F_MMAPABLE), -EINVAL);
	assert_int_equal(try_create(hash, 4, 4194251, 1, 0), 0);
	assert_int_equal(try_create(hash, 4, 4194252, 1, 0), -E2BIG);
	assert_int_equal(try_create(hash, UINT32_MAX, UINT32_MAX, 1, 0), -E2BIG);
	assert_int_equal(try_create(hash, 4, 4, (1u << 27) + 1, 0), -E2BIG);
	assert_int_equal(try_create(percpu, 4, 32768, 1, 0), 0);
	assert_int_equal(try_create(percpu, 4, 32769, 1, 0), -E2BIG);
	assert_int_equal(try_create(percpu, 4, 4, 1, SKEP_F_NUMA_NODE), -EINVAL);
}

static void test_update_codes(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_HASH, 4, 8, 2, 0);
	u64 value = 7, got = 0;
	u32 key = 1;

	assert_int_equal(skep_map_update(map, &key, &value, SKEP_EXIST), -ENOENT);
	assert_int_equal(skep_map_delete(map, &key), -ENOENT);
	assert_int_equal(skep_map_lookup(map, &key, &got), -ENOENT);
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_NOEXIST), 0);
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_NOEXIST), -EEXIST);
	assert_int_equal(skep_map_update(map, &key, &value, 3), -EINVAL);
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_F_LOCK), -EINVAL);
	assert_int_equal(map->ops->update(map, &key, &value, SKEP_F_LOCK), -EINVAL);
	value = 8;
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_EXIST), 0);
	assert_int_equal(skep_map_lookup(map, &key, &got), 0);
	assert_int_equal(got, 8);
	key = 2;
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), 0);
	key = 3;
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), -E2BIG);
	key = 2;
	for (int i = 0; i < 100; i++)
		assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), 0);
	assert_int_equal(skep_map_delete(map, &key), 0);
	key = 3;
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), 0);
	map_put(map);
}

/* All key sizes up to two words and some: keys that differ in one byte only are different. */
static void test_key_sizes(void **state)
{
	const u32 sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 15, 16, 17, 24, 63, 512};
	u8 key[512];

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct skep_map *map = make_map(SKEP_MAP_HASH, sizes[i], 4, 1024, 0);
		u32 got;

		for (u32 at = 0; at < sizes[i]; at++) {
			memset(key, 0x55, sizeof(key));
			key[at] ^= 0x80;
			assert_int_equal(skep_map_update(map, key, &at, SKEP_NOEXIST), 0);
		}
		for (u32 at = 0; at < sizes[i]; at++) {
			memset(key, 0x55, sizeof(key));
			assert_int_equal(skep_map_lookup(map, key, &got), -ENOENT);
			key[at] ^= 0x80;
			/* what lies behind the key is not looked at */
			memset(key + sizes[i], 0xff, sizeof(key) - sizes[i]);
			assert_int_equal(skep_map_lookup(map, key, &got), 0);
			assert_int_equal(got, at);
		}
		map_put(map);
	}
}

static void test_fill_and_iterate(void **state)
{
	enum { N = 5000 };
	struct skep_map *map = make_map(SKEP_MAP_HASH, 8, 8, N, 0);
	u64 key, sum = 0;
	int count = 0;

	for (key = 0; key < N; key++)
		assert_int_equal(skep_map_update(map, &key, &key, SKEP_NOEXIST), 0);
	assert_int_equal(skep_map_update(map, &key, &key, SKEP_NOEXIST), -E2BIG);
	for (key = 0; key < N; key++)
		assert_int_equal(*(u64 *)map->ops->lookup(map, &key), key);
	for (int err = skep_map_next_key(map, NULL, &key); !err;
	     err = skep_map_next_key(map, &key, &key)) {
		sum += key;
		count++;
	}
	assert_int_equal(count, N);
	assert_int_equal(sum, (u64)N * (N - 1) / 2);
	for (key = 0; key < N; key++)
		assert_int_equal(skep_map_delete(map, &key), 0);
	assert_int_equal(skep_map_next_key(map, NULL, &key), -ENOENT);
	map_put(map);
}

/* An update replaces the element: a pointer from before keeps the old value until re-use. */
static void test_update_replaces(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_HASH, 4, 8, 4, 0);
	u32 key = 1;
	u64 *old;

	assert_int_equal(map->ops->update(map, &key, &(u64){1}, SKEP_ANY), 0);
	old = map->ops->lookup(map, &key);
	assert_int_equal(map->ops->update(map, &key, &(u64){2}, SKEP_ANY), 0);
	assert_int_equal(*old, 1);
	assert_ptr_not_equal(map->ops->lookup(map, &key), old);
	assert_int_equal(*(u64 *)map->ops->lookup(map, &key), 2);
	map_put(map);
}

/* A program's insertion sets its CPU's value and zeroes the others'; its update keeps them. */
static void test_percpu(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_PERCPU_HASH, 4, 8, 1, 0);
	u64 values[CPU_MAX], got[CPU_MAX];
	u32 key = 1, cpus = cpu_count();

	memset(values, 0xff, sizeof(values));
	assert_int_equal(skep_map_update(map, &key, values, SKEP_ANY), 0);
	assert_int_equal(skep_map_delete(map, &key), 0);
	cpu_self = cpus - 1;
	assert_int_equal(map->ops->update(map, &key, &(u64){3}, SKEP_NOEXIST), 0);
	memset(values, 0, sizeof(values));
	values[cpus - 1] = 3;
	assert_int_equal(skep_map_lookup(map, &key, got), 0);
	assert_memory_equal(got, values, 8 * cpus);
	cpu_self = 0;
	assert_int_equal(map->ops->update(map, &key, &(u64){4}, SKEP_EXIST), 0);
	values[0] = 4;
	assert_int_equal(skep_map_lookup(map, &key, got), 0);
	assert_memory_equal(got, values, 8 * cpus);
	assert_int_equal(*(u64 *)map->ops->lookup_cpu(map, &key, cpus - 1), cpus > 1 ? 3 : 4);
	assert_null(map->ops->lookup_cpu(map, &key, cpus));
	assert_true(map_contains(map, map->ops->lookup_cpu(map, &key, cpus - 1), 8));
	assert_false(map_contains(map, map->ops->lookup(map, &key), 9));
	map_put(map);
}

static void test_contains(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_HASH, 5, 12, 10, 0);
	char key[5] = "abcd", *value;

	assert_int_equal(skep_map_update(map, key, "twelve bytes", SKEP_ANY), 0);
	value = map->ops->lookup(map, key);
	assert_memory_equal(value, "twelve bytes", 12);
	assert_true(map_contains(map, value, 12));
	assert_false(map_contains(map, value, 13));
	assert_false(map_contains(map, value - 1, 1));
	assert_false(map_contains(map, value + 12, 1));
	map_put(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definitions),     cmocka_unit_test(test_update_codes),
		cmocka_unit_test(test_key_sizes),       cmocka_unit_test(test_fill_and_iterate),
		cmocka_unit_test(test_update_replaces), cmocka_unit_test(test_percpu),
		cmocka_unit_test(test_contains),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}

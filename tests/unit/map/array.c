/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fixture.h"

static void test_definitions(void **state)
{
	const u32 array = SKEP_MAP_ARRAY, percpu = SKEP_MAP_PERCPU_ARRAY;

	assert_int_equal(try_create(array, 4, 4, 1, 0), 0);
	assert_int_equal(try_create(array, 4, 4, 0, 0), -EINVAL);
	assert_int_equal(try_create(array, 8, 4, 1, 0), -EINVAL);
	assert_int_equal(try_create(array, 4, 0, 1, 0), -EINVAL);
	assert_int_equal(try_create(array, 4, 4, 1, SKEP_F_NO_PREALLOC), -EINVAL);
	assert_int_equal(try_create(array, 4, 4, 1, SKEP_F_MMAPABLE | SKEP_F_INNER_MAP), 0);
	assert_int_equal(try_create(array, 4, 4, 1, SKEP_F_PRESERVE_ELEMS), -EINVAL);
	assert_int_equal(try_create(array, 4, 4, 1, SKEP_F_RDONLY | SKEP_F_WRONLY), -EINVAL);
	assert_int_equal(try_create(array, 4, 4, 1, SKEP_F_RDONLY_PROG | SKEP_F_WRONLY_PROG),
			 -EINVAL);
	assert_int_equal(try_create(array, 4, 0x80000000u, 1, 0), -E2BIG);
	assert_int_equal(try_create(array, 4, 0x7fffffffu, UINT32_MAX, 0), -ENOMEM);
	assert_int_equal(try_create(percpu, 4, 32768, 1, 0), 0);
	assert_int_equal(try_create(percpu, 4, 32769, 1, 0), -E2BIG);
	assert_int_equal(try_create(percpu, 4, 8, 1, SKEP_F_MMAPABLE), -EINVAL);
	assert_int_equal(try_create(percpu, 4, 8, 1, SKEP_F_NUMA_NODE), -EINVAL);
}

static void test_names(void **state)
{
	struct skep_map_def def = map_def(SKEP_MAP_ARRAY, 4, 4, 1, 0);

	strcpy(def.name, ".rodata.str1_1");
	assert_int_equal(create_result(&def), 0);
	strcpy(def.name, "no spaces");
	assert_int_equal(create_result(&def), -EINVAL);
	memset(def.name, 'a', sizeof(def.name));
	assert_int_equal(create_result(&def), -EINVAL);
	def = map_def(SKEP_MAP_ARRAY, 4, 4, 1, 0);
	def.map_extra = 1;
	assert_int_equal(create_result(&def), -EINVAL);
	def = map_def(SKEP_MAP_ARRAY, 4, 4, 1, SKEP_F_NUMA_NODE);
	def.numa_node = 4711;
	assert_int_equal(create_result(&def), -EINVAL);
}

static void test_types(void **state)
{
	assert_int_equal(try_create(0, 4, 4, 1, 0), -EINVAL);
	assert_int_equal(try_create(1000, 4, 4, 1, 0), -EINVAL);
	assert_int_equal(try_create(SKEP_MAP_CGRP_STORAGE, 4, 4, 1, 0), -EOPNOTSUPP);
	assert_string_equal(skep_map_type_name(SKEP_MAP_PERCPU_ARRAY), "percpu_array");
	assert_null(skep_map_type_name(SKEP_MAP_TYPE_MAX));
	assert_int_equal(map_type_count(), SKEP_MAP_TYPE_MAX);
	for (u32 type = 1; type < map_type_count(); type++) {
		assert_non_null(skep_map_type_name(type));
		assert_int_equal(skep_map_type_find(skep_map_type_name(type)), type);
	}
	assert_int_equal(skep_map_type_find("no such type"), SKEP_MAP_UNSPEC);
}

static void test_update_codes(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_ARRAY, 4, 4, 2, 0);
	u32 key = 1, value = 7, got = 0;

	assert_int_equal(skep_map_update(map, &key, &value, SKEP_NOEXIST), -EEXIST);
	assert_int_equal(skep_map_update(map, &key, &value, 3), -EINVAL);
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_F_LOCK), -EINVAL);
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_EXIST), 0);
	assert_int_equal(skep_map_lookup(map, &key, &got), 0);
	assert_int_equal(got, 7);
	assert_int_equal(skep_map_delete(map, &key), -EINVAL);
	key = 2;
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), -E2BIG);
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_NOEXIST), -E2BIG);
	assert_int_equal(map->ops->update(map, &key, &value, 3), -EINVAL);
	assert_int_equal(skep_map_lookup(map, &key, &got), -ENOENT);
	assert_null(map->ops->lookup(map, &key));
	map_put(map);
}

static void test_next_key(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_ARRAY, 4, 4, 2, 0);
	u32 key = 99, next = 99;

	assert_int_equal(skep_map_next_key(map, NULL, &next), 0);
	assert_int_equal(next, 0);
	assert_int_equal(skep_map_next_key(map, &key, &next), 0);
	assert_int_equal(next, 0);
	assert_int_equal(skep_map_next_key(map, &next, &next), 0);
	assert_int_equal(next, 1);
	assert_int_equal(skep_map_next_key(map, &next, &next), -ENOENT);
	assert_int_equal(next, 1);
	map_put(map);
}

/* What a translator may compute is what lookups return. */
static void test_layout(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_PERCPU_ARRAY, 4, 12, 10, 0);
	char *base;
	u32 stride, cpus = cpu_count();

	assert_int_equal(skep_map_value_bytes(map), 16 * cpus);
	base = map->ops->direct(map, &stride);
	assert_int_equal(stride, 16);
	assert_int_equal(map->cpu_stride % 64, 0);
	for (u32 cpu = 0; cpu < cpus; cpu++)
		for (u32 key = 0; key < 10; key++) {
			cpu_self = cpu;
			assert_ptr_equal(map->ops->lookup(map, &key),
					 base + cpu * map->cpu_stride + key * stride);
			assert_ptr_equal(map->ops->lookup_cpu(map, &key, cpu),
					 map->ops->lookup(map, &key));
		}
	cpu_self = cpus;
	assert_null(map->ops->lookup(map, &(u32){0}));
	cpu_self = 0;
	map_put(map);
}

static void test_percpu_values(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_PERCPU_ARRAY, 4, 8, 3, 0);
	u32 key = 2, cpus = cpu_count();
	u64 values[CPU_MAX], got[CPU_MAX] = {0};

	for (u32 cpu = 0; cpu < cpus; cpu++)
		values[cpu] = 100 + cpu;
	assert_int_equal(skep_map_update(map, &key, values, SKEP_ANY), 0);
	for (u32 cpu = 0; cpu < cpus; cpu++) {
		cpu_self = cpu;
		assert_int_equal(*(u64 *)map->ops->lookup(map, &key), 100 + cpu);
	}
	cpu_self = cpus - 1;
	assert_int_equal(map->ops->update(map, &key, &(u64){5}, SKEP_ANY), 0);
	cpu_self = 0;
	assert_int_equal(skep_map_lookup(map, &key, got), 0);
	values[cpus - 1] = 5;
	assert_memory_equal(got, values, 8 * cpus);
	map_put(map);
}

static void test_contains(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_ARRAY, 4, 12, 2, 0);
	char *value = map->ops->lookup(map, &(u32){1});

	assert_true(map_contains(map, value, 12));
	assert_true(map_contains(map, value + 11, 1));
	assert_false(map_contains(map, value + 11, 2));
	assert_false(map_contains(map, value + 12, 1));
	assert_false(map_contains(map, value + 16, 1));
	assert_false(map_contains(map, value - 17, 1));
	assert_true(map_contains(map, value - 16, 12));
	assert_false(map_contains(map, value - 16, SIZE_MAX));
	assert_false(map_contains(map, map, 1));
	map_put(map);
}

static void test_permissions(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_ARRAY, 4, 4, 2, SKEP_F_RDONLY);
	u32 key = 0, value = 1;

	assert_int_equal(skep_map_update(map, &key, &value, 0), -EPERM);
	assert_int_equal(skep_map_delete(map, &key), -EPERM);
	assert_int_equal(skep_map_lookup(map, &key, &value), 0);
	assert_int_equal(map->ops->update(map, &key, &value, 0), 0);
	map_put(map);

	map = make_map(SKEP_MAP_ARRAY, 4, 4, 2, SKEP_F_WRONLY);
	assert_int_equal(skep_map_lookup(map, &key, &value), -EPERM);
	assert_int_equal(skep_map_next_key(map, NULL, &value), -EPERM);
	assert_int_equal(skep_map_update(map, &key, &value, 0), 0);
	map_put(map);

	map = make_map(SKEP_MAP_ARRAY, 4, 4, 2, 0);
	assert_false(skep_map_is_frozen(map));
	assert_int_equal(skep_map_freeze(map), 0);
	assert_int_equal(skep_map_freeze(map), -EPERM);
	assert_true(skep_map_is_frozen(map));
	assert_int_equal(skep_map_update(map, &key, &value, 0), -EPERM);
	assert_int_equal(skep_map_delete(map, &key), -EPERM);
	assert_int_equal(skep_map_lookup(map, &key, &value), 0);
	map_put(map);
}

/* A map of 8 GiB costs what is touched. */
static void test_huge_map_is_lazy(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_ARRAY, 4, 1 << 20, 8192, 0);
	u32 key = 8191;

	memset(map->ops->lookup(map, &key), 1, 8);
	assert_int_equal(*(u8 *)map->ops->lookup(map, &key), 1);
	map_put(map);
}

static void test_find_by_id(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_ARRAY, 4, 4, 1, 0);
	u32 id = skep_map_id(map);

	assert_ptr_equal(map_find(id), map);
	map_put(map);
	map_put(map);
	assert_null(map_find(id));
}

/* Helper ids of the uapi: 1 lookup, 2 update, 12 tail_call, 51 redirect_map, 195 percpu lookup. */
static void test_helper_compatibility(void **state)
{
	assert_true(map_type_allows(SKEP_MAP_HASH, 1));
	assert_true(map_type_allows(SKEP_MAP_ARRAY, 2));
	assert_false(map_type_allows(SKEP_MAP_HASH, 12));
	assert_true(map_type_allows(SKEP_MAP_PROG_ARRAY, 12));
	assert_false(map_type_allows(SKEP_MAP_PROG_ARRAY, 1));
	assert_true(map_type_allows(SKEP_MAP_DEVMAP, 1));
	assert_false(map_type_allows(SKEP_MAP_DEVMAP, 2));
	assert_true(map_type_allows(SKEP_MAP_DEVMAP_HASH, 51));
	assert_false(map_type_allows(SKEP_MAP_ARRAY, 51));
	assert_true(map_type_allows(SKEP_MAP_PERCPU_HASH, 195));
	assert_false(map_type_allows(SKEP_MAP_HASH, 195));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definitions),   cmocka_unit_test(test_names),
		cmocka_unit_test(test_types),         cmocka_unit_test(test_update_codes),
		cmocka_unit_test(test_next_key),      cmocka_unit_test(test_layout),
		cmocka_unit_test(test_percpu_values), cmocka_unit_test(test_contains),
		cmocka_unit_test(test_permissions),   cmocka_unit_test(test_huge_map_is_lazy),
		cmocka_unit_test(test_find_by_id),    cmocka_unit_test(test_helper_compatibility),
	};

	return cmocka_run_group_tests_name("array", tests, NULL, NULL);
}

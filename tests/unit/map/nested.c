/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fixture.h"

#include <unistd.h>

#include "map/segment.h"

static const u32 types[] = {SKEP_MAP_ARRAY_OF_MAPS, SKEP_MAP_HASH_OF_MAPS};

static struct skep_map *make_outer(u32 type, const struct skep_map_def *inner)
{
	struct skep_map_def def = map_def(type, 4, 4, 4, 0);
	struct skep_map *map = NULL;

	assert_int_equal(map_create_nested(&def, inner, &map, NULL), 0);
	return map;
}

static int try_nested(u32 type, u32 value_size, const struct skep_map_def *inner)
{
	struct skep_map_def def = map_def(type, 4, value_size, 4, 0);
	struct skep_map *map = NULL;
	struct skep_diag diag;
	int err;

	diag_init(&diag);
	err = map_create_nested(&def, inner, &map, &diag);
	assert_true(!err == !skep_diag_problem(&diag)[0]);
	map_put(map);
	diag_reset(&diag);
	return err;
}

static void test_definitions(void **state)
{
	struct skep_map_def inner = map_def(SKEP_MAP_HASH, 4, 8, 10, 0);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		assert_int_equal(try_nested(types[i], 4, &inner), 0);
		assert_int_equal(try_nested(types[i], 8, &inner), -EINVAL);
		assert_int_equal(try_create(types[i], 4, 4, 1, 0), -EINVAL);
	}
	assert_int_equal(try_nested(SKEP_MAP_ARRAY, 4, &inner), -EINVAL);
	inner = map_def(SKEP_MAP_PROG_ARRAY, 4, 4, 1, 0);
	assert_int_equal(try_nested(types[0], 4, &inner), -ENOTSUPP);
	inner = map_def(SKEP_MAP_ARRAY_OF_MAPS, 4, 4, 1, 0);
	assert_int_equal(try_nested(types[0], 4, &inner), -EINVAL);
	inner = map_def(SKEP_MAP_HASH, 0, 4, 1, 0);
	assert_int_equal(try_nested(types[0], 4, &inner), -EINVAL);
}

static void test_access(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct skep_map *inner = make_map(SKEP_MAP_ARRAY, 4, 8, 4, 0);
		struct skep_map *outer = make_outer(types[i], &inner->def);
		struct skep_map *other = make_map(SKEP_MAP_ARRAY, 4, 8, 5, 0);
		u32 key = 2, got = 0, id = inner->id;
		void *value;

		assert_int_equal(map_inner(outer)->max_entries, 4);
		assert_null(outer->ops->lookup(outer, &key));
		assert_int_equal(skep_map_update(outer, &key, &other->id, SKEP_ANY), -EINVAL);
		assert_int_equal(skep_map_update(outer, &key, &(u32){1 << 30}, SKEP_ANY), -EBADF);
		assert_int_equal(skep_map_update(outer, &key, &id, SKEP_ANY), 0);
		assert_int_equal(skep_map_lookup(outer, &key, &got), 0);
		assert_int_equal(got, id);
		assert_ptr_equal(outer->ops->lookup(outer, &key), inner);
		value = inner->ops->lookup(inner, &key);
		assert_true(map_contains(outer, value, 8));
		assert_false(map_contains(outer, value, 9));
		assert_int_equal(outer->ops->update(outer, &key, &id, 0), -EOPNOTSUPP);
		/* replaced by itself, and held by the outer map alone */
		assert_int_equal(skep_map_update(outer, &key, &id, SKEP_ANY), 0);
		map_put(inner);
		assert_int_equal(inner->refs, 1);
		assert_int_equal(skep_map_delete(outer, &key), 0);
		assert_null(map_find(id));
		assert_int_equal(skep_map_delete(outer, &key), -ENOENT);
		map_put(other);
		map_put(outer);
	}
}

static struct skep_map *resolved;

static void *resolve(void *arg, u32 id)
{
	return id == *(u32 *)arg ? map_get(resolved) : NULL;
}

static void test_rebind(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct skep_map *inner = make_map(SKEP_MAP_ARRAY, 4, 8, 4, 0);
		struct skep_map *gone = make_map(SKEP_MAP_ARRAY, 4, 8, 4, 0);
		struct skep_map *outer = make_outer(types[i], &inner->def);
		int fd = dup(map_fd(outer));
		u32 one = 1, two = 2, id = inner->id, got;

		assert_int_equal(skep_map_update(outer, &one, &id, SKEP_ANY), 0);
		assert_int_equal(skep_map_update(outer, &two, &gone->id, SKEP_ANY), 0);
		outer->segment->header->ids ^= 2;
		map_put(outer);
		assert_int_equal(map_reattach(fd, &outer, NULL), 0);
		close(fd);
		assert_int_equal(map_inner(outer)->max_entries, 4);
		assert_null(outer->ops->lookup(outer, &one));
		assert_int_equal(skep_map_update(outer, &one, &id, SKEP_ANY), -EPERM);
		resolved = make_map(SKEP_MAP_ARRAY, 4, 8, 4, 0);
		assert_int_equal(map_rebind(outer, resolve, &id), 0);
		assert_ptr_equal(outer->ops->lookup(outer, &one), resolved);
		assert_int_equal(skep_map_lookup(outer, &two, &got), -ENOENT);
		map_put(resolved);
		map_put(inner);
		map_put(gone);
		map_put(outer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_rebind),
	};

	return cmocka_run_group_tests_name("nested", tests, NULL, NULL);
}

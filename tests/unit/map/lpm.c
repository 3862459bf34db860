/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "fixture.h"

#include <unistd.h>

#include "map/segment.h"

struct key {
	u32 prefixlen;
	u8 data[4];
};

static void test_definitions(void **state)
{
	const u32 lpm = SKEP_MAP_LPM_TRIE, flags = SKEP_F_NO_PREALLOC;

	assert_int_equal(try_create(lpm, 8, 4, 1, flags), 0);
	assert_int_equal(try_create(lpm, 8, 4, 1, 0), -EINVAL);
	assert_int_equal(try_create(lpm, 4, 4, 1, flags), -EINVAL);
	assert_int_equal(try_create(lpm, 260, 4, 1, flags), 0);
	assert_int_equal(try_create(lpm, 261, 4, 1, flags), -EINVAL);
	assert_int_equal(try_create(lpm, 8, 4194024, 1, flags), 0);
	assert_int_equal(try_create(lpm, 8, 4194025, 1, flags), -EINVAL);
	assert_int_equal(try_create(lpm, 8, 4, 100000000, flags), 0);
}

static void test_codes(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_LPM_TRIE, 8, 4, 2, SKEP_F_NO_PREALLOC);
	struct key key = {33, {0}};
	u32 value = 1;

	assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), -EINVAL);
	assert_int_equal(skep_map_delete(map, &key), -EINVAL);
	assert_int_equal(skep_map_lookup(map, &key, &value), -ENOENT);
	key.prefixlen = 8;
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_EXIST), -ENOENT);
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_NOEXIST), 0);
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_NOEXIST), -EEXIST);
	key.prefixlen = 16;
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), 0);
	key.prefixlen = 24;
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), -ENOSPC);
	assert_int_equal(skep_map_delete(map, &key), -ENOENT);
	map_put(map);
}

/* The trivial implementation: a list of prefixes, the longest that fits. */
struct entry {
	bool used;
	struct key key;
	u32 value;
};

static bool fits(const struct key *prefix, const struct key *key)
{
	if (prefix->prefixlen > key->prefixlen)
		return false;
	for (u32 bit = 0; bit < prefix->prefixlen; bit++)
		if ((prefix->data[bit / 8] ^ key->data[bit / 8]) >> (7 - bit % 8) & 1)
			return false;
	return true;
}

static struct entry *trivial_find(struct entry *entries, size_t nr, const struct key *key,
				  bool same)
{
	struct entry *best = NULL;

	for (size_t i = 0; i < nr; i++)
		if (entries[i].used && fits(&entries[i].key, key) &&
		    (!same || entries[i].key.prefixlen == key->prefixlen) &&
		    (!best || entries[i].key.prefixlen > best->key.prefixlen))
			best = &entries[i];
	return best;
}

static void compare(struct skep_map *map, struct entry *entries, size_t nr, u32 *count)
{
	struct key key = {(u32)rand() % 33, {10, rand() % 3 * 64, rand() % 4, rand() % 256}};
	struct entry *same = trivial_find(entries, nr, &key, true), *best;
	u32 value = (u32)rand(), *found;

	switch (rand() % 4) {
	case 0:
		if (!same && *count == nr)
			break;
		for (size_t i = 0; !same && i < nr; i++)
			if (!entries[i].used)
				same = &entries[i];
		*count += !same->used;
		*same = (struct entry){true, key, value};
		assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), 0);
		break;
	case 1:
		assert_int_equal(skep_map_delete(map, &key), same ? 0 : -ENOENT);
		if (same)
			same->used = false;
		*count -= same != NULL;
		break;
	default:
		best = trivial_find(entries, nr, &key, false);
		found = map->ops->lookup(map, &key);
		assert_int_equal(!found, !best);
		if (found)
			assert_int_equal(*found, best->value);
	}
}

static void test_against_trivial(void **state)
{
	enum { NR = 60 };
	struct skep_map *map = make_map(SKEP_MAP_LPM_TRIE, 8, 4, NR, SKEP_F_NO_PREALLOC), *again;
	struct entry entries[NR] = {0};
	struct key key;
	u32 count = 0, seen = 0;

	srand(1);
	for (int i = 0; i < 50000; i++)
		compare(map, entries, NR, &count);
	for (int err = skep_map_next_key(map, NULL, &key); !err;
	     err = skep_map_next_key(map, &key, &key))
		seen++;
	assert_int_equal(seen, count);
	assert_int_equal(map_reattach(map_fd(map), &again, NULL), 0);
	for (int i = 0; i < 50000; i++)
		compare(again, entries, NR, &count);
	map_put(again);
	map_put(map);
}

static void test_broken(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_LPM_TRIE, 8, 4, 4, SKEP_F_NO_PREALLOC), *again;
	struct key key = {8, {10}};
	u32 *head = map->base, *node = (u32 *)((char *)map->base + 64);

	assert_int_equal(skep_map_update(map, &key, &(u32){1}, SKEP_ANY), 0);
	assert_int_equal(map_reattach(map_fd(map), &again, NULL), 0);
	map_put(again);
	node[0] = 1;
	assert_int_equal(map_reattach(map_fd(map), &again, NULL), -EINVAL);
	node[0] = 500;
	assert_int_equal(map_reattach(map_fd(map), &again, NULL), -EINVAL);
	node[0] = 0;
	node[2] = 99;
	assert_int_equal(map_reattach(map_fd(map), &again, NULL), -EINVAL);
	node[2] = 8;
	head[3] = 3;
	assert_int_equal(map_reattach(map_fd(map), &again, NULL), -EINVAL);
	head[3] = 1;
	/* a free list that begins far outside of the segment */
	head[4] = 0x7fffffff;
	assert_int_equal(map_reattach(map_fd(map), &again, NULL), -EINVAL);
	map_put(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_against_trivial),
		cmocka_unit_test(test_broken),
	};

	return cmocka_run_group_tests_name("lpm", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Many threads on one hash. What must hold at every moment:
 * - a value that is read belongs to the key, and is whole: all its words are of one update
 * - a key that is there all the time, and replaced all the time, is never missed
 * - at the end no element has been lost: the map takes exactly max_entries keys
 *
 * For data races: meson setup build-tsan -Db_sanitize=thread, then this test alone.
 */
#include "fixture.h"

#include <pthread.h>

enum { THREADS = 4, ENTRIES = 64, KEYS = 96, ALWAYS_THERE = 1000000 };

struct value {
	u64 key, nonce, both;
};

struct shared {
	struct skep_map *map;
	unsigned long rounds;
	_Atomic u64 found, missed, torn, full, updated;
	_Atomic u32 running;
};

struct thread {
	struct shared *shared;
	u64 random;
	u32 cpu;
};

static u32 random_below(struct thread *thread, u32 n)
{
	thread->random ^= thread->random << 13;
	thread->random ^= thread->random >> 7;
	thread->random ^= thread->random << 17;
	return (u32)((thread->random >> 32) % n);
}

static void value_make(struct thread *thread, u64 key, struct value *value)
{
	value->key = key;
	value->nonce = thread->random;
	value->both = value->key ^ value->nonce;
}

static void look(struct shared *shared, u64 key)
{
	struct value value;
	int err = skep_map_lookup(shared->map, &key, &value);
	const void *direct = shared->map->ops->lookup(shared->map, &key);

	if (direct && !map_contains(shared->map, direct, sizeof(value)))
		shared->torn++;
	if (key == ALWAYS_THERE && (err || !direct))
		shared->missed++;
	if (err)
		return;
	shared->found++;
	if (value.key != key || value.both != (value.key ^ value.nonce))
		shared->torn++;
}

static void change(struct thread *thread, struct shared *shared, u64 key)
{
	struct value value;
	int err;

	value_make(thread, key, &value);
	err = (int)shared->map->ops->update(shared->map, &key, &value, SKEP_ANY);
	if (err == -E2BIG)
		shared->full++;
	else if (err)
		shared->missed++;
	else
		shared->updated++;
}

static void *thread_run(void *arg)
{
	struct thread *thread = arg;
	struct shared *shared = thread->shared;

	cpu_self = thread->cpu;
	for (unsigned long i = 0; i < shared->rounds; i++) {
		u64 key = random_below(thread, KEYS);

		switch (random_below(thread, 8)) {
		case 0:
		case 1:
			change(thread, shared, key);
			break;
		case 2:
			change(thread, shared, ALWAYS_THERE);
			break;
		case 3:
		case 4:
			shared->map->ops->delete (shared->map, &key);
			break;
		case 5:
			look(shared, key);
			break;
		case 6:
			skep_map_next_key(shared->map, &key, &key);
			break;
		default:
			look(shared, ALWAYS_THERE);
		}
	}
	shared->running--;
	return NULL;
}

static void check_nothing_lost(struct skep_map *map)
{
	struct value value = {0};
	u32 count = 0;
	u64 key;

	while (!skep_map_next_key(map, NULL, &key))
		assert_int_equal(skep_map_delete(map, &key), 0);
	for (key = 0; !skep_map_update(map, &key, &value, SKEP_NOEXIST); key++)
		count++;
	assert_int_equal(count, map->def.max_entries);
	for (key = 0; key < count; key++)
		assert_int_equal(skep_map_lookup(map, &key, &value), 0);
}

static void stress(struct skep_map *map)
{
	const char *rounds = getenv("SKEP_ROUNDS");
	struct shared shared = {.map = map,
				.rounds = rounds ? strtoul(rounds, NULL, 0) : 1000000,
				.running = THREADS};
	struct thread threads[THREADS];
	pthread_t ids[THREADS];

	for (u32 i = 0; i < THREADS; i++)
		threads[i] =
			(struct thread){&shared, 0x9e3779b97f4a7c15ull * (i + 1), i % cpu_count()};
	change(&threads[0], &shared, ALWAYS_THERE);
	for (u32 i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&ids[i], NULL, thread_run, &threads[i]), 0);
	for (u32 i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	assert_int_equal(shared.running, 0);
	assert_int_equal(shared.missed, 0);
	assert_int_equal(shared.torn, 0);
	assert_true(shared.found > shared.rounds / 8);
	assert_true(shared.updated > shared.rounds / 8);
	check_nothing_lost(map);
	map_put(map);
}

static void test_hash(void **state)
{
	stress(make_map(SKEP_MAP_HASH, 8, sizeof(struct value), ENTRIES, 0));
}

/* One bucket, a handful of elements: every reader strays all the time. */
static void test_hash_crowded(void **state)
{
	stress(make_map(SKEP_MAP_HASH, 8, sizeof(struct value), 2, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_hash_crowded),
	};

	return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}

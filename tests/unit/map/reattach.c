/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps that are found again: by another process, after a death, or with nonsense inside. */
#include "fixture.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "map/hash.h"
#include "map/lock.h"
#include "map/segment.h"

static const u32 plain_types[] = {SKEP_MAP_ARRAY,  SKEP_MAP_PERCPU_ARRAY,
				  SKEP_MAP_HASH,   SKEP_MAP_PERCPU_HASH,
				  SKEP_MAP_DEVMAP, SKEP_MAP_DEVMAP_HASH};

/* In a child: attach anew, look at what the parent wrote, write an answer. */
static int child_visit(int fd)
{
	u64 value[CPU_MAX] = {0};
	struct skep_map *map;
	u32 key = 3;

	if (map_reattach(fd, &map, NULL))
		return 1;
	if (strcmp(map->def.name, "test") || map->def.max_entries != 100)
		return 2;
	if (skep_map_lookup(map, &key, value) || (u32)value[0] != 4711)
		return 3;
	value[0] = 4712;
	key = 4;
	if (map->ops->redirect)
		return skep_map_update(map, &key, value, SKEP_ANY) == -EPERM ? 0 : 4;
	if (skep_map_update(map, &key, value, SKEP_ANY))
		return 5;
	map_put(map);
	return 0;
}

static void test_across_fork(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(plain_types); i++) {
		u32 size = i < 4 ? 8 : 4, key = 3;
		struct skep_map *map = make_map(plain_types[i], 4, size, 100, 0);
		u64 value[CPU_MAX] = {4711};
		int status;
		pid_t pid;

		assert_int_equal(skep_map_update(map, &key, value, SKEP_ANY), 0);
		pid = fork();
		if (!pid)
			_exit(child_visit(map_fd(map)));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		key = 4;
		if (!map->ops->redirect) {
			assert_int_equal(skep_map_lookup(map, &key, value), 0);
			assert_int_equal(value[0], 4712);
		}
		map_put(map);
	}
}

static void test_outlives_its_map(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_HASH, 8, 16, 1000, 0);
	char value[16] = "sixteen bytes..", got[16];
	int fd = dup(map_fd(map));

	for (u64 key = 0; key < 1000; key++)
		assert_int_equal(skep_map_update(map, &key, value, SKEP_ANY), 0);
	for (u64 key = 0; key < 1000; key += 2)
		assert_int_equal(skep_map_delete(map, &key), 0);
	assert_int_equal(skep_map_freeze(map), 0);
	map_put(map);
	assert_int_equal(map_reattach(fd, &map, NULL), 0);
	close(fd);
	assert_true(skep_map_is_frozen(map));
	for (u64 key = 0; key < 1000; key++)
		assert_int_equal(skep_map_lookup(map, &key, got), key % 2 ? 0 : -ENOENT);
	map_put(map);
}

static struct image *resolved; /* what resolve() gives for id `resolved_id` */
static u32 resolved_id;

static void *resolve(_unused_ void *arg, u32 id)
{
	return id == resolved_id ? image_get(resolved) : NULL;
}

static const u32 image_types[] = {SKEP_MAP_PROG_ARRAY, SKEP_MAP_DEVMAP, SKEP_MAP_DEVMAP_HASH};

/* A new daemon: the ids are another process's until map_rebind() has translated them. */
static void test_rebind(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(image_types); i++) {
		bool array = image_types[i] == SKEP_MAP_PROG_ARRAY;
		struct skep_map *map = make_map(image_types[i], 4, array ? 4 : 8, 8, 0);
		struct image *known = make_image(SKEP_HOOK_XDP, BPF_XDP_DEVMAP);
		struct image *gone = make_image(SKEP_HOOK_XDP, BPF_XDP_DEVMAP);
		u32 one = 1, two = 2, got[2];
		u32 known_value[2] = {array ? known->id : 5, known->id};
		u32 gone_value[2] = {array ? gone->id : 6, gone->id};
		int fd = dup(map_fd(map));
		struct map_redirect to;

		assert_int_equal(skep_map_update(map, &one, known_value, SKEP_ANY), 0);
		assert_int_equal(skep_map_update(map, &two, gone_value, SKEP_ANY), 0);
		map->segment->header->ids ^= 2;
		map_put(map);
		assert_int_equal(map_reattach(fd, &map, NULL), 0);
		assert_int_equal(skep_map_lookup(map, &two, got), 0);
		assert_int_equal(got[!array], gone->id);
		assert_int_equal(skep_map_update(map, &one, known_value, SKEP_ANY), -EPERM);
		assert_int_equal(skep_map_delete(map, &one), -EPERM);
		if (array)
			assert_null(map->ops->image(map, 1));

		resolved = make_image(SKEP_HOOK_XDP, BPF_XDP_DEVMAP);
		resolved_id = known->id;
		assert_int_equal(map_rebind(map, resolve, NULL), 0);
		assert_int_equal(skep_map_lookup(map, &two, got), -ENOENT);
		assert_int_equal(skep_map_lookup(map, &one, got), 0);
		assert_int_equal(got[!array], resolved->id);
		if (array) {
			assert_ptr_equal(map->ops->image(map, 1), resolved);
		} else {
			assert_int_equal(map->ops->redirect(map, 1, &to), 0);
			assert_ptr_equal(to.image, resolved);
			assert_int_equal(to.ifindex, 5);
		}
		assert_int_equal(skep_map_delete(map, &one), 0);
		image_put(known);
		image_put(gone);
		image_put(resolved);
		map_put(map);
		close(fd);
	}
}

/* A process dies with a bucket's lock in its hand: the next takes it over. */
static void test_lock_of_the_dead(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_HASH, 4, 4, 1, 0);
	struct hash_table *table = map->priv;
	u32 key = 1, value = 2;
	int status;
	pid_t pid;

	assert_int_equal(skep_map_update(map, &key, &value, SKEP_ANY), 0);
	pid = fork();
	if (!pid) {
		lock_take(&table->buckets[0].lock);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(table->buckets[0].lock, (u32)pid);
	assert_int_equal(skep_map_update(map, &key, &value, SKEP_EXIST), 0);
	assert_int_equal(table->buckets[0].lock, 0);
	map_put(map);
}

/* --- nonsense --------------------------------------------------------------------------- */

static void expect_refusal(int fd, const char *words)
{
	struct skep_map *map = NULL;
	struct skep_diag diag;

	diag_init(&diag);
	assert_int_equal(map_reattach(fd, &map, &diag), -EINVAL);
	assert_null(map);
	assert_contains(skep_diag_problem(&diag), words);
	diag_reset(&diag);
}

static void test_no_segment(void **state)
{
	char page[8192] = {0};
	int fd;

	assert_int_equal(map_reattach(-1, &(struct skep_map *){NULL}, NULL), -EBADF);
	fd = memfd_create("test", 0);
	assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	expect_refusal(fd, "size");
	close(fd);
	fd = memfd_create("test", MFD_ALLOW_SEALING);
	expect_refusal(fd, "less than a header");
	assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	expect_refusal(fd, "no skep map");
	close(fd);
	fd = fileno(tmpfile());
	assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	expect_refusal(fd, "size");
	close(fd);
	assert_int_equal(pipe((int *)page), 0);
	expect_refusal(((int *)page)[0], "not a memory file");
	close(((int *)page)[0]);
	close(((int *)page)[1]);
}

static void test_broken_header(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_HASH, 4, 4, 4, 0);
	struct segment_header *header = map->segment->header, good = *header;

#define BREAK(change, words)                                                                       \
	do {                                                                                       \
		change;                                                                            \
		expect_refusal(map_fd(map), words);                                                \
		memcpy(header, &good, sizeof(good));                                               \
	} while (0)
	BREAK(header->magic = __builtin_bswap64(header->magic), "byte order");
	BREAK(header->version = 2, "version 2");
	BREAK(memset(header->def.name, 'a', sizeof(header->def.name)), "name without an end");
	BREAK(header->payload_bytes++, "bytes");
	BREAK(header->nr_cpus = 0, "made for 0 CPUs");
	BREAK(header->nr_cpus = CPU_MAX + 1, "CPUs");
	BREAK(header->nr_cpus++, "do not fit its definition");
	BREAK(header->def.max_entries++, "do not fit its definition");
	BREAK(header->def.key_size = 0, "key has no bytes");
	BREAK(header->def.map_flags = SKEP_F_MMAPABLE, "flags");
	BREAK(header->def.type = 77, "no map type 77");
	BREAK(header->def.type = SKEP_MAP_DEVMAP_HASH, "lack");
#undef BREAK
	map_put(map);
}

static void test_broken_hash(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_HASH, 4, 4, 4, SKEP_F_ZERO_SEED);
	struct hash_table *table = map->priv;
	struct skep_map *again;
	size_t size = map->segment->payload_bytes;
	char *good = malloc(size);
	u32 first = 0;

	for (u32 key = 0; key < 4; key++)
		assert_int_equal(skep_map_update(map, &key, &key, SKEP_ANY), 0);
	assert_int_equal(skep_map_delete(map, &(u32){2}), 0);
	memcpy(good, map->base, size);
	while (!table->buckets[first].head)
		first++;

#define BREAK(change, words)                                                                       \
	do {                                                                                       \
		change;                                                                            \
		expect_refusal(map_fd(map), words);                                                \
		memcpy(map->base, good, size);                                                     \
	} while (0)
	BREAK(table->buckets[first].head = 1000, "outside of the elements");
	BREAK(hash_elem(table, table->buckets[first].head)->next = table->buckets[first].head,
	      "twice");
	BREAK(hash_elem(table, table->buckets[first].head)->hash ^= 1, "key of another");
	BREAK(*(u32 *)hash_elem_key(hash_elem(table, table->buckets[first].head)) ^= 1 << 20,
	      "key of another");
	BREAK(*(u64 *)table->free = table->buckets[first].head, "in use");
	BREAK(*(u64 *)table->free = 999, "leaves the elements");
	BREAK(table->head->count = 5, "count");
	BREAK(table->head->count = 1, "count");
	BREAK(table->head->high_water = UINT32_MAX, "high-water");
#undef BREAK
	assert_int_equal(map_reattach(map_fd(map), &again, NULL), 0);
	map_put(again);
	free(good);
	map_put(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_across_fork), cmocka_unit_test(test_outlives_its_map),
		cmocka_unit_test(test_rebind),      cmocka_unit_test(test_lock_of_the_dead),
		cmocka_unit_test(test_no_segment),  cmocka_unit_test(test_broken_header),
		cmocka_unit_test(test_broken_hash),
	};

	return cmocka_run_group_tests_name("reattach", tests, NULL, NULL);
}

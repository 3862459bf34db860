/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Images in maps: prog arrays, devmaps, and when an image goes away. */
#include "fixture.h"

#include <linux/bpf.h>
#include <pthread.h>

#include "map/quiesce.h"

static void test_registry(void **state)
{
	struct image *image = make_image(SKEP_HOOK_XDP, 0);
	u32 id = image->id;
	int before = images_freed;

	assert_true(id > 0);
	assert_ptr_equal(image_find(id), image);
	assert_null(image_find(id + 1));
	image_put(image);
	assert_int_equal(images_freed, before);
	image_put(image);
	assert_int_equal(images_freed, before + 1);
	assert_null(image_find(id));
	image_put(NULL);
}

static void test_prog_array(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_PROG_ARRAY, 4, 4, 2, 0);
	struct image *image = make_image(SKEP_HOOK_XDP, 0),
		     *tc = make_image(SKEP_HOOK_TC_INGRESS, 0);
	u32 key = 1, id = image->id, got = 0;
	int before = images_freed;

	assert_null(map->ops->image(map, 1));
	assert_int_equal(skep_map_delete(map, &key), -ENOENT);
	assert_int_equal(skep_map_update(map, &key, &id, SKEP_EXIST), -EINVAL);
	assert_int_equal(skep_map_update(map, &key, &(u32){id + 1000}, SKEP_ANY), -EBADF);
	assert_int_equal(skep_map_update(map, &key, &id, SKEP_ANY), 0);
	assert_int_equal(skep_map_update(map, &key, &tc->id, SKEP_ANY), -EINVAL);
	assert_int_equal(map_claim(map, image), 0);
	assert_int_equal(map_claim(map, tc), -EINVAL);
	image_put(image);
	assert_ptr_equal(map->ops->image(map, 1), image);
	assert_null(map->ops->image(map, 0));
	assert_null(map->ops->image(map, 2));
	assert_int_equal(skep_map_lookup(map, &key, &got), 0);
	assert_int_equal(got, id);
	/* programs can do nothing but tail-call */
	assert_null(map->ops->lookup(map, &key));
	assert_int_equal(map->ops->update(map, &key, &id, 0), -EOPNOTSUPP);
	assert_int_equal(map->ops->delete (map, &key), -EOPNOTSUPP);
	key = 2;
	assert_int_equal(skep_map_update(map, &key, &id, SKEP_ANY), -E2BIG);
	assert_int_equal(skep_map_delete(map, &key), -E2BIG);
	key = 1;
	assert_int_equal(skep_map_delete(map, &key), 0);
	assert_int_equal(images_freed, before + 1);
	assert_int_equal(skep_map_lookup(map, &key, &got), -ENOENT);
	image_put(tc);
	map_put(map);
}

static void test_map_holds_images(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_PROG_ARRAY, 4, 4, 2, 0);
	struct image *image = make_image(SKEP_HOOK_XDP, 0);
	int before = images_freed;

	for (u32 key = 0; key < 2; key++)
		assert_int_equal(skep_map_update(map, &key, &image->id, SKEP_ANY), 0);
	image_put(image);
	assert_int_equal(images_freed, before);
	map_put(map);
	assert_int_equal(images_freed, before + 1);
}

/* A worker that is inside of a burst keeps the image that was taken out of its slot alive. */
struct worker {
	struct skep_map *map;
	_Atomic int stage;
	int freed_inside, freed_start;
};

static void *worker_run(void *arg)
{
	struct worker *worker = arg;
	const struct image *image;

	quiesce_join();
	image = worker->map->ops->image(worker->map, 0);
	worker->stage = 1;
	while (worker->stage != 2)
		;
	for (int i = 0; i < 50; i++) {
		struct timespec pause = {.tv_nsec = 1000000};

		nanosleep(&pause, NULL);
	}
	worker->freed_inside = images_freed - worker->freed_start;
	assert_int_equal(image->run(image, NULL), image->id);
	quiesce_point();
	quiesce_leave();
	return NULL;
}

static void test_quiescence(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_PROG_ARRAY, 4, 4, 1, 0);
	struct worker worker = {.map = map, .freed_start = images_freed};
	struct image *image = make_image(SKEP_HOOK_XDP, 0);
	pthread_t thread;
	u32 key = 0;

	assert_int_equal(skep_map_update(map, &key, &image->id, SKEP_ANY), 0);
	image_put(image);
	pthread_create(&thread, NULL, worker_run, &worker);
	while (worker.stage != 1)
		;
	worker.stage = 2;
	assert_int_equal(skep_map_delete(map, &key), 0);
	pthread_join(thread, NULL);
	assert_int_equal(worker.freed_inside, 0);
	assert_int_equal(images_freed, worker.freed_start + 1);
	map_put(map);
}

static const u32 devmaps[] = {SKEP_MAP_DEVMAP, SKEP_MAP_DEVMAP_HASH};

static void test_devmap_definitions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(devmaps); i++) {
		struct skep_map *map = make_map(devmaps[i], 4, 4, 64, 0);

		assert_int_equal(skep_map_definition(map)->map_flags, SKEP_F_RDONLY_PROG);
		map_put(map);
		assert_int_equal(try_create(devmaps[i], 4, 8, 1, 0), 0);
		assert_int_equal(try_create(devmaps[i], 4, 6, 1, 0), -EINVAL);
		assert_int_equal(try_create(devmaps[i], 8, 4, 1, 0), -EINVAL);
		assert_int_equal(try_create(devmaps[i], 4, 4, 0, 0), -EINVAL);
		assert_int_equal(try_create(devmaps[i], 4, 4, 1, SKEP_F_RDONLY_PROG), -EINVAL);
		assert_int_equal(try_create(devmaps[i], 4, 4, 1, SKEP_F_NO_PREALLOC), -EINVAL);
	}
	assert_int_equal(try_create(SKEP_MAP_DEVMAP_HASH, 4, 4, (1u << 31) + 1, 0), -EINVAL);
}

static void test_devmap_redirect(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(devmaps); i++) {
		struct skep_map *map = make_map(devmaps[i], 4, 4, 8, 0);
		struct map_redirect to = {.ifindex = 99};
		u32 key = 3, ifindex = 4711;

		assert_int_equal(map->ops->redirect(map, 3, &to), -ENOENT);
		assert_int_equal(map->ops->redirect(map, UINT64_MAX, &to), -ENOENT);
		assert_int_equal(to.ifindex, 99);
		assert_int_equal(skep_map_update(map, &key, &ifindex, SKEP_ANY), 0);
		assert_int_equal(map->ops->redirect(map, 3, &to), 0);
		assert_int_equal(to.ifindex, 4711);
		assert_null(to.image);
		/* as the kernel, which passes on 32 bits of the key */
		assert_int_equal(map->ops->redirect(map, 1ull << 32 | 3, &to), 0);
		assert_int_equal(*(u32 *)map->ops->lookup(map, &key), 4711);
		assert_true(map_contains(map, map->ops->lookup(map, &key), 4));
		assert_false(map_contains(map, map->ops->lookup(map, &key), 8));
		assert_int_equal(skep_map_delete(map, &key), 0);
		assert_null(map->ops->lookup(map, &key));
		assert_int_equal(map->ops->redirect(map, 3, &to), -ENOENT);
		map_put(map);
	}
}

struct dev {
	u32 ifindex, prog;
};

static void test_devmap_programs(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(devmaps); i++) {
		struct skep_map *map = make_map(devmaps[i], 4, 8, 8, 0);
		struct image *image = make_image(SKEP_HOOK_XDP, BPF_XDP_DEVMAP);
		struct image *plain = make_image(SKEP_HOOK_XDP, 0);
		struct dev dev = {.ifindex = 7, .prog = plain->id}, got;
		struct map_redirect to;
		int before = images_freed;
		u32 key = 5;

		assert_int_equal(skep_map_update(map, &key, &dev, SKEP_ANY), -EINVAL);
		dev.prog = image->id;
		assert_int_equal(skep_map_update(map, &key, &dev, SKEP_ANY), 0);
		assert_int_equal(map->ops->redirect(map, 5, &to), 0);
		assert_int_equal(to.ifindex, 7);
		assert_int_equal(to.prog_id, image->id);
		assert_ptr_equal(to.image, image);
		assert_int_equal(skep_map_lookup(map, &key, &got), 0);
		assert_memory_equal(&got, &dev, sizeof(dev));
		image_put(image);
		dev = (struct dev){.ifindex = 8, .prog = UINT32_MAX};
		assert_int_equal(images_freed, before);
		assert_int_equal(skep_map_update(map, &key, &dev, SKEP_ANY), 0);
		assert_int_equal(images_freed, before + 1);
		assert_int_equal(map->ops->redirect(map, 5, &to), 0);
		assert_int_equal(to.ifindex, 8);
		assert_int_equal(to.prog_id, 0);
		assert_null(to.image);
		dev = (struct dev){.ifindex = 0, .prog = 3};
		assert_int_equal(skep_map_update(map, &key, &dev, SKEP_ANY), -EINVAL);
		image_put(plain);
		map_put(map);
	}
}

/* More programs than slots pass through; each goes when it is replaced or its entry deleted. */
static void test_devmap_hash_turnover(void **state)
{
	struct skep_map *map = make_map(SKEP_MAP_DEVMAP_HASH, 4, 8, 4, 0);
	int before = images_freed;

	for (u32 i = 0; i < 1000; i++) {
		struct image *image = make_image(SKEP_HOOK_XDP, BPF_XDP_DEVMAP);
		struct dev dev = {.ifindex = i + 1, .prog = image->id};
		struct map_redirect to;
		u32 key = i % 4;

		assert_int_equal(skep_map_update(map, &key, &dev, SKEP_ANY), 0);
		image_put(image);
		assert_int_equal(map->ops->redirect(map, key, &to), 0);
		assert_int_equal(to.ifindex, i + 1);
		assert_ptr_equal(to.image, image);
		if (i % 3 == 0)
			assert_int_equal(skep_map_delete(map, &key), 0);
	}
	assert_in_range(images_freed - before, 996, 1000);
	map_put(map);
	assert_int_equal(images_freed, before + 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_registry),
		cmocka_unit_test(test_prog_array),
		cmocka_unit_test(test_map_holds_images),
		cmocka_unit_test(test_quiescence),
		cmocka_unit_test(test_devmap_definitions),
		cmocka_unit_test(test_devmap_redirect),
		cmocka_unit_test(test_devmap_programs),
		cmocka_unit_test(test_devmap_hash_turnover),
	};

	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}

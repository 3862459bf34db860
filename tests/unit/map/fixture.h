/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps and images for the tests of src/map. */
#ifndef SKEP_TEST_MAP_FIXTURE_H
#define SKEP_TEST_MAP_FIXTURE_H

#include "../test.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/diag.h"
#include "map/map.h"

static inline struct skep_map_def map_def(u32 type, u32 key_size, u32 value_size, u32 max_entries,
					  u32 flags)
{
	return (struct skep_map_def){.name = "test",
				     .type = type,
				     .key_size = key_size,
				     .value_size = value_size,
				     .max_entries = max_entries,
				     .map_flags = flags};
}

/* What map_create() says to a definition; the map is gone again. A refusal has words. */
static inline int create_result(const struct skep_map_def *def)
{
	struct skep_map *map = NULL;
	struct skep_diag diag;
	int err;

	diag_init(&diag);
	err = map_create(def, &map, &diag);
	if (err) {
		assert_null(map);
		assert_int_equal(skep_diag_error(&diag), err);
		assert_true(strlen(skep_diag_problem(&diag)) > 10);
	}
	map_put(map);
	diag_reset(&diag);
	return err;
}

static inline int try_create(u32 type, u32 key_size, u32 value_size, u32 max_entries, u32 flags)
{
	struct skep_map_def def = map_def(type, key_size, value_size, max_entries, flags);

	return create_result(&def);
}

static inline struct skep_map *make_map(u32 type, u32 key_size, u32 value_size, u32 max_entries,
					u32 flags)
{
	struct skep_map_def def = map_def(type, key_size, value_size, max_entries, flags);
	struct skep_map *map = NULL;

	assert_int_equal(map_create(&def, &map, NULL), 0);
	assert_non_null(map);
	return map;
}

/* An image that returns its number; `freed` counts. */
static int images_freed;

static inline u64 image_run(const struct image *image, _unused_ void *ctx)
{
	return image->id;
}

static inline void image_free(struct image *image)
{
	images_freed++;
	free(image);
}

static const struct image_ops test_image_ops = {.target = "test", .free = image_free};

static inline struct image *make_image(enum skep_hook hook, u32 attach_type)
{
	struct image *image = calloc(1, sizeof(*image));

	assert_non_null(image);
	image->run = image_run;
	image_init(image, &test_image_ops, hook, "image");
	image->attach_type = attach_type;
	return image;
}

#endif

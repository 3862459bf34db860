/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Images by id. Finding is the control side's business, so that a mutex around a small chained
 * table is enough; the chain runs through the images themselves and inserting cannot fail.
 */
#include "map/image.h"

#include <pthread.h>
#include <stdio.h>

#define BUCKETS 256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct image *buckets[BUCKETS];
static u32 last_id;

static struct image **link_of(u32 id, const struct image *image)
{
	struct image **link = &buckets[id % BUCKETS];

	while (*link && (image ? *link != image : (*link)->id != id))
		link = &(*link)->next;
	return link;
}

static void run_each(const struct image *image, void *const *ctxs, u64 *verdicts, u32 n)
{
	for (u32 at = 0; at < n; at++)
		verdicts[at] = image->run(image, ctxs[at]);
}

void image_init(struct image *image, const struct image_ops *ops, enum skep_hook hook,
		const char *name)
{
	image->ops = ops;
	image->run_batch = run_each;
	image->hook = hook;
	image->attach_type = 0;
	atomic_init(&image->refs, 1);
	snprintf(image->name, sizeof(image->name), "%s", name ? name : "");

	pthread_mutex_lock(&lock);
	image->id = ++last_id;
	image->next = buckets[image->id % BUCKETS];
	buckets[image->id % BUCKETS] = image;
	pthread_mutex_unlock(&lock);
}

struct image *image_get(struct image *image)
{
	atomic_fetch_add(&image->refs, 1);
	return image;
}

/*
 * The last reference goes under the lock, so that image_find() never sees an image whose count
 * has reached zero.
 */
void image_put(struct image *image)
{
	bool last;

	if (!image)
		return;
	pthread_mutex_lock(&lock);
	last = atomic_fetch_sub(&image->refs, 1) == 1;
	if (last)
		*link_of(image->id, image) = image->next;
	pthread_mutex_unlock(&lock);
	if (last)
		image->ops->free(image);
}

struct image *image_find(u32 id)
{
	struct image *image;

	pthread_mutex_lock(&lock);
	image = *link_of(id, NULL);
	if (image)
		image_get(image);
	pthread_mutex_unlock(&lock);
	return image;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps as a program sees them: the operations of struct map_ops. */
#include <errno.h>

#include "helper/body.h"

#define KEY_MAX 512 /* a key does not exceed what fits on a program's stack */

u64 helper_map_lookup_elem(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct skep_map *map = helper_pointer(r1);

	return (u64)(uintptr_t)map->ops->lookup(map, helper_pointer(r2));
}

u64 helper_map_update_elem(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct skep_map *map = helper_pointer(r1);

	return (u64)map->ops->update(map, helper_pointer(r2), helper_pointer(r3), r4);
}

u64 helper_map_delete_elem(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct skep_map *map = helper_pointer(r1);

	return (u64)map->ops->delete (map, helper_pointer(r2));
}

/* r1 = map, r2 = key, r3 = worker number. */
u64 helper_map_lookup_percpu_elem(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct skep_map *map = helper_pointer(r1);

	if (!map->ops->lookup_cpu || (u32)r3 >= map->nr_cpus)
		return 0;
	return (u64)(uintptr_t)map->ops->lookup_cpu(map, helper_pointer(r2), (u32)r3);
}

/* One walk over a map. */
struct walk {
	struct helper_env *env;
	struct skep_map *map;
	u64 function, argument, seen;
};

/* Show one element; false: the walk ends here. */
static bool walk_show(struct walk *walk, u8 *key)
{
	struct helper_loan loan = {
		.memory = key, .size = walk->map->def.key_size, .next = walk->env->loans};
	void *value = walk->map->ops->lookup(walk->map, key);
	u64 stop;

	if (!value)
		return true;
	walk->seen++;
	walk->env->loans = &loan;
	stop = walk->env->call(walk->env, walk->function, (u64)(uintptr_t)walk->map,
			       (u64)(uintptr_t)key, (u64)(uintptr_t)value, walk->argument, 0);
	walk->env->loans = loan.next;
	return !stop && !walk->env->aborted;
}

/*
 * r1 = map, r2 = function(map, key, value, r3), r4 = flags, none defined. Returns how many elements
 * the function saw; it stops the walk by returning non-zero. The key behind is found before the
 * function sees an element, so that it may delete it. Source: kernel bpf_for_each_map_elem().
 */
u64 helper_for_each_map_elem(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct walk walk = {
		.env = helper_env, .map = helper_pointer(r1), .function = r2, .argument = r3};
	struct skep_map *map = walk.map;
	u8 keys[2][KEY_MAX];
	int err;

	if (r4 || !map_type_iterates(map->def.type) || map->def.key_size > KEY_MAX)
		return helper_error(-EINVAL);
	err = map->ops->next_key(map, NULL, keys[0]);
	for (u32 i = 0; !err && i < map->def.max_entries; i++) {
		u8 *key = keys[i % 2], *next = keys[(i + 1) % 2];

		err = map->ops->next_key(map, key, next);
		if (!walk_show(&walk, key))
			break;
	}
	return walk.seen;
}

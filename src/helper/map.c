/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Maps as a program sees them: the operations of struct map_ops. */
#include <errno.h>
#include <string.h>

#include "base/cpu.h"
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

/* r1 = map, r2 = key, r3 = worker number. Values of one entry stand side by side. */
u64 helper_map_lookup_percpu_elem(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct skep_map *map = helper_pointer(r1);
	u8 *value;

	if ((u32)r3 >= cpu_count())
		return 0;
	value = map->ops->lookup(map, helper_pointer(r2));
	if (!value)
		return 0;
	return (u64)(uintptr_t)(value + ((s64)(u32)r3 - (s64)cpu_self) * map->value_stride);
}

/*
 * r1 = map, r2 = function(map, key, value, r3), r4 = flags, none defined. Returns how many elements
 * the function saw; it stops the walk by returning non-zero. Source: bpf_for_each_map_elem.
 */
u64 helper_for_each_map_elem(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct skep_map *map = helper_pointer(r1);
	struct helper_env *env = helper_env;
	u8 key[KEY_MAX], next[KEY_MAX];
	struct helper_loan loan = {.memory = key, .size = map->def.key_size, .next = env->loans};
	u64 seen = 0;
	bool stop = false;

	if (r4 || !map->ops->next_key || map->def.key_size > KEY_MAX)
		return helper_error(-EINVAL);
	env->loans = &loan;
	for (int err = map->ops->next_key(map, NULL, key); !err && !stop;) {
		void *value = map->ops->lookup(map, key);

		if (value) {
			seen++;
			stop = env->call(env, r2, r1, (u64)(uintptr_t)key, (u64)(uintptr_t)value,
					 r3, 0) ||
			       env->aborted;
		}
		err = map->ops->next_key(map, key, next);
		memcpy(key, next, map->def.key_size);
	}
	env->loans = loan.next;
	return seen;
}

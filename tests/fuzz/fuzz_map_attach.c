/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Segments that somebody has tampered with.
 *
 * The input picks a definition and operations that fill a map of it, then words to overwrite in
 * its segment: in the header or the payload, before map_reattach() sees it or behind its back.
 * Whatever it says, re-attaching refuses with words or yields a map whose operations stay inside
 * the segment and end. Lock words are left alone: who holds a lock may keep others waiting.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/diag.h"
#include "map/hash.h"
#include "map/map.h"
#include "map/segment.h"

#define OPS 64
#define BYTES_MAX 256

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

struct input {
	const u8 *at, *end;
};

static u64 input_number(struct input *in, size_t bytes)
{
	u64 number = 0;

	if (bytes > (size_t)(in->end - in->at))
		bytes = (size_t)(in->end - in->at);
	memcpy(&number, in->at, bytes);
	in->at += bytes;
	return number;
}

static struct skep_map *map_make(struct input *in)
{
	struct skep_map_def def = {.name = "fuzz", .map_flags = SKEP_F_ZERO_SEED};
	struct skep_map *map = NULL;

	def.type = (u32)input_number(in, 1) % SKEP_MAP_TYPE_MAX;
	def.key_size = (u32)input_number(in, 1) % 24;
	def.value_size = (u32)input_number(in, 1) % 32;
	def.max_entries = (u32)input_number(in, 1);
	if (map_create(&def, &map, NULL)) {
		def.map_flags = SKEP_F_NO_PREALLOC;
		if (map_create(&def, &map, NULL)) {
			def.map_flags = 0;
			(void)map_create(&def, &map, NULL);
		}
	}
	return map;
}

static void check(bool claim)
{
	if (!claim)
		abort();
}

static void operate(struct skep_map *map, struct input *in, int count)
{
	u8 bytes[BYTES_MAX] = {0}, next[BYTES_MAX], *value;
	u8 *key = map->def.key_size ? bytes : NULL;
	u8 *values = calloc(1, skep_map_value_bytes(map) + 1);
	void *direct;

	while (count-- && in->at < in->end) {
		u64 op = input_number(in, 1);

		memset(bytes, 0, 8);
		bytes[0] = (u8)(op >> 3);
		switch (op % 8) {
		case 0:
		case 1:
			(void)skep_map_update(map, key, values, op >> 6);
			break;
		case 2:
			(void)skep_map_delete(map, key);
			break;
		case 3:
			(void)skep_map_lookup(map, key, values);
			break;
		case 4:
			(void)skep_map_next_key(map, key, next);
			break;
		case 5:
			(void)map->ops->update(map, key, values, op >> 6);
			break;
		case 6:
			(void)map->ops->delete(map, key);
			break;
		default:
			direct = map->ops->lookup(map, key);
			value = direct;
			if (value && map->ops->contains) {
				check(map_contains(map, value, map->def.value_size));
				value[0]++;
			}
		}
	}
	free(values);
}

static bool has_table(u32 type)
{
	return type == SKEP_MAP_HASH || type == SKEP_MAP_PERCPU_HASH ||
	       type == SKEP_MAP_DEVMAP_HASH || type == SKEP_MAP_LRU_HASH ||
	       type == SKEP_MAP_LRU_PERCPU_HASH || type == SKEP_MAP_HASH_OF_MAPS;
}

static void locks_open(struct skep_map *map)
{
	struct hash_table *table = has_table(map->def.type) ? hash_view(map) : NULL;

	if (map->def.type == SKEP_MAP_LPM_TRIE || map->def.type == SKEP_MAP_QUEUE ||
	    map->def.type == SKEP_MAP_STACK)
		memset(map->base, 0, 4);
	for (u32 i = 0; table && i <= table->mask; i++)
		table->buckets[i].lock = 0;
	free(table);
}

static void tamper(struct skep_map *map, struct input *in, int count)
{
	size_t bytes = map->segment->payload_bytes;
	char *target = map->segment->payload;

	while (count-- && in->at < in->end) {
		u64 where = input_number(in, 2), value = input_number(in, 1 + where % 4);

		if (where % 16 == 15)
			memcpy((char *)map->segment->header + (where >> 4) % 256, &value, 4);
		else
			memcpy(target + (where >> 2) * 4 % (bytes - bytes % 4 - 4 + (bytes < 8)),
			       &value, bytes < 4 ? 1 : 4);
	}
	locks_open(map);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct input in = {data, data + size};
	struct skep_map *map = map_make(&in), *again = NULL;
	struct skep_diag diag;
	int err;

	if (!map)
		return 0;
	operate(map, &in, OPS / 4);
	tamper(map, &in, (int)input_number(&in, 1) % 8);
	diag_init(&diag);
	err = map_reattach(map_fd(map), &again, &diag);
	if (err) {
		check(err == -EINVAL || err == -ENOMEM || err == -E2BIG || err == -EOPNOTSUPP ||
		      err == -ENOTSUPP);
		check(skep_diag_problem(&diag)[0] && !again);
	} else {
		operate(again, &in, OPS);
		tamper(again, &in, 4);
		operate(again, &in, OPS);
		map_put(again);
	}
	diag_reset(&diag);
	map_put(map);
	return 0;
}

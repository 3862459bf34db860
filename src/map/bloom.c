/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * BLOOM_FILTER: has this value been pushed? "No" is certain, "yes" is not.
 *
 * Payload: a bit set of 2^n bits, 1.4 bits per entry and hash function, as the kernel sizes it
 * (kernel/bpf/bloom_filter.c). map_extra, 4 bits, is the number of hash functions, 0 means 5.
 * Bits are only ever set, so that no operation needs a lock.
 */
#include "map/copy.h"
#include "map/family.h"

#define FUNCTIONS_DEFAULT 5

static int bloom_check(const struct skep_map_def *def, struct skep_diag *diag)
{
	int err = 0;

	if (def->value_size > MAP_ALLOCATION_MAX)
		return diag_fail(diag, -E2BIG, "map '%s': a value of %u bytes, over 4 MiB",
				 def->name, def->value_size);
	err = map_check_sizes(def, diag);
	if (!err)
		err = map_check_key(def, 0, diag);
	if (!err)
		err = map_check_flags(def, SKEP_F_NUMA_NODE | SKEP_F_ZERO_SEED | MAP_ACCESS_FLAGS,
				      diag);
	if (!err && def->map_extra > 15)
		err = diag_fail(diag, -EINVAL, "map '%s': at most 15 hash functions", def->name);
	return err;
}

static u32 function_count(const struct skep_map_def *def)
{
	return def->map_extra ? (u32)def->map_extra : FUNCTIONS_DEFAULT;
}

static u64 bit_count(const struct skep_map_def *def)
{
	u64 wanted = (u64)def->max_entries * function_count(def), bits = 64;

	if (wanted > UINT32_MAX)
		return 1ull << 32;
	wanted = wanted / 5 * 7;
	while (bits < wanted && bits < 1ull << 32)
		bits *= 2;
	return bits;
}

static size_t bloom_size(const struct skep_map_def *def, _unused_ u32 nr_cpus)
{
	return bit_count(def) / 8;
}

/* The mask of one function's bit, and the word it is in. */
static u64 function_bit(const struct skep_map *map, const void *value, u32 function, u64 *ret_word)
{
	u64 h = map->segment->seed + 0x9e3779b97f4a7c15ull * (function + 1), bit;
	unsigned __int128 product;

	for (size_t word = 0; word * 8 < map->def.value_size; word++) {
		h ^= bytes_word(value, map->def.value_size, word);
		product = (unsigned __int128)(h ^ h >> 32) * 0xd6e8feb86659fd93ull;
		h = (u64)product ^ (u64)(product >> 64);
	}
	bit = (h ^ h >> 32) & (bit_count(&map->def) - 1);
	*ret_word = bit / 64;
	return 1ull << bit % 64;
}

static long bloom_push(struct skep_map *map, const void *value, u64 flags)
{
	u64 *bits = map->base, word, bit;

	if (flags != SKEP_ANY)
		return -EINVAL;
	for (u32 i = 0; i < function_count(&map->def); i++) {
		bit = function_bit(map, value, i, &word);
		__atomic_fetch_or(&bits[word], bit, __ATOMIC_RELEASE);
	}
	return 0;
}

/* The value is asked about, not written. */
static long bloom_peek(struct skep_map *map, void *value)
{
	u64 word, bit;

	for (u32 i = 0; i < function_count(&map->def); i++) {
		bit = function_bit(map, value, i, &word);
		if (!(word_load(map->base, word) & bit))
			return -ENOENT;
	}
	return 0;
}

static long bloom_update(_unused_ struct skep_map *map, _unused_ const void *key,
			 _unused_ const void *value, _unused_ u64 flags)
{
	return -EINVAL;
}

static int bloom_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	return key ? -EINVAL : (int)bloom_peek(map, value);
}

static int bloom_ctl_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	return key ? -EINVAL : (int)bloom_push(map, value, flags);
}

static int bloom_ctl_delete(_unused_ struct skep_map *map, const void *key)
{
	return key ? -EINVAL : -EOPNOTSUPP;
}

static int bloom_next_key(_unused_ struct skep_map *map, const void *key, _unused_ void *next)
{
	return key ? -EINVAL : -EOPNOTSUPP;
}

const struct map_ops map_bloom_filter_ops = {
	.type = SKEP_MAP_BLOOM_FILTER,
	.check = bloom_check,
	.size = bloom_size,
	.lookup = map_no_lookup,
	.update = bloom_update,
	.delete = map_no_delete,
	.push = bloom_push,
	.peek = bloom_peek,
	.ctl_lookup = bloom_ctl_lookup,
	.ctl_update = bloom_ctl_update,
	.ctl_delete = bloom_ctl_delete,
	.next_key = bloom_next_key,
};

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Does a table that came from outside hold together? hash.c is safe with any content; this tells
 * a person that the content makes no sense, before anybody relies on it.
 *
 * Checked: every chain ends and holds elements of its bucket only, with the hash of their key;
 * no key twice in a chain; no element both free and in a chain, or free twice; counts in range.
 */
#include <stdlib.h>

#include "map/family.h"
#include "map/hash.h"

/* Other processes may use the map meanwhile; what they do looks odd for an instant only. */
#define ATTEMPTS 3

struct check {
	const struct skep_map *map;
	const struct hash_table *table;
	u8 *seen; /* a bit for each element */
	u64 chained;
};

static bool seen_before(struct check *check, u32 n)
{
	u8 bit = (u8)(1u << (n - 1) % 8), *byte = &check->seen[(n - 1) / 8];
	bool before = *byte & bit;

	*byte |= bit;
	return before;
}

static int refuse(const struct check *check, struct skep_diag *diag, const char *where, u32 index,
		  const char *problem)
{
	return diag_fail(diag, -EINVAL, "map segment '%s': %s %u %s", check->map->def.name, where,
			 index, problem);
}

static int check_chain(struct check *check, u32 index, struct skep_diag *diag)
{
	const struct hash_table *table = check->table;
	u32 n = atomic_load(&table->buckets[index].head), high, hash;
	struct hash_elem *elem;

	high = atomic_load(&table->head->high_water);
	for (; n; n = atomic_load(&elem->next)) {
		if (!hash_is_elem(table, n) || n > high)
			return refuse(check, diag, "bucket", index,
				      "points outside of the elements");
		if (seen_before(check, n))
			return refuse(check, diag, "bucket", index, "holds an element twice");
		elem = hash_elem(table, n);
		hash = hash_key(table, hash_elem_key(elem));
		if (atomic_load(&elem->hash) != hash || (hash & table->mask) != index)
			return refuse(check, diag, "bucket", index, "holds a key of another one");
		if (hash_find(table, hash_elem_key(elem)) != n)
			return refuse(check, diag, "bucket", index, "holds a key twice");
		check->chained++;
	}
	return 0;
}

static int check_free(struct check *check, u32 cpu, struct skep_diag *diag)
{
	const struct hash_table *table = check->table;
	const _Atomic u64 *stack = (const _Atomic u64 *)(table->free + (size_t)cpu * 64);
	u32 n = (u32)atomic_load(stack);

	for (; n; n = atomic_load(&hash_elem(table, n)->next)) {
		if (!hash_is_elem(table, n))
			return refuse(check, diag, "free list", cpu, "leaves the elements");
		if (seen_before(check, n))
			return refuse(check, diag, "free list", cpu, "holds an element in use");
	}
	return 0;
}

static int check_table(struct check *check, struct skep_diag *diag)
{
	const struct hash_table *table = check->table;
	u32 high = atomic_load(&table->head->high_water), count;
	int err = 0;

	if (high > table->nr_elems)
		return refuse(check, diag, "high-water mark", high, "lies above the elements");
	for (u32 i = 0; !err && i <= table->mask; i++)
		err = check_chain(check, i, diag);
	for (u32 cpu = 0; !err && cpu < table->nr_free; cpu++)
		err = check_free(check, cpu, diag);
	if (err)
		return err;
	count = atomic_load(&table->head->count);
	if (count > table->max_entries || check->chained > count)
		return refuse(check, diag, "count", count, "does not agree with the elements");
	return 0;
}

int hash_validate(const struct skep_map *map, const struct hash_table *table,
		  struct skep_diag *diag)
{
	struct check check = {.map = map, .table = table};
	int err = -EINVAL;

	for (int i = 0; err && i < ATTEMPTS; i++) {
		check.chained = 0;
		check.seen = calloc((size_t)table->nr_elems / 8 + 1, 1);
		if (!check.seen)
			return diag_fail(diag, -ENOMEM, "map segment: out of memory");
		err = check_table(&check, i == ATTEMPTS - 1 ? diag : NULL);
		free(check.seen);
	}
	return err;
}

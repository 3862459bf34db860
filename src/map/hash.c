/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * See hash.h for the layout and for why lock-free lookups are right.
 *
 * Writers hold the lock of the bucket they change and make each change visible with one store:
 *
 *	insert   fill n; n.next = head;            head = n
 *	replace  fill n; n.next = old.next;        link to old = n;        seq++; free old
 *	remove                                     link to old = old.next; seq++; free old
 *
 * A process killed between two of these steps loses at most the element it was working with.
 */
#include "map/hash.h"

#include <sched.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "map/copy.h"
#include "map/family.h"
#include "map/lock.h"

#define LINE 64
#define SPARES(nr_cpus) (4 + 2 * (nr_cpus)) /* for replacements under way */
#define TAKE_ROUNDS 10000                   /* of yielding while others finish theirs */

_Static_assert(sizeof(struct hash_head) <= LINE, "one line");
_Static_assert(sizeof(struct hash_bucket) == 16 && sizeof(struct hash_elem) == 16,
	       "contract with translators");

/* Offsets of the parts in the payload. */
struct layout {
	size_t free, buckets, elems, values, end;
	size_t elem_bytes, slab_bytes;
	u32 nr_buckets, nr_elems;
};

static u32 power_of_two(u32 n)
{
	return n <= 1 ? 1 : 1u << (32 - __builtin_clz(n - 1));
}

/* False on overflow. */
static bool layout_init(struct layout *l, const struct skep_map_def *def, u32 nr_cpus)
{
	bool percpu = map_type_is_percpu(def->type);
	size_t value = ALIGN_UP((size_t)def->value_size, 8), elems, values;

	l->nr_buckets = power_of_two(def->max_entries);
	l->nr_elems = def->max_entries + SPARES(nr_cpus);
	l->elem_bytes = sizeof(struct hash_elem) + ALIGN_UP((size_t)def->key_size, 8) +
			(percpu ? 0 : value);
	l->slab_bytes = percpu ? ALIGN_UP(value * l->nr_elems, LINE) : 0;
	l->free = LINE;
	l->buckets = l->free + (size_t)nr_cpus * LINE;
	l->elems = ALIGN_UP(l->buckets + l->nr_buckets * sizeof(struct hash_bucket), LINE);
	if (__builtin_mul_overflow(l->elem_bytes, (size_t)l->nr_elems, &elems) ||
	    __builtin_mul_overflow(l->slab_bytes, (size_t)nr_cpus, &values) ||
	    elems > SIZE_MAX / 4 || values > SIZE_MAX / 4)
		return false;
	l->values = ALIGN_UP(l->elems + elems, LINE);
	l->end = l->values + values;
	return true;
}

size_t hash_bytes(const struct skep_map_def *def, u32 nr_cpus)
{
	struct layout l;

	return layout_init(&l, def, nr_cpus) ? l.end : 0;
}

struct hash_table *hash_view(const struct skep_map *map)
{
	u32 nr_cpus = map->segment->nr_cpus;
	struct hash_table *table;
	char *base = map->base;
	struct layout l;

	table = layout_init(&l, &map->def, nr_cpus) ? calloc(1, sizeof(*table)) : NULL;
	if (!table)
		return NULL;
	table->head = map->base;
	table->free = base + l.free;
	table->buckets = (struct hash_bucket *)(base + l.buckets);
	table->elems = base + l.elems;
	table->values = l.slab_bytes ? base + l.values : NULL;
	table->seed = map->segment->seed;
	table->mask = l.nr_buckets - 1;
	table->nr_elems = l.nr_elems;
	table->max_entries = map->def.max_entries;
	table->key_size = map->def.key_size;
	table->value_size = map->def.value_size;
	table->value_stride = map->value_stride;
	table->value_off = (u32)(sizeof(struct hash_elem) + ALIGN_UP((size_t)map->def.key_size, 8));
	table->nr_cpus = map->nr_cpus;
	table->nr_free = nr_cpus;
	table->lru =
		map->def.type == SKEP_MAP_LRU_HASH || map->def.type == SKEP_MAP_LRU_PERCPU_HASH;
	table->elem_bytes = l.elem_bytes;
	table->cpu_stride = l.slab_bytes;
	return table;
}

/* --- keys ------------------------------------------------------------------------------- */

/* 64 x 64 bits multiplied and folded: every input bit reaches every output bit. */
static inline u64 fold(u64 a, u64 b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (u64)product ^ (u64)(product >> 64);
}

static inline __attribute__((__always_inline__)) u32 hash_words(u64 seed, const void *key,
								u32 key_size)
{
	u64 h = seed ^ 0x9e3779b97f4a7c15ull * key_size;

	for (size_t word = 0; word * 8 < key_size; word++)
		h = fold(h ^ bytes_word(key, key_size, word), 0xd6e8feb86659fd93ull);
	return (u32)(h ^ h >> 32);
}

u32 hash_key(const struct hash_table *table, const void *key)
{
	switch (table->key_size) {
	case 4:
		return hash_words(table->seed, key, 4);
	case 8:
		return hash_words(table->seed, key, 8);
	case 16:
		return hash_words(table->seed, key, 16);
	default:
		return hash_words(table->seed, key, table->key_size);
	}
}

static inline __attribute__((__always_inline__)) bool key_equal(struct hash_elem *elem,
								const void *key, u32 key_size)
{
	const char *shared = hash_elem_key(elem);

	for (size_t word = 0; word * 8 < key_size; word++)
		if (word_load(shared, word) != bytes_word(key, key_size, word))
			return false;
	return true;
}

/* --- lookup ----------------------------------------------------------------------------- */

static inline u32 load(const _Atomic u32 *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}

static inline void store(_Atomic u32 *p, u32 value)
{
	atomic_store_explicit(p, value, memory_order_release);
}

/*
 * One walk; meaningful only if the bucket's seq has not changed since before. An element of
 * another bucket means that the reader has strayed: no need to walk on.
 */
static inline __attribute__((__always_inline__)) u32 walk(const struct hash_table *table,
							  const struct hash_bucket *bucket,
							  const void *key, u32 hash, u32 key_size)
{
	u32 n = load(&bucket->head), left = table->nr_elems, found;

	for (; hash_is_elem(table, n) && left; left--) {
		struct hash_elem *elem = hash_elem(table, n);

		found = load(&elem->hash);
		if (found == hash && key_equal(elem, key, key_size))
			return n;
		if ((found ^ hash) & table->mask)
			return 0;
		n = load(&elem->next);
	}
	return 0;
}

static inline __attribute__((__always_inline__)) u32
find(const struct hash_table *table, const void *key, u32 key_size, u32 *ret_hash, u32 *ret_seq)
{
	u32 hash = hash_words(table->seed, key, key_size), seq, n;
	const struct hash_bucket *bucket = hash_bucket(table, hash);

	do {
		seq = load(&bucket->seq);
		n = walk(table, bucket, key, hash, key_size);
	} while (unlikely(load(&bucket->seq) != seq));
	*ret_hash = hash;
	*ret_seq = seq;
	return n;
}

u32 hash_find_seq(const struct hash_table *table, const void *key, u32 *ret_hash, u32 *ret_seq)
{
	switch (table->key_size) {
	case 4:
		return find(table, key, 4, ret_hash, ret_seq);
	case 8:
		return find(table, key, 8, ret_hash, ret_seq);
	case 16:
		return find(table, key, 16, ret_hash, ret_seq);
	default:
		return find(table, key, table->key_size, ret_hash, ret_seq);
	}
}

u32 hash_find(const struct hash_table *table, const void *key)
{
	u32 hash, seq;

	return hash_find_seq(table, key, &hash, &seq);
}

int hash_read(const struct hash_table *table, const void *key, void *value)
{
	u32 hash, seq, n;

	do {
		n = hash_find_seq(table, key, &hash, &seq);
		if (!n)
			return -ENOENT;
		if (!table->values)
			copy_out(value, hash_value(table, n, 0), table->value_size);
		for (u32 cpu = 0; table->values && cpu < table->nr_cpus; cpu++)
			copy_out((char *)value + (size_t)cpu * table->value_stride,
				 hash_value(table, n, cpu), table->value_stride);
	} while (!hash_still(table, hash, seq));
	return 0;
}

/* --- free elements ------------------------------------------------------------------------ */

static _Atomic u64 *free_stack(const struct hash_table *table, u32 cpu)
{
	return (_Atomic u64 *)(table->free + (size_t)cpu * LINE);
}

/* The tag changes with every pop, so that a head that looks the same is the same. */
static u32 stack_pop(const struct hash_table *table, u32 cpu)
{
	_Atomic u64 *stack = free_stack(table, cpu);
	u64 top = atomic_load_explicit(stack, memory_order_acquire), below;

	do {
		if (!hash_is_elem(table, (u32)top))
			return 0;
		below = load(&hash_elem(table, (u32)top)->next);
		below |= ((top >> 32) + 1) << 32;
	} while (!atomic_compare_exchange_weak_explicit(stack, &top, below, memory_order_acq_rel,
							memory_order_acquire));
	return (u32)top;
}

static void stack_push(const struct hash_table *table, u32 cpu, u32 n)
{
	_Atomic u64 *stack = free_stack(table, cpu);
	u64 top = atomic_load_explicit(stack, memory_order_acquire);

	do
		store(&hash_elem(table, n)->next, (u32)top);
	while (!atomic_compare_exchange_weak_explicit(stack, &top, (top >> 32 << 32) | n,
						      memory_order_acq_rel, memory_order_acquire));
}

/* An element that was never used before: its pages may not even exist yet. */
static u32 take_untouched(const struct hash_table *table)
{
	u32 high = load(&table->head->high_water);

	do {
		if (high >= table->nr_elems)
			return 0;
	} while (!atomic_compare_exchange_weak(&table->head->high_water, &high, high + 1));
	return high + 1;
}

static u32 elem_take(const struct hash_table *table)
{
	u32 home = cpu_self % table->nr_free, n;

	for (u32 round = 0; round < TAKE_ROUNDS; round++) {
		n = stack_pop(table, home);
		if (!n)
			n = take_untouched(table);
		for (u32 i = 1; !n && i < table->nr_free; i++)
			n = stack_pop(table, (home + i) % table->nr_free);
		if (n)
			return n;
		sched_yield();
	}
	return 0;
}

static void elem_free(const struct hash_table *table, u32 n)
{
	stack_push(table, cpu_self % table->nr_free, n);
}

static bool count_up(const struct hash_table *table)
{
	u32 count = load(&table->head->count);

	do {
		if (count >= table->max_entries)
			return false;
	} while (!atomic_compare_exchange_weak(&table->head->count, &count, count + 1));
	return true;
}

static void count_down(const struct hash_table *table)
{
	atomic_fetch_sub(&table->head->count, 1);
}

/* --- change ----------------------------------------------------------------------------- */

/*
 * With the lock held: the link that points at the key's element, or at the end of the chain.
 * NULL when the chain never ends, which only a broken segment does.
 */
static _Atomic u32 *seek(const struct hash_table *table, struct hash_bucket *bucket,
			 const void *key, u32 hash)
{
	_Atomic u32 *link = &bucket->head;

	for (u32 left = table->nr_elems; left; left--) {
		struct hash_elem *elem;
		u32 n = load(link);

		if (!hash_is_elem(table, n))
			return link;
		elem = hash_elem(table, n);
		if (load(&elem->hash) == hash && key_equal(elem, key, table->key_size))
			return link;
		link = &elem->next;
	}
	return NULL;
}

/* Element number behind a link of seek(), 0 for the end of the chain. */
static u32 linked(const struct hash_table *table, _Atomic u32 *link)
{
	u32 n = link ? load(link) : 0;

	return hash_is_elem(table, n) ? n : 0;
}

static void bucket_count_removal(struct hash_bucket *bucket)
{
	atomic_fetch_add_explicit(&bucket->seq, 1, memory_order_acq_rel);
}

/* With the lock held: the link that points at element n, NULL when it is not in this chain. */
static _Atomic u32 *link_of(const struct hash_table *table, struct hash_bucket *bucket, u32 n)
{
	_Atomic u32 *link = &bucket->head;

	for (u32 left = table->nr_elems; left; left--) {
		u32 at = load(link);

		if (at == n)
			return link;
		if (!hash_is_elem(table, at))
			return NULL;
		link = &hash_elem(table, at)->next;
	}
	return NULL;
}

/* Take element n out of its chain, unless it has been used since the hand passed or is busy. */
static bool evict_one(const struct hash_table *table, struct hash_bucket *own, u32 n)
{
	struct hash_elem *elem = hash_elem(table, n);
	struct hash_bucket *bucket = hash_bucket(table, load(&elem->hash));
	_Atomic u32 *link;

	if (atomic_exchange(&elem->used, 0) || (bucket != own && !lock_try(&bucket->lock)))
		return false;
	link = link_of(table, bucket, n);
	if (link) {
		store(link, load(&elem->next));
		bucket_count_removal(bucket);
	}
	if (bucket != own)
		lock_give(&bucket->lock);
	return link != NULL;
}

/*
 * The element that goes: the hand moves over all of them and takes the first that no program has
 * looked up since it came by last (second chance). Called with the lock of `own` held, so other
 * buckets' locks are only tried. 0 when two rounds find none.
 */
static u32 evict(const struct hash_table *table, struct hash_bucket *own)
{
	for (u64 step = 0; step < 2ull * table->nr_elems; step++) {
		u32 n = atomic_fetch_add(&table->head->hand, 1) % table->nr_elems + 1;

		if (evict_one(table, own, n))
			return n;
	}
	return 0;
}

/* `fresh`: other CPUs' values are those of the element's last key, and go. */
static void value_fill(const struct hash_table *table, u32 n, const struct hash_write *write,
		       bool fresh)
{
	if (write->fill == HASH_REPLACE)
		copy_in(hash_value(table, n, 0), write->value, table->value_size);
	if (write->fill == HASH_THIS_CPU)
		copy_in(hash_value(table, n, write->cpu), write->value, table->value_size);
	for (u32 cpu = 0; write->fill != HASH_REPLACE && cpu < table->nr_cpus; cpu++) {
		if (write->fill == HASH_ALL_CPUS)
			copy_in(hash_value(table, n, cpu),
				(const char *)write->value + (size_t)cpu * table->value_stride,
				table->value_stride);
		else if (fresh && cpu != write->cpu)
			copy_zero(hash_value(table, n, cpu), table->value_stride);
	}
}

/* An element to fill, counted: a free one, or in a full LRU table another key's. */
static u32 elem_for(const struct hash_table *table, struct hash_bucket *bucket, u32 old,
		    int *ret_err)
{
	bool counted = old || count_up(table);
	u32 n = 0;

	*ret_err = counted ? -EBUSY : table->lru ? -ENOMEM : -E2BIG;
	if (counted)
		n = elem_take(table);
	else if (table->lru)
		n = evict(table, bucket);
	if (!n && counted && !old)
		count_down(table);
	return n;
}

static int place_new(const struct hash_table *table, struct hash_bucket *bucket, _Atomic u32 *link,
		     u32 old, const void *key, u32 hash, const struct hash_write *write)
{
	struct hash_elem *elem;
	int err = 0;
	u32 n;

	n = elem_for(table, bucket, old, &err);
	if (!n)
		return err;
	elem = hash_elem(table, n);
	store(&elem->hash, hash);
	store(&elem->used, 0);
	copy_in(hash_elem_key(elem), key, table->key_size);
	value_fill(table, n, write, true);
	if (write->placed)
		write->placed(write->arg, n, old);
	if (old) {
		store(&elem->next, load(&hash_elem(table, old)->next));
		store(link, n);
		bucket_count_removal(bucket);
	} else {
		store(&elem->next, load(&bucket->head));
		store(&bucket->head, n);
	}
	return 0;
}

int hash_update(const struct hash_table *table, const void *key, const struct hash_write *write)
{
	u32 hash = hash_key(table, key), old;
	struct hash_bucket *bucket = hash_bucket(table, hash);
	bool replaced = false;
	_Atomic u32 *link;
	int err = 0;

	lock_take(&bucket->lock);
	link = seek(table, bucket, key, hash);
	old = linked(table, link);
	if (old && write->flags == SKEP_NOEXIST)
		err = -EEXIST;
	else if (!old && write->flags == SKEP_EXIST)
		err = -ENOENT;
	else if (old && write->fill != HASH_REPLACE)
		value_fill(table, old, write, false);
	else
		err = place_new(table, bucket, link, old, key, hash, write);
	replaced = !err && old && write->fill == HASH_REPLACE;
	lock_give(&bucket->lock);
	if (replaced)
		elem_free(table, old);
	return err;
}

int hash_delete(const struct hash_table *table, const void *key, u32 *ret_elem)
{
	u32 hash = hash_key(table, key), old;
	struct hash_bucket *bucket = hash_bucket(table, hash);
	_Atomic u32 *link;

	lock_take(&bucket->lock);
	link = seek(table, bucket, key, hash);
	old = linked(table, link);
	if (old) {
		store(link, load(&hash_elem(table, old)->next));
		bucket_count_removal(bucket);
	}
	lock_give(&bucket->lock);
	if (!old)
		return -ENOENT;
	elem_free(table, old);
	count_down(table);
	if (ret_elem)
		*ret_elem = old;
	return 0;
}

/* --- iteration -------------------------------------------------------------------------- */

/* With the lock held: copy out the key of element n if there is one. */
static bool key_out(const struct hash_table *table, u32 n, void *next)
{
	if (!hash_is_elem(table, n))
		return false;
	copy_out(next, hash_elem_key(hash_elem(table, n)), table->key_size);
	return true;
}

static bool first_of(const struct hash_table *table, u32 index, void *next)
{
	struct hash_bucket *bucket = &table->buckets[index];
	bool found;

	if (!load(&bucket->head))
		return false;
	lock_take(&bucket->lock);
	found = key_out(table, load(&bucket->head), next);
	lock_give(&bucket->lock);
	return found;
}

int hash_next(const struct hash_table *table, const void *key, void *next)
{
	u32 hash = key ? hash_key(table, key) : 0, index = 0, old;
	struct hash_bucket *bucket = hash_bucket(table, hash);
	bool found = false;

	if (key) {
		lock_take(&bucket->lock);
		old = linked(table, seek(table, bucket, key, hash));
		if (old) {
			found = key_out(table, load(&hash_elem(table, old)->next), next);
			index = (hash & table->mask) + 1;
		}
		lock_give(&bucket->lock);
	}
	for (; !found && index <= table->mask; index++)
		found = first_of(table, index, next);
	return found ? 0 : -ENOENT;
}

bool hash_contains(const struct hash_table *table, const void *addr, size_t size)
{
	if (!table->values)
		return map_in_slots(addr, size, table->elems + table->value_off, table->elem_bytes,
				    table->nr_elems, table->value_size);
	for (u32 cpu = 0; cpu < table->nr_cpus; cpu++)
		if (map_in_slots(addr, size, table->values + cpu * table->cpu_stride,
				 table->value_stride, table->nr_elems, table->value_size))
			return true;
	return false;
}

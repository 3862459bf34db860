/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The hash table behind HASH, PERCPU_HASH, DEVMAP_HASH and their like: how it lies in a segment
 * (a contract with translators, which may inline lookups) and the operations on it.
 *
 * Payload, parts aligned to 64 bytes:
 *
 *	struct hash_head             counters
 *	u64 free[nr_cpus], 64 apart  stacks of free elements: index | tag << 32
 *	struct hash_bucket[nr_buckets], a power of two
 *	element[nr_elems]            { struct hash_elem, key up to 8 bytes, value }, elem_bytes each
 *	per-CPU types only: nr_cpus slabs of nr_elems values, cpu_stride apart; no value above
 *
 * Elements are numbered from 1; 0 ends a chain. An element with number n of key k is in the chain
 * of bucket hash_key(k) & mask, has n's 32 bits of hash, and is in one chain only.
 *
 * A lookup takes no lock:
 *
 *	again:	s = bucket.seq; walk the chain; compare hash, then key, word by word
 *		if (bucket.seq != s) goto again; the result, found or not, holds
 *
 * bucket.seq counts removals. Elements are re-used at once, so a reader may stray onto one that
 * has moved to another chain, but only after a removal from this chain, which it then notices:
 * the remover counts before it frees, a re-user stores (release) after it allocates, readers
 * load (acquire). Insertion is at the head, replacement puts the new element where the old one
 * was, so that a present key is never missed. A pointer to a value stays readable for ever but
 * may belong to another key once this one is deleted, as with the kernel's preallocated tables.
 *
 * Every index is checked where it is used and every walk counted, so that whatever a segment from
 * outside holds, no operation leaves it or runs for ever.
 */
#ifndef SKEP_MAP_HASH_H
#define SKEP_MAP_HASH_H

#include <stdatomic.h>

#include "base/types.h"
#include "map/map.h"

struct hash_head {
	_Atomic u32 count;      /* elements in chains or about to be: at most max_entries */
	_Atomic u32 high_water; /* elements 1 .. high_water have been used at least once */
	_Atomic u32 hand;       /* LRU: where the search for a victim goes on */
};

struct hash_bucket {
	_Atomic u32 lock; /* lock.h; writers only */
	_Atomic u32 seq;  /* removals from this chain */
	_Atomic u32 head; /* element number */
	u32 reserved;
};

struct hash_elem {
	_Atomic u32 next; /* in the chain, or of the stack of free elements */
	_Atomic u32 hash;
	_Atomic u32 used; /* LRU: looked up since the hand passed */
	u32 reserved;
	/* key, then value, each at a multiple of 8 */
};

/* Process-local view; everything here follows from the definition and stays the same. */
struct hash_table {
	struct hash_head *head;
	char *free;
	struct hash_bucket *buckets;
	char *elems;  /* element n at elems + (n - 1) * elem_bytes */
	char *values; /* per-CPU types: CPU c's value of element n at values + c * cpu_stride */
		      /*		  + (n - 1) * value_stride; else NULL */
	u64 seed;
	u32 mask; /* nr_buckets - 1 */
	u32 nr_elems;
	u32 max_entries;
	u32 key_size;
	u32 key_words;
	u32 value_size;
	u32 value_stride;
	u32 value_off; /* in an element */
	u32 nr_cpus;   /* of values */
	u32 nr_free;   /* stacks of free elements */
	bool lru;      /* full: another element goes */
	size_t elem_bytes;
	size_t cpu_stride;
};

/* Bytes of payload, 0 on overflow. `max_entries` of the definition is at most 1 << 27. */
size_t hash_bytes(const struct skep_map_def *def, u32 nr_cpus);
/* The view of map's segment, allocated: free() it. NULL when out of memory. */
struct hash_table *hash_view(const struct skep_map *map);
/* Is the content consistent? -EINVAL with words when not. */
int hash_validate(const struct skep_map *map, const struct hash_table *table,
		  struct skep_diag *diag);

u32 hash_key(const struct hash_table *table, const void *key);

static inline struct hash_bucket *hash_bucket(const struct hash_table *table, u32 hash)
{
	return &table->buckets[hash & table->mask];
}

static inline bool hash_is_elem(const struct hash_table *table, u32 n)
{
	return n - 1 < table->nr_elems;
}

static inline struct hash_elem *hash_elem(const struct hash_table *table, u32 n)
{
	return (struct hash_elem *)(table->elems + (size_t)(n - 1) * table->elem_bytes);
}

static inline char *hash_elem_key(struct hash_elem *elem)
{
	return (char *)(elem + 1);
}

/* The value of element n for one CPU (0 when values are not per CPU). */
static inline void *hash_value(const struct hash_table *table, u32 n, u32 cpu)
{
	if (table->values)
		return table->values + cpu * table->cpu_stride +
		       (size_t)(n - 1) * table->value_stride;
	return (char *)hash_elem(table, n) + table->value_off;
}

/* Remember that a program has looked the element up: it is not the next to go. */
static inline void hash_use(const struct hash_table *table, u32 n)
{
	_Atomic u32 *used = &hash_elem(table, n)->used;

	if (!atomic_load_explicit(used, memory_order_relaxed))
		atomic_store_explicit(used, 1, memory_order_relaxed);
}

/* Element number of a key, 0 when absent. Lock-free. */
u32 hash_find(const struct hash_table *table, const void *key);

/*
 * The same, and the sequence number under which it was found: whatever the caller reads about the
 * element belongs to the key if hash_still() says so afterwards.
 */
u32 hash_find_seq(const struct hash_table *table, const void *key, u32 *ret_hash, u32 *ret_seq);
static inline bool hash_still(const struct hash_table *table, u32 hash, u32 seq)
{
	return atomic_load_explicit(&hash_bucket(table, hash)->seq, memory_order_acquire) == seq;
}

/*
 * Copy out everything about a key (all CPUs' values, as skep_map_lookup()); a value that is
 * replaced meanwhile is seen whole, old or new. 0 or -ENOENT. Lock-free.
 */
int hash_read(const struct hash_table *table, const void *key, void *value);

/* The key after `key` (first when NULL or absent): 0 and a copy in next, or -ENOENT. */
int hash_next(const struct hash_table *table, const void *key, void *next);

/* What an update brings: how the value gets into an element. */
enum hash_fill {
	HASH_REPLACE,  /* value_size bytes; a present key gets a new element */
	HASH_THIS_CPU, /* value_size bytes for one CPU: the others' are kept, or zero when new */
	HASH_ALL_CPUS, /* value_stride bytes for each CPU */
};

struct hash_write {
	const void *value;
	u64 flags; /* SKEP_ANY, SKEP_NOEXIST, SKEP_EXIST */
	enum hash_fill fill;
	u32 cpu; /* of HASH_THIS_CPU */
	/*
	 * With the element filled and not yet visible, for what a type keeps beside the table by
	 * element number; old is the element it takes the place of, 0 = none. NULL: nothing.
	 */
	void (*placed)(void *arg, u32 elem, u32 old);
	void *arg;
};

/*
 * Insert or change. 0, -EEXIST or -ENOENT as flags ask, -E2BIG when full; an LRU table makes room
 * instead, -ENOMEM when all candidates are being changed by others. -EBUSY only when
 * processes that were killed in the middle of updates have taken all spare elements with them.
 */
int hash_update(const struct hash_table *table, const void *key, const struct hash_write *write);
/* Remove: 0 or -ENOENT. *ret_elem (NULL allowed) is the element that held the key. */
int hash_delete(const struct hash_table *table, const void *key, u32 *ret_elem);

/* Is [addr, addr + size) inside one value? */
bool hash_contains(const struct hash_table *table, const void *addr, size_t size);

#endif

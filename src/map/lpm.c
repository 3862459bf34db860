/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * LPM_TRIE: longest prefix match. A key is { u32 prefixlen; u8 data[] }, data in network order.
 *
 * Payload: struct lpm_head, then nodes of node_bytes each, numbered from 1, 0 = none. A node is
 * { struct lpm_node, data up to 8 bytes, value }. The tree is a Patricia trie: a child's prefix is
 * longer than its parent's and begins with it; the next bit of the child's data says which child
 * it is. A node without a value of its own (INTERMEDIATE) has two children.
 *
 * Writers hold the head's lock and make each change visible with one store. Readers take no
 * lock: head.seq counts nodes taken out, and a walk during which it has changed is repeated,
 * as in hash.h. Every index is checked and every walk bounded by the number of key bits.
 *
 * Semantics and error codes: kernel/bpf/lpm_trie.c.
 */
#include <stdlib.h>

#include "map/copy.h"
#include "map/family.h"
#include "map/lock.h"

#define INTERMEDIATE 1u
#define DATA_MAX 256
#define DEPTH_MAX (DATA_MAX * 8 + 1)
#define PREFIXLEN_BYTES sizeof(u32)
/* What the kernel's node needs beside value and the longest data. */
#define KERNEL_NODE_BYTES 24
#define VALUE_MAX (MAP_ALLOCATION_MAX - DATA_MAX - KERNEL_NODE_BYTES)

struct lpm_head {
	_Atomic u32 lock;       /* lock.h; writers only */
	_Atomic u32 seq;        /* nodes taken out */
	_Atomic u32 root;       /* node number */
	_Atomic u32 count;      /* nodes with a value */
	_Atomic u32 free;       /* first free node; next in child[0] */
	_Atomic u32 high_water; /* nodes 1 .. high_water have been used at least once */
};

struct lpm_node {
	_Atomic u32 child[2];
	_Atomic u32 prefixlen;
	_Atomic u32 flags;
	/* data, then value, each at a multiple of 8 */
};

#define HEAD_BYTES 64

/* Process-local view. */
struct lpm {
	struct lpm_head *head;
	char *nodes;
	u32 nr_nodes, max_entries;
	u32 data_size, max_prefixlen;
	u32 value_size, value_off;
	size_t node_bytes;
};

static int lpm_check(const struct skep_map_def *def, struct skep_diag *diag)
{
	int err = map_check_sizes(def, diag);

	if (!err && !(def->map_flags & SKEP_F_NO_PREALLOC))
		err = diag_fail(diag, -EINVAL, "map '%s': an lpm_trie needs BPF_F_NO_PREALLOC",
				def->name);
	if (!err)
		err = map_check_flags(def, SKEP_F_NO_PREALLOC | SKEP_F_NUMA_NODE | MAP_ACCESS_FLAGS,
				      diag);
	if (!err &&
	    (def->key_size <= PREFIXLEN_BYTES || def->key_size > PREFIXLEN_BYTES + DATA_MAX))
		err = diag_fail(diag, -EINVAL, "map '%s': a key of %u bytes, not 5 to %zu",
				def->name, def->key_size, PREFIXLEN_BYTES + DATA_MAX);
	if (!err && def->value_size > VALUE_MAX)
		err = diag_fail(diag, -EINVAL, "map '%s': a value of %u bytes, over %u", def->name,
				def->value_size, VALUE_MAX);
	return err;
}

static size_t value_offset(const struct skep_map_def *def)
{
	return sizeof(struct lpm_node) + ALIGN_UP((size_t)def->key_size - PREFIXLEN_BYTES, 8);
}

static size_t node_size(const struct skep_map_def *def)
{
	return value_offset(def) + ALIGN_UP((size_t)def->value_size, 8);
}

/* As many intermediate nodes as there are others, and two for an update under way. */
static u64 node_count(const struct skep_map_def *def)
{
	return 2ull * def->max_entries + 2;
}

static size_t lpm_size(const struct skep_map_def *def, _unused_ u32 nr_cpus)
{
	if (node_count(def) > UINT32_MAX)
		return 0;
	return map_bytes(node_size(def), node_count(def), HEAD_BYTES);
}

static int lpm_attach(struct skep_map *map)
{
	struct lpm *lpm = calloc(1, sizeof(*lpm));

	if (!lpm)
		return -ENOMEM;
	lpm->head = map->base;
	lpm->nodes = (char *)map->base + HEAD_BYTES;
	lpm->nr_nodes = (u32)node_count(&map->def);
	lpm->max_entries = map->def.max_entries;
	lpm->data_size = (u32)(map->def.key_size - PREFIXLEN_BYTES);
	lpm->max_prefixlen = lpm->data_size * 8;
	lpm->value_size = map->def.value_size;
	lpm->value_off = (u32)value_offset(&map->def);
	lpm->node_bytes = node_size(&map->def);
	map->priv = lpm;
	return 0;
}

static void lpm_detach(struct skep_map *map)
{
	free(map->priv);
}

/* --- nodes and keys ---------------------------------------------------------------------- */

static inline u32 load(const _Atomic u32 *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}

static inline void store(_Atomic u32 *p, u32 value)
{
	atomic_store_explicit(p, value, memory_order_release);
}

static inline struct lpm_node *node_at(const struct lpm *lpm, u32 n)
{
	return (struct lpm_node *)(lpm->nodes + (size_t)(n - 1) * lpm->node_bytes);
}

static inline bool is_node(const struct lpm *lpm, u32 n)
{
	return n - 1 < lpm->nr_nodes;
}

static inline char *node_data(struct lpm_node *node)
{
	return (char *)(node + 1);
}

static inline void *node_value(const struct lpm *lpm, u32 n)
{
	return (char *)node_at(lpm, n) + lpm->value_off;
}

static inline const u8 *key_data(const void *key)
{
	return (const u8 *)key + PREFIXLEN_BYTES;
}

static inline u32 data_bit(const u8 *data, u32 index)
{
	return data[index / 8] >> (7 - index % 8) & 1;
}

/* How many bits key and node have in common, at most the shorter prefix. */
static u32 match_bits(const struct lpm *lpm, struct lpm_node *node, const void *key)
{
	u32 limit = load(&node->prefixlen), prefixlen = map_index(key);
	const u8 *data = key_data(key);

	if (limit > prefixlen)
		limit = prefixlen;
	for (u32 word = 0; word * 64 < limit; word++) {
		u64 differ =
			word_load(node_data(node), word) ^ bytes_word(data, lpm->data_size, word);
		u32 same;

		if (!differ)
			continue;
		same = word * 64 + (u32)__builtin_clzll(__builtin_bswap64(differ));
		return same < limit ? same : limit;
	}
	return limit;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "match_bits() swaps words");

/* A free node; there is always one, unless the segment is broken: 0. With the lock held. */
static u32 node_take(const struct lpm *lpm)
{
	u32 n = load(&lpm->head->free), high = load(&lpm->head->high_water);

	if (is_node(lpm, n)) {
		store(&lpm->head->free, load(&node_at(lpm, n)->child[0]));
		return n;
	}
	if (high >= lpm->nr_nodes)
		return 0;
	store(&lpm->head->high_water, high + 1);
	return high + 1;
}

/* Count first, free then: see hash.h for why the order matters to readers. */
static void node_give(const struct lpm *lpm, u32 n)
{
	atomic_fetch_add(&lpm->head->seq, 1);
	store(&node_at(lpm, n)->child[0], load(&lpm->head->free));
	store(&lpm->head->free, n);
}

static u32 node_new(const struct lpm *lpm, const u8 *data, u32 prefixlen, const void *value)
{
	u32 n = node_take(lpm);
	struct lpm_node *node;

	if (!n)
		return 0;
	node = node_at(lpm, n);
	store(&node->child[0], 0);
	store(&node->child[1], 0);
	store(&node->prefixlen, prefixlen);
	store(&node->flags, value ? 0 : INTERMEDIATE);
	copy_in(node_data(node), data, lpm->data_size);
	if (value)
		copy_in(node_value(lpm, n), value, lpm->value_size);
	return n;
}

/* --- lookup -------------------------------------------------------------------------------- */

/* One walk; meaningful only if seq has not changed since before. */
static u32 walk(const struct lpm *lpm, const void *key)
{
	u32 n = load(&lpm->head->root), found = 0, depth = 0, length;

	for (; is_node(lpm, n) && depth <= lpm->max_prefixlen; depth++) {
		struct lpm_node *node = node_at(lpm, n);

		length = load(&node->prefixlen);
		if (match_bits(lpm, node, key) < length)
			break;
		if (!(load(&node->flags) & INTERMEDIATE))
			found = n;
		if (length >= lpm->max_prefixlen)
			break;
		n = load(&node->child[data_bit(key_data(key), length)]);
	}
	return found;
}

static u32 find(const struct lpm *lpm, const void *key, u32 *ret_seq)
{
	u32 n, seq;

	do {
		seq = load(&lpm->head->seq);
		n = map_index(key) <= lpm->max_prefixlen ? walk(lpm, key) : 0;
	} while (unlikely(load(&lpm->head->seq) != seq));
	*ret_seq = seq;
	return n;
}

static void *lpm_lookup(struct skep_map *map, const void *key)
{
	u32 seq, n = find(map->priv, key, &seq);

	return n ? node_value(map->priv, n) : NULL;
}

static int lpm_ctl_lookup(struct skep_map *map, const void *key, void *value)
{
	const struct lpm *lpm = map->priv;
	u32 seq, n;

	do {
		n = find(lpm, key, &seq);
		if (!n)
			return -ENOENT;
		copy_out(value, node_value(lpm, n), lpm->value_size);
	} while (load(&lpm->head->seq) != seq);
	return 0;
}

/* --- change: with the lock held ------------------------------------------------------------ */

/* Where a walk for a key ended: the link there, the one above it, and how much matched. */
struct place {
	_Atomic u32 *link, *above; /* above: the link to the parent, NULL at the root */
	u32 node, parent;          /* 0 = none */
	u32 match;
};

static struct place place_find(const struct lpm *lpm, const void *key)
{
	struct place place = {.link = &lpm->head->root};

	for (u32 depth = 0; depth <= lpm->max_prefixlen; depth++) {
		struct lpm_node *node;
		u32 n = load(place.link), length;

		place.node = is_node(lpm, n) ? n : 0;
		if (!place.node)
			break;
		node = node_at(lpm, n);
		length = load(&node->prefixlen);
		place.match = match_bits(lpm, node, key);
		if (place.match != length || length == map_index(key) ||
		    length >= lpm->max_prefixlen)
			break;
		place.parent = n;
		place.above = place.link;
		place.link = &node->child[data_bit(key_data(key), length)];
	}
	return place;
}

static bool is_exact(const struct lpm *lpm, const struct place *place, const void *key)
{
	struct lpm_node *node = place->node ? node_at(lpm, place->node) : NULL;

	return node && load(&node->prefixlen) == place->match && place->match == map_index(key);
}

/* The new node takes the place of one with the same prefix. */
static void put_over(const struct lpm *lpm, const struct place *place, u32 n)
{
	struct lpm_node *old = node_at(lpm, place->node);

	store(&node_at(lpm, n)->child[0], load(&old->child[0]));
	store(&node_at(lpm, n)->child[1], load(&old->child[1]));
	store(place->link, n);
	node_give(lpm, place->node);
}

/* Both go below a new intermediate node with what they have in common. */
static bool put_beside(const struct lpm *lpm, const struct place *place, u32 n, const void *key)
{
	u8 data[DATA_MAX + 8] = {0};
	u32 both, bit;

	copy_out(data, node_data(node_at(lpm, place->node)), lpm->data_size);
	both = node_new(lpm, data, place->match, NULL);
	if (!both)
		return false;
	bit = data_bit(key_data(key), place->match);
	store(&node_at(lpm, both)->child[bit], n);
	store(&node_at(lpm, both)->child[!bit], place->node);
	store(place->link, both);
	return true;
}

static bool put(const struct lpm *lpm, const struct place *place, u32 n, const void *key)
{
	u8 data[DATA_MAX + 8] = {0};

	if (!place->node) {
		store(place->link, n);
		return true;
	}
	if (is_exact(lpm, place, key)) {
		put_over(lpm, place, n);
		return true;
	}
	if (place->match < map_index(key))
		return put_beside(lpm, place, n, key);
	copy_out(data, node_data(node_at(lpm, place->node)), lpm->data_size);
	store(&node_at(lpm, n)->child[data_bit(data, place->match)], place->node);
	store(place->link, n);
	return true;
}

static long update_locked(const struct lpm *lpm, const void *key, const void *value, u64 flags)
{
	struct place place = place_find(lpm, key);
	bool present = is_exact(lpm, &place, key) &&
		       !(load(&node_at(lpm, place.node)->flags) & INTERMEDIATE);
	u32 n;

	if (present && flags == SKEP_NOEXIST)
		return -EEXIST;
	if (!present && flags == SKEP_EXIST)
		return -ENOENT;
	if (!present && load(&lpm->head->count) >= lpm->max_entries)
		return -ENOSPC;
	n = node_new(lpm, key_data(key), map_index(key), value);
	if (!n)
		return -ENOMEM;
	if (!put(lpm, &place, n, key)) {
		node_give(lpm, n);
		return -ENOMEM;
	}
	if (!present)
		atomic_fetch_add(&lpm->head->count, 1);
	return 0;
}

static long lpm_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	const struct lpm *lpm = map->priv;
	long err;

	if (flags > SKEP_EXIST || map_index(key) > lpm->max_prefixlen)
		return -EINVAL;
	lock_take(&lpm->head->lock);
	err = update_locked(lpm, key, value, flags);
	lock_give(&lpm->head->lock);
	return err;
}

/*
 * A node with two children stays as an intermediate one. Else its child, if any, moves up; and an
 * intermediate parent that is left with one child goes too.
 */
static void take_out(const struct lpm *lpm, const struct place *place)
{
	struct lpm_node *node = node_at(lpm, place->node), *parent;
	u32 left = load(&node->child[0]), right = load(&node->child[1]);

	if (left && right) {
		store(&node->flags, INTERMEDIATE);
		return;
	}
	parent = place->parent ? node_at(lpm, place->parent) : NULL;
	if (parent && load(&parent->flags) & INTERMEDIATE && !left && !right) {
		store(place->above, load(&parent->child[place->link == &parent->child[0]]));
		node_give(lpm, place->parent);
	} else {
		store(place->link, left ? left : right);
	}
	node_give(lpm, place->node);
}

static long lpm_delete(struct skep_map *map, const void *key)
{
	const struct lpm *lpm = map->priv;
	struct place place;
	bool present;

	if (map_index(key) > lpm->max_prefixlen)
		return -EINVAL;
	lock_take(&lpm->head->lock);
	place = place_find(lpm, key);
	present = is_exact(lpm, &place, key) &&
		  !(load(&node_at(lpm, place.node)->flags) & INTERMEDIATE);
	if (present) {
		take_out(lpm, &place);
		atomic_fetch_sub(&lpm->head->count, 1);
	}
	lock_give(&lpm->head->lock);
	return present ? 0 : -ENOENT;
}

static int lpm_ctl_update(struct skep_map *map, const void *key, const void *value, u64 flags)
{
	return (int)lpm_update(map, key, value, flags);
}

static int lpm_ctl_delete(struct skep_map *map, const void *key)
{
	return (int)lpm_delete(map, key);
}

/* --- iteration ---------------------------------------------------------------------------- */

/* First node in postorder that has a value below n, n included: the kernel's order. */
static u32 leftmost(const struct lpm *lpm, u32 n)
{
	u32 found = 0, left;

	for (u32 depth = 0; is_node(lpm, n) && depth <= lpm->max_prefixlen; depth++) {
		struct lpm_node *node = node_at(lpm, n);

		if (!(load(&node->flags) & INTERMEDIATE))
			found = n;
		left = load(&node->child[0]);
		n = left ? left : load(&node->child[1]);
	}
	return found;
}

/* The node after the one that holds the key, *ret_found: the key is there. */
static u32 after(const struct lpm *lpm, const void *key, bool *ret_found)
{
	u32 path[DEPTH_MAX + 1], n = load(&lpm->head->root), depth = 0, length, right;

	*ret_found = false;
	for (; is_node(lpm, n) && depth <= lpm->max_prefixlen; depth++) {
		path[depth] = n;
		length = load(&node_at(lpm, n)->prefixlen);
		if (match_bits(lpm, node_at(lpm, n), key) != length)
			return 0;
		if (length >= map_index(key)) {
			*ret_found = !(load(&node_at(lpm, n)->flags) & INTERMEDIATE);
			break;
		}
		n = load(&node_at(lpm, n)->child[data_bit(key_data(key), length)]);
	}
	for (; *ret_found && depth; depth--) {
		struct lpm_node *parent = node_at(lpm, path[depth - 1]);

		right = load(&parent->child[1]);
		if (load(&parent->child[0]) == path[depth] && is_node(lpm, right))
			return leftmost(lpm, right);
		if (!(load(&parent->flags) & INTERMEDIATE))
			return path[depth - 1];
	}
	return 0;
}

static int lpm_next_key(struct skep_map *map, const void *key, void *next)
{
	const struct lpm *lpm = map->priv;
	bool found = false;
	u32 n = 0, length;

	lock_take(&lpm->head->lock);
	if (key && map_index(key) <= lpm->max_prefixlen)
		n = after(lpm, key, &found);
	if (!found)
		n = leftmost(lpm, load(&lpm->head->root));
	if (n) {
		length = load(&node_at(lpm, n)->prefixlen);
		__builtin_memcpy(next, &length, sizeof(length));
		copy_out((char *)next + PREFIXLEN_BYTES, node_data(node_at(lpm, n)),
			 lpm->data_size);
	}
	lock_give(&lpm->head->lock);
	return n ? 0 : -ENOENT;
}

/* --- re-attached ----------------------------------------------------------------------------- */

static int refuse(const struct skep_map *map, struct skep_diag *diag, u32 n, const char *problem)
{
	return diag_fail(diag, -EINVAL, "map segment '%s': node %u %s", map->def.name, n, problem);
}

/* A child's number, 0 for none: in range, with a longer prefix, reached for the first time. */
static int check_child(const struct skep_map *map, u32 n, u32 length, u8 *seen,
		       struct skep_diag *diag)
{
	const struct lpm *lpm = map->priv;

	if (!is_node(lpm, n) || n > load(&lpm->head->high_water))
		return refuse(map, diag, n, "lies outside of the nodes");
	if (seen[n / 8] & 1u << n % 8)
		return refuse(map, diag, n, "is in the tree twice");
	seen[n / 8] |= (u8)(1u << n % 8);
	if (load(&node_at(lpm, n)->prefixlen) < length ||
	    load(&node_at(lpm, n)->prefixlen) > lpm->max_prefixlen)
		return refuse(map, diag, n, "has a prefix length that does not fit");
	return 0;
}

/* Depth first; prefixes grow on the way down, which bounds the stack. */
static int check_tree(const struct skep_map *map, u8 *seen, struct skep_diag *diag)
{
	const struct lpm *lpm = map->priv;
	u32 stack[DEPTH_MAX + 2], top = 0, n = load(&lpm->head->root), values = 0;
	int err = n ? check_child(map, n, 0, seen, diag) : 0;

	if (n)
		stack[top++] = n;
	while (!err && top) {
		struct lpm_node *node = node_at(lpm, stack[--top]);

		values += !(load(&node->flags) & INTERMEDIATE);
		for (int i = 0; !err && i < 2; i++) {
			n = load(&node->child[i]);
			if (n)
				err = check_child(map, n, load(&node->prefixlen) + 1, seen, diag);
			if (n && top < ARRAY_SIZE(stack))
				stack[top++] = n;
		}
	}
	if (!err && values != load(&lpm->head->count))
		err = diag_fail(diag, -EINVAL, "map segment '%s': %u prefixes, not %u",
				map->def.name, values, load(&lpm->head->count));
	n = load(&lpm->head->free);
	while (!err && n) {
		err = check_child(map, n, 0, seen, diag);
		if (!err)
			n = load(&node_at(lpm, n)->child[0]);
	}
	return err;
}

/* With the lock held: who else uses the map keeps still meanwhile. */
static int lpm_validate(struct skep_map *map, struct skep_diag *diag)
{
	const struct lpm *lpm = map->priv;
	u32 high = load(&lpm->head->high_water);
	u8 *seen;
	int err;

	if (high > lpm->nr_nodes)
		return refuse(map, diag, high, "is used but does not exist");
	seen = calloc((size_t)high / 8 + 2, 1);
	if (!seen)
		return diag_fail(diag, -ENOMEM, "map segment: out of memory");
	lock_take(&lpm->head->lock);
	if (load(&lpm->head->high_water) == high)
		err = check_tree(map, seen, diag);
	else
		err = diag_fail(diag, -EAGAIN, "map segment '%s': being changed", map->def.name);
	lock_give(&lpm->head->lock);
	free(seen);
	return err;
}

static bool lpm_contains(const struct skep_map *map, const void *addr, size_t size)
{
	const struct lpm *lpm = map->priv;

	return map_in_slots(addr, size, lpm->nodes + lpm->value_off, lpm->node_bytes, lpm->nr_nodes,
			    lpm->value_size);
}

const struct map_ops map_lpm_trie_ops = {
	.type = SKEP_MAP_LPM_TRIE,
	.check = lpm_check,
	.size = lpm_size,
	.attach = lpm_attach,
	.validate = lpm_validate,
	.detach = lpm_detach,
	.lookup = lpm_lookup,
	.update = lpm_update,
	.delete = lpm_delete,
	.ctl_lookup = lpm_ctl_lookup,
	.ctl_update = lpm_ctl_update,
	.ctl_delete = lpm_ctl_delete,
	.next_key = lpm_next_key,
	.contains = lpm_contains,
};

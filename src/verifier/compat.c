/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Which helpers take which types of map. Two tables, because both sides are picky: some maps go
 * only into their own helpers, and some helpers take only their own maps.
 */
#include "verifier/env.h"

struct pairing {
	u32 subject; /* map type, or helper id */
	u32 with[10]; /* helper ids, or map types; 0 ends */
};

/* Maps that only these helpers take. */
static const struct pairing map_pairings[] = {
	{SKEP_MAP_PROG_ARRAY, {H_tail_call}},
	{SKEP_MAP_PERF_EVENT_ARRAY,
	 {H_perf_event_read, H_perf_event_output, H_skb_output, H_perf_event_read_value,
	  H_xdp_output}},
	{SKEP_MAP_RINGBUF,
	 {H_ringbuf_output, H_ringbuf_reserve, H_ringbuf_query, H_ringbuf_reserve_dynptr,
	  H_ringbuf_submit_dynptr, H_ringbuf_discard_dynptr}},
	{SKEP_MAP_USER_RINGBUF, {H_user_ringbuf_drain}},
	{SKEP_MAP_STACK_TRACE, {H_get_stackid}},
	{SKEP_MAP_CGROUP_ARRAY, {H_skb_under_cgroup, H_current_task_under_cgroup}},
	{SKEP_MAP_CGROUP_STORAGE, {H_get_local_storage}},
	{SKEP_MAP_PERCPU_CGROUP_STORAGE, {H_get_local_storage}},
	{SKEP_MAP_DEVMAP, {H_redirect_map, H_map_lookup_elem}},
	{SKEP_MAP_DEVMAP_HASH, {H_redirect_map, H_map_lookup_elem}},
	{SKEP_MAP_CPUMAP, {H_redirect_map}},
	{SKEP_MAP_XSKMAP, {H_redirect_map, H_map_lookup_elem}},
	{SKEP_MAP_ARRAY_OF_MAPS, {H_map_lookup_elem}},
	{SKEP_MAP_HASH_OF_MAPS, {H_map_lookup_elem}},
	{SKEP_MAP_SOCKMAP,
	 {H_sk_redirect_map, H_sock_map_update, H_msg_redirect_map, H_sk_select_reuseport,
	  H_map_lookup_elem, H_map_update_elem, H_map_delete_elem}},
	{SKEP_MAP_SOCKHASH,
	 {H_sk_redirect_hash, H_sock_hash_update, H_msg_redirect_hash, H_sk_select_reuseport,
	  H_map_lookup_elem, H_map_update_elem, H_map_delete_elem}},
	{SKEP_MAP_REUSEPORT_SOCKARRAY, {H_sk_select_reuseport}},
	{SKEP_MAP_QUEUE, {H_map_peek_elem, H_map_pop_elem, H_map_push_elem}},
	{SKEP_MAP_STACK, {H_map_peek_elem, H_map_pop_elem, H_map_push_elem}},
	{SKEP_MAP_SK_STORAGE, {H_sk_storage_get, H_sk_storage_delete}},
	{SKEP_MAP_INODE_STORAGE, {H_inode_storage_get, H_inode_storage_delete}},
	{SKEP_MAP_TASK_STORAGE, {H_task_storage_get, H_task_storage_delete}},
	{SKEP_MAP_CGRP_STORAGE, {H_cgrp_storage_get, H_cgrp_storage_delete}},
	{SKEP_MAP_BLOOM_FILTER, {H_map_peek_elem, H_map_push_elem}},
};

/* Helpers that take only these maps. */
static const struct pairing helper_pairings[] = {
	{H_tail_call, {SKEP_MAP_PROG_ARRAY}},
	{H_perf_event_read, {SKEP_MAP_PERF_EVENT_ARRAY}},
	{H_perf_event_output, {SKEP_MAP_PERF_EVENT_ARRAY}},
	{H_perf_event_read_value, {SKEP_MAP_PERF_EVENT_ARRAY}},
	{H_skb_output, {SKEP_MAP_PERF_EVENT_ARRAY}},
	{H_xdp_output, {SKEP_MAP_PERF_EVENT_ARRAY}},
	{H_ringbuf_output, {SKEP_MAP_RINGBUF}},
	{H_ringbuf_reserve, {SKEP_MAP_RINGBUF}},
	{H_ringbuf_query, {SKEP_MAP_RINGBUF}},
	{H_ringbuf_reserve_dynptr, {SKEP_MAP_RINGBUF}},
	{H_ringbuf_submit_dynptr, {SKEP_MAP_RINGBUF}},
	{H_ringbuf_discard_dynptr, {SKEP_MAP_RINGBUF}},
	{H_user_ringbuf_drain, {SKEP_MAP_USER_RINGBUF}},
	{H_get_stackid, {SKEP_MAP_STACK_TRACE}},
	{H_current_task_under_cgroup, {SKEP_MAP_CGROUP_ARRAY}},
	{H_skb_under_cgroup, {SKEP_MAP_CGROUP_ARRAY}},
	{H_redirect_map, {SKEP_MAP_DEVMAP, SKEP_MAP_DEVMAP_HASH, SKEP_MAP_CPUMAP, SKEP_MAP_XSKMAP}},
	{H_sk_redirect_map, {SKEP_MAP_SOCKMAP}},
	{H_msg_redirect_map, {SKEP_MAP_SOCKMAP}},
	{H_sock_map_update, {SKEP_MAP_SOCKMAP}},
	{H_sk_redirect_hash, {SKEP_MAP_SOCKHASH}},
	{H_msg_redirect_hash, {SKEP_MAP_SOCKHASH}},
	{H_sock_hash_update, {SKEP_MAP_SOCKHASH}},
	{H_get_local_storage, {SKEP_MAP_CGROUP_STORAGE, SKEP_MAP_PERCPU_CGROUP_STORAGE}},
	{H_sk_select_reuseport,
	 {SKEP_MAP_REUSEPORT_SOCKARRAY, SKEP_MAP_SOCKMAP, SKEP_MAP_SOCKHASH}},
	{H_map_pop_elem, {SKEP_MAP_QUEUE, SKEP_MAP_STACK}},
	{H_map_peek_elem, {SKEP_MAP_QUEUE, SKEP_MAP_STACK, SKEP_MAP_BLOOM_FILTER}},
	{H_map_push_elem, {SKEP_MAP_QUEUE, SKEP_MAP_STACK, SKEP_MAP_BLOOM_FILTER}},
	{H_map_lookup_percpu_elem,
	 {SKEP_MAP_PERCPU_ARRAY, SKEP_MAP_PERCPU_HASH, SKEP_MAP_LRU_PERCPU_HASH}},
	{H_sk_storage_get, {SKEP_MAP_SK_STORAGE}},
	{H_sk_storage_delete, {SKEP_MAP_SK_STORAGE}},
	{H_for_each_map_elem,
	 {SKEP_MAP_HASH, SKEP_MAP_ARRAY, SKEP_MAP_PERCPU_HASH, SKEP_MAP_PERCPU_ARRAY,
	  SKEP_MAP_LRU_HASH, SKEP_MAP_LRU_PERCPU_HASH}},
};

static bool pairing_allows(const struct pairing *rows, u32 nr, u32 subject, u32 with)
{
	for (u32 i = 0; i < nr; i++) {
		if (rows[i].subject != subject)
			continue;
		for (u32 j = 0; j < ARRAY_SIZE(rows[i].with) && rows[i].with[j]; j++)
			if (rows[i].with[j] == with)
				return true;
		return false;
	}
	return true;
}

/* Does the helper write to the map by itself, beyond what it does through a value's address? */
static bool writes_map(const struct helper_desc *helper)
{
	return helper->id == H_map_update_elem || helper->id == H_map_delete_elem ||
	       helper->id == H_map_push_elem || helper->id == H_map_pop_elem;
}

int check_map_helper(struct env *env, const struct vmap *map, const struct helper_desc *helper)
{
	u32 type = map->def->type;
	const char *name;

	if (map->def->map_flags & SKEP_F_RDONLY_PROG && writes_map(helper))
		return reject(env, -EACCES, RULE_MAP_READ_ONLY,
			      "bpf_%s on map %s, which programs may only read", helper->name,
			      map->def->name);
	if (pairing_allows(map_pairings, ARRAY_SIZE(map_pairings), type, helper->id) &&
	    pairing_allows(helper_pairings, ARRAY_SIZE(helper_pairings), helper->id, type))
		return 0;
	name = skep_map_type_name(type);
	return reject(env, -EINVAL, RULE_MAP_HELPER, "bpf_%s does not work on map %s, of type %s",
		      helper->name, map->def->name, name ? name : "unknown");
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * bpf_redirect and bpf_redirect_map: note in the env where the packet shall go and return the
 * verdict that says so. Source: kernel bpf_xdp_redirect(), bpf_redirect(),
 * __bpf_xdp_redirect_map().
 */
#include <string.h>

#include "helper/body.h"

#define XDP_ABORTED 0
#define XDP_REDIRECT 4
#define TC_ACT_SHOT 2
#define TC_ACT_REDIRECT 7

#define REDIRECT_INGRESS 1 /* BPF_F_INGRESS */
/* Flags of bpf_redirect_map: the verdict on a miss, and where to */
#define MISS_VERDICT 3
#define BROADCAST (1 << 3)
#define EXCLUDE_INGRESS (1 << 4)

static bool is_tc(enum skep_hook hook)
{
	return hook == SKEP_HOOK_TC_INGRESS || hook == SKEP_HOOK_TC_EGRESS;
}

u64 helper_redirect(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct helper_env *env = helper_env;
	bool tc = is_tc(env->image->hook);

	if (r2 & ~(u64)(tc ? REDIRECT_INGRESS : 0))
		return tc ? TC_ACT_SHOT : XDP_ABORTED;
	env->redirect = (struct helper_redirect){
		.set = true, .key = (u32)r1, .flags = r2, .to = {.ifindex = (u32)r1}};
	return tc ? TC_ACT_REDIRECT : XDP_REDIRECT;
}

static u64 allowed_flags(const struct skep_map *map)
{
	bool devices = map->def.type == SKEP_MAP_DEVMAP || map->def.type == SKEP_MAP_DEVMAP_HASH;

	return MISS_VERDICT | (devices ? BROADCAST | EXCLUDE_INGRESS : 0);
}

/* r1 = map, r2 = key, r3 = flags. With BROADCAST the key says nothing, and a miss is no miss. */
u64 helper_redirect_map(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct helper_redirect *redirect = &helper_env->redirect;
	struct skep_map *map = helper_pointer(r1);
	struct map_redirect to = {0};
	bool broadcast = r3 & BROADCAST;

	if (!map->ops->redirect || r3 & ~allowed_flags(map))
		return XDP_ABORTED;
	if (map->ops->redirect(map, (u32)r2, &to) && !broadcast) {
		memset(redirect, 0, sizeof(*redirect));
		return r3 & MISS_VERDICT;
	}
	*redirect = (struct helper_redirect){
		.set = true, .map = map, .key = (u32)r2, .flags = broadcast ? r3 : 0, .to = to};
	return XDP_REDIRECT;
}

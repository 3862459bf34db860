/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A helper is called under the lock. */
#include "wrong.h"

MAP(locks, ARRAY, __u32, struct locked, 1);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct locked *value = bpf_map_lookup_elem(&locks, &key);

	if (!value)
		return XDP_PASS;
	bpf_spin_lock(&value->lock);
	value->count = bpf_ktime_get_ns();
	bpf_spin_unlock(&value->lock);
	return XDP_PASS;
}

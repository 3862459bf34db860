/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A callback writes the key of a map. */
#include "wrong.h"

MAP(table, HASH, __u32, struct value, 4);

static long each(void *map, __u32 *key, struct value *value, void *arg)
{
	*(volatile __u32 *)key = 0;
	return 0;
}

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	bpf_for_each_map_elem(&table, each, 0, 0);
	return XDP_PASS;
}

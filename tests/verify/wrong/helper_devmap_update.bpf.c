/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A program may not change a devmap. */
#include "wrong.h"

MAP(ports, DEVMAP, __u32, __u32, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0, value = 3;

	return bpf_map_update_elem(&ports, &key, &value, BPF_ANY) ? XDP_DROP : XDP_PASS;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A number where the key is wanted. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return bpf_map_lookup_elem(&values, (void *)5) ? XDP_DROP : XDP_PASS;
}

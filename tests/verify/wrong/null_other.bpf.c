/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Another pointer than the one that is used was tested. */
#include "wrong.h"

MAP(values, HASH, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 one = 0, two = 1;
	struct value *first = bpf_map_lookup_elem(&values, &one);
	struct value *second = bpf_map_lookup_elem(&values, &two);

	if (!first)
		return XDP_PASS;
	return second->count ? XDP_DROP : XDP_PASS;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The index may be as large as the array. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0, index = ctx->rx_queue_index;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (!value || index > 14)
		return XDP_PASS;
	opaque(index);
	return value->slots[index] ? XDP_DROP : XDP_PASS;
}

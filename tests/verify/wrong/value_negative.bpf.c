/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An access in front of the value. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (!value)
		return XDP_PASS;
	return ((volatile __u64 *)value)[-1] ? XDP_DROP : XDP_PASS;
}

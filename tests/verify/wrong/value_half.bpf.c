/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A pointer that went through 32 bits is used. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 value = (__u64)bpf_map_lookup_elem(&values, &key);
	__u32 half;

	if (!value)
		return XDP_PASS;
	half = value;
	opaque(half);
	return *(char *)(__u64)half ? XDP_DROP : XDP_PASS;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An atomic operation at an odd place. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (!value)
		return XDP_PASS;
	asm volatile("lock *(u64 *)(%0 + 1) += %1" ::"r"(value), "r"(1ul) : "memory");
	return XDP_PASS;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A pointer is added to a pointer. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 value = (__u64)bpf_map_lookup_elem(&values, &key), sum;

	if (!value)
		return XDP_PASS;
	sum = value;
	asm volatile("%0 += %1" : "+r"(sum) : "r"(value));
	return *(char *)sum;
}

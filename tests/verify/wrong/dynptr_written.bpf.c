/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The bytes of a dynptr are written. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	struct bpf_dynptr ptr;
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);
	char byte;

	if (!value)
		return XDP_PASS;
	bpf_dynptr_from_mem(value, sizeof(*value), 0, &ptr);
	*(volatile __u64 *)&ptr = 1;
	return bpf_dynptr_read(&byte, 1, &ptr, 0, 0) ? XDP_DROP : XDP_PASS;
}

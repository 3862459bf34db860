/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Arithmetic on a pointer before it is tested. */
#include "wrong.h"

MAP(values, HASH, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;
	char *value = bpf_map_lookup_elem(&values, &key);

	value += 8;
	opaque(value);
	if (!value)
		return XDP_PASS;
	return *value ? XDP_DROP : XDP_PASS;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The result of a look-up is used without a test. */
#include "wrong.h"

MAP(values, HASH, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	return value->count ? XDP_DROP : XDP_PASS;
}

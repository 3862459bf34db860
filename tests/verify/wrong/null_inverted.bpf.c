/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The access is where the look-up found nothing. */
#include "wrong.h"

MAP(values, HASH, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (!value)
		return ((volatile struct value *)value)->count ? XDP_DROP : XDP_PASS;
	return XDP_PASS;
}

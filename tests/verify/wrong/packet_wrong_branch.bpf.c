/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The comparison is the wrong way around: the access is where bytes are missing. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);

	if ((void *)(eth + 1) > DATA_END(ctx))
		return eth->h_proto == 8 ? XDP_DROP : XDP_PASS;
	return XDP_PASS;
}

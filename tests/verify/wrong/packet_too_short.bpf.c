/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* 14 bytes are proven, the IP header behind them is read. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);
	struct iphdr *ip = (void *)(eth + 1);

	if ((void *)(eth + 1) > DATA_END(ctx))
		return XDP_PASS;
	return ip->protocol == 6 ? XDP_DROP : XDP_PASS;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* No comparison with data_end at all. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	struct ethhdr *eth = DATA(ctx);

	return eth->h_proto == 8 ? XDP_DROP : XDP_PASS;
}

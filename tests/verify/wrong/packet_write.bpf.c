/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A write behind what was compared. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char *data = DATA(ctx);

	if (data + 4 > (char *)DATA_END(ctx))
		return XDP_PASS;
	*(volatile __u64 *)data = 0;
	return XDP_TX;
}

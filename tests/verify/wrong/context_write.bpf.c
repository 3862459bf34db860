/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A field is written that this hook can not set. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	*(volatile __u32 *)&ctx->rx_queue_index = 4;
	return XDP_PASS;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An atomic operation on the context. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__sync_fetch_and_add(&ctx->rx_queue_index, 1);
	return XDP_PASS;
}

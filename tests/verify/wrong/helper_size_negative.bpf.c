/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The size may be negative. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char buffer[32];
	int size = ctx->rx_queue_index;

	if (size > (int)sizeof(buffer))
		return XDP_PASS;
	return bpf_xdp_load_bytes(ctx, 0, buffer, size) ? XDP_DROP : XDP_PASS;
}

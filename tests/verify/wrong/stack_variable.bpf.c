/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A variable index into the stack without bounds. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	volatile char buffer[64] = {};

	buffer[ctx->rx_queue_index] = 1;
	return buffer[1];
}

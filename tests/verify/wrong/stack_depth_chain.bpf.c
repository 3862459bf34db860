/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The frames of a chain of calls are larger than the stack together. */
#include "wrong.h"

static __noinline int inner(int index)
{
	volatile char buffer[300] = {};

	buffer[index & 255] = 1;
	return buffer[5];
}

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	volatile char buffer[300] = {};

	buffer[ctx->rx_queue_index & 255] = 1;
	return inner(ctx->rx_queue_index) + buffer[7];
}

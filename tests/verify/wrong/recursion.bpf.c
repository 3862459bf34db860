/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A function calls itself. */
#include "wrong.h"

static __noinline int count(int n)
{
	asm volatile("");
	return n > 1 ? count(n - 1) + count(n - 2) : n;
}

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return count(ctx->rx_queue_index);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A shift by 64. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u64 n = ctx->rx_queue_index;

	asm volatile("%0 <<= 64" : "+r"(n));
	return n & 1;
}

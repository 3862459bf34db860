/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A register is written on one path only. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	int result;

	asm volatile("if %1 > 5 goto +1; r7 = 1; %0 = r7"
		     : "=r"(result)
		     : "r"(ctx->rx_queue_index)
		     : "r7");
	return result;
}

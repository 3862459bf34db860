/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* LD_ABS where there is no skb. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	int result;

	asm volatile("r6 = %1; r0 = *(u8 *)skb[0]; %0 = r0"
		     : "=r"(result)
		     : "r"(ctx)
		     : "r0", "r1", "r2", "r3", "r4", "r5", "r6");
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Instructions that no path reaches. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	asm volatile("goto +1; r7 = 1; r7 = 2" ::: "r7");
	return XDP_PASS;
}

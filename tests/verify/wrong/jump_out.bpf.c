/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A jump out of the program. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	asm volatile("goto +1000");
	return XDP_PASS;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A jump into the middle of a wide immediate. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	asm volatile("goto +1; r7 = 0x1122334455667788 ll" ::: "r7");
	return XDP_PASS;
}

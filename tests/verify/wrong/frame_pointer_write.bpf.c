/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The frame pointer is changed. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	asm volatile("r10 += -8");
	return XDP_PASS;
}

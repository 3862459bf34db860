/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A loop without an end. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	for (;;)
		asm volatile("");
	return XDP_PASS;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A constant is written. */
#include "wrong.h"

const volatile int limit = 5;

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	*(volatile int *)&limit = 6;
	return XDP_PASS;
}

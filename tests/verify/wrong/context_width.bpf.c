/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Two bytes of a field of four. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	int result;

	asm volatile("%0 = *(u16 *)(%1 + 0)" : "=r"(result) : "r"(ctx));
	return result;
}

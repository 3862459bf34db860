/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A read behind the context. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	int result;

	asm volatile("%0 = *(u32 *)(%1 + 64)" : "=r"(result) : "r"(ctx));
	return result;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A global function with an argument of unknown size. */
#include "wrong.h"

__noinline int sum(void *anything)
{
	return anything ? 1 : 2;
}

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return sum((void *)ctx);
}

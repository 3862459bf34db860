/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* r0 is not set before the program ends. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	asm volatile("exit");
	__builtin_unreachable();
}

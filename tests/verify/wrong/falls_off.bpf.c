/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A program without an end. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	asm volatile("r0 = 0; .byte 0xb7, 0, 0, 0, 0, 0, 0, 0");
	__builtin_unreachable();
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An access above the frame. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	int result;

	asm volatile("%0 = *(u64 *)(r10 + 8)" : "=r"(result));
	return result;
}

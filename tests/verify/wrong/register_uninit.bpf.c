/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A register that nothing has written is returned. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	int result;

	asm volatile("%0 = r7" : "=r"(result));
	return result;
}

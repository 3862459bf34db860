/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A function returns the address of its own variable. */
#include "wrong.h"

static __noinline void *local(int index)
{
	void *address;

	asm volatile("*(u64 *)(r10 - 8) = %1; %0 = r10; %0 += -8"
		     : "=r"(address)
		     : "r"((long)index));
	return address;
}

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return *(volatile int *)local(ctx->rx_queue_index);
}

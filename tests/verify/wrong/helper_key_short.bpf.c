/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The key on the stack is shorter than that of the map. */
#include "wrong.h"

MAP(wide, HASH, __u64, __u64, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	void *found;

	asm volatile("r2 = r10; r2 += -4; r1 = %[map] ll; call 1; %0 = r0"
		     : "=r"(found)
		     : [map] "i"(&wide)
		     : "r0", "r1", "r2", "r3", "r4", "r5");
	return found ? XDP_DROP : XDP_PASS;
}

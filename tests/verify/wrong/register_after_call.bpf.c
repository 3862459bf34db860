/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An argument register is used after a call. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	int result;

	asm volatile("r2 = 5; call %[time]; %0 = r2"
		     : "=r"(result)
		     : [time] "i"(BPF_FUNC_ktime_get_ns)
		     : "r0", "r1", "r2", "r3", "r4", "r5");
	return result;
}

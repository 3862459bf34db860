/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Half of a pointer that is stored on the stack is overwritten. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char result;

	asm volatile("*(u64 *)(r10 - 8) = %1;"
		     "r2 = 0;"
		     "*(u32 *)(r10 - 8) = r2;"
		     "r2 = *(u64 *)(r10 - 8);"
		     "%0 = *(u32 *)(r2 + 0)"
		     : "=r"(result)
		     : "r"(ctx)
		     : "r2", "memory");
	return result;
}

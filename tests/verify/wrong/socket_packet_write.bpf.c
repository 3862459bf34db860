/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A socket filter writes to its packet. */
#include "wrong.h"

SEC("socket")
int entry(struct __sk_buff *ctx)
{
	*(volatile __u32 *)&ctx->data = 0;
	return 0;
}

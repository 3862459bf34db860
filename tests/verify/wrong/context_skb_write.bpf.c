/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A field of the skb that tc programs may only read. */
#include "wrong.h"

SEC("tc")
int entry(struct __sk_buff *ctx)
{
	*(volatile __u32 *)&ctx->len = 4;
	return 0;
}

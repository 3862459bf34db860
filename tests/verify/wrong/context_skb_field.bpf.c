/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A field of the skb that tc programs do not see. */
#include "wrong.h"

SEC("tc")
int entry(struct __sk_buff *ctx)
{
	return ctx->family == 2 ? 2 : 0;
}

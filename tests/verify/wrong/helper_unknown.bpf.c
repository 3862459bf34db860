/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A helper that does not exist. */
#include "wrong.h"

static long (*const helper)(void *) = (void *)9999;

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return helper(ctx);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A read through data_end. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return *(char *)DATA_END(ctx) ? XDP_DROP : XDP_PASS;
}

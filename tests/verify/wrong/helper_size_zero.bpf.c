/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A format of no bytes. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	char format[] = "x";

	bpf_trace_printk(format, 0);
	return XDP_PASS;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A helper for GPL programs, and another licence. */
#define LICENSE "Proprietary"
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	bpf_printk("hello");
	return XDP_PASS;
}

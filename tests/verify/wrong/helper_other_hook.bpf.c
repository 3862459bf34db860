/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A helper of tc programs. */
#include "wrong.h"

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	return bpf_skb_vlan_pop((void *)ctx) ? XDP_DROP : XDP_PASS;
}

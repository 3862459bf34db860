/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Contexts: what r1 points at when a program starts. The part a program sees is the uapi struct
 * as plain memory (packet memory lies below 4 GiB: base/lowmem.h); what helpers need follows it.
 */
#ifndef SKEP_HELPER_CONTEXT_H
#define SKEP_HELPER_CONTEXT_H

#include "base/types.h"

/* struct xdp_md of the uapi, offsets and all */
struct xdp_md {
	u32 data;
	u32 data_end;
	u32 data_meta;
	u32 ingress_ifindex;
	u32 rx_queue_index;
	u32 egress_ifindex;
};

/* Room before a packet when a program starts, as XDP_PACKET_HEADROOM. */
#define PACKET_HEADROOM 256
/* Kept free at the end of a packet's buffer, as the kernel keeps room for skb_shared_info. */
#define PACKET_TAILROOM 320

/*
 * Packet buffer: [hard_start .. data_meta .. data .. data_end .. frame_end]. All addresses
 * below 4 GiB. md comes first: &ctx->md == ctx == r1.
 */
struct xdp_context {
	struct xdp_md md;
	u32 hard_start; /* address of the first byte of the buffer */
	u32 frame_end;	/* address behind the last byte that the data may grow to */
};

#endif

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
	u32 frame_end;  /* address behind the last byte that the data may grow to */
};

/* struct __sk_buff of the uapi, offsets and all; data, data_end, data_meta are addresses. */
struct sk_buff_md {
	u32 len;
	u32 pkt_type;
	u32 mark;
	u32 queue_mapping;
	u32 protocol; /* network byte order in the low 16 bits */
	u32 vlan_present;
	u32 vlan_tci;
	u32 vlan_proto;
	u32 priority;
	u32 ingress_ifindex;
	u32 ifindex;
	u32 tc_index;
	u32 cb[5];
	u32 hash;
	u32 tc_classid;
	u32 data;
	u32 data_end;
	u32 napi_id;
	u32 family;
	u32 remote_ip4, local_ip4;
	u32 remote_ip6[4], local_ip6[4];
	u32 remote_port, local_port;
	u32 data_meta;
	u64 flow_keys;
	u64 tstamp;
	u32 wire_len;
	u32 gso_segs;
	u64 sk;
	u32 gso_size;
	u8 tstamp_type;
	u8 unused[3];
	u64 hwtstamp;
};

_Static_assert(sizeof(struct sk_buff_md) == 192, "struct __sk_buff has 192 bytes");

/* As xdp_context: &ctx->md == ctx == r1. */
struct skb_context {
	struct sk_buff_md md;
	u32 hard_start;
	u32 frame_end;
	u32 mac_header; /* addresses of the headers, for legacy packet access */
	u32 network_header;
};

#endif

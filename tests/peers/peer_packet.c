/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "peer_packet.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <string.h>

#include "base/lowmem.h"

#define MEMORY_BYTES (PACKET_HEADROOM + PEER_PACKET_MAX + PACKET_TAILROOM)

int peer_packet_init(struct peer_packet *packet)
{
	void *memory;
	int err = lowmem_map(MEMORY_BYTES, &memory);

	if (!err)
		packet->memory = memory;
	return err;
}

static u32 address(const void *p)
{
	return (u32)(uintptr_t)p;
}

/*
 * As BPF_PROG_TEST_RUN does: a socket filter sees the packet from behind its Ethernet header, a
 * classifier from its start.
 */
static void fill_skb(struct peer_packet *packet, enum skep_hook hook, u8 *data, size_t size)
{
	struct skb_context *skb = &packet->ctx.skb;
	size_t pull = hook == SKEP_HOOK_SOCKET && size >= ETH_HLEN ? ETH_HLEN : 0;
	u16 protocol = 0;

	if (size >= ETH_HLEN)
		memcpy(&protocol, data + 12, sizeof(protocol));
	memset(skb, 0, sizeof(*skb));
	skb->md.len = (u32)(size - pull);
	skb->md.protocol = protocol;
	skb->md.ifindex = 1;
	skb->md.data = address(data + pull);
	skb->md.data_meta = skb->md.data;
	skb->md.data_end = address(data + size);
	skb->hard_start = address(packet->memory);
	skb->frame_end = address(packet->memory + PACKET_HEADROOM + PEER_PACKET_MAX);
	skb->mac_header = address(data);
	skb->network_header = address(data + (size < ETH_HLEN ? size : ETH_HLEN));
}

static void fill_xdp(struct peer_packet *packet, u8 *data, size_t size)
{
	packet->ctx.xdp = (struct xdp_context){
		.md.data = address(data),
		.md.data_end = address(data + size),
		.md.data_meta = address(data),
		.md.ingress_ifindex = 1,
		.hard_start = address(packet->memory),
		.frame_end = address(packet->memory + PACKET_HEADROOM + PEER_PACKET_MAX),
	};
}

void peer_packet_fill(struct peer_packet *packet, enum skep_hook hook, const void *data,
		      size_t size)
{
	u8 *start = packet->memory + PACKET_HEADROOM;

	memset(packet->memory, 0, MEMORY_BYTES);
	memcpy(start, data, size);
	if (hook == SKEP_HOOK_XDP)
		fill_xdp(packet, start, size);
	else
		fill_skb(packet, hook, start, size);
}

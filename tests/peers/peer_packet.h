/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A packet in low memory with the context that a hook gives a program. */
#ifndef SKEP_TESTS_PEER_PACKET_H
#define SKEP_TESTS_PEER_PACKET_H

#include "helper/context.h"
#include "skep/hook.h"

#define PEER_PACKET_MAX 4096

struct peer_packet {
	union {
		struct xdp_context xdp;
		struct skb_context skb;
	} ctx;
	u8 *memory; /* PACKET_HEADROOM + PEER_PACKET_MAX + PACKET_TAILROOM */
};

/* Allocate the memory once; 0 or -ENOMEM. */
int peer_packet_init(struct peer_packet *packet);
/* A fresh packet of `size` bytes (at most PEER_PACKET_MAX) and its context. */
void peer_packet_fill(struct peer_packet *packet, enum skep_hook hook, const void *data,
		      size_t size);

#endif

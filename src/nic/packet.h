/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Packet buffers: a burst of equal frames below 4 GiB, each with its XDP context.
 *
 *   frame: [ PACKET_HEADROOM | packet ... room to grow ... | PACKET_TAILROOM ]
 *          ^ hard_start      ^ data    ^ data_end          ^ frame_end
 */
#ifndef SKEP_NIC_PACKET_H
#define SKEP_NIC_PACKET_H

#include "base/types.h"
#include "helper/context.h"

/* A page, as drivers without multi-buffer use; larger packets get larger frames. */
#define PACKET_FRAME_MIN 4096u
/* The longest packet a frame is made for: what a capture can hold. */
#define PACKET_LEN_MAX 262144u

#define PACKET_BURST 64

struct packet {
	struct xdp_context context;
	u32 arrival_len; /* bytes before the program ran */
};

struct packet_burst {
	void *memory;
	size_t memory_size;
	u32 frame_size;
	u32 nr; /* packets filled in */
	struct packet packets[PACKET_BURST];
};

/*
 * Frames for packets of up to max_len bytes. Returns 0, -EMSGSIZE over PACKET_LEN_MAX, or
 * -ENOMEM. Free with packet_burst_free(); *burst needs no initialisation.
 */
int packet_burst_init(struct packet_burst *burst, u32 max_len);
void packet_burst_free(struct packet_burst *burst);

/*
 * Append a packet as it arrives on queue `rx_queue` of device `ifindex`. len is at most the
 * max_len of packet_burst_init(), and the burst is not full.
 */
void packet_burst_add(struct packet_burst *burst, const void *data, u32 len, u32 ifindex,
		      u32 rx_queue);

static inline void *packet_data(const struct packet *packet)
{
	return (void *)(uintptr_t)packet->context.md.data;
}

static inline u32 packet_len(const struct packet *packet)
{
	return packet->context.md.data_end - packet->context.md.data;
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Packet buffers: see packet.h. The frames of a burst are one mapping, so that a burst costs no
 * allocation and frame i is found by multiplication.
 */
#include "nic/packet.h"

#include <errno.h>
#include <string.h>

#include "base/lowmem.h"

static u32 frame_size(u32 max_len)
{
	u32 need = PACKET_HEADROOM + max_len + PACKET_TAILROOM;
	u32 size = PACKET_FRAME_MIN;

	while (size < need)
		size *= 2;
	return size;
}

int packet_burst_init(struct packet_burst *burst, u32 max_len)
{
	int err;

	memset(burst, 0, sizeof(*burst));
	if (max_len > PACKET_LEN_MAX)
		return -EMSGSIZE;
	burst->frame_size = frame_size(max_len);
	burst->memory_size = (size_t)burst->frame_size * PACKET_BURST;
	err = lowmem_map(burst->memory_size, &burst->memory);
	if (err)
		burst->memory = NULL;
	return err;
}

void packet_burst_free(struct packet_burst *burst)
{
	if (burst->memory)
		lowmem_unmap(burst->memory, burst->memory_size);
	burst->memory = NULL;
}

void packet_burst_add(struct packet_burst *burst, const void *data, u32 len, u32 ifindex,
		      u32 rx_queue)
{
	u32 at = burst->nr++;
	u32 start = (u32)(uintptr_t)burst->memory + at * burst->frame_size;
	struct packet *packet = &burst->packets[at];
	u32 first = start + PACKET_HEADROOM;

	packet->arrival_len = len;
	packet->context = (struct xdp_context){
		.md =
			{
				.data = first,
				.data_end = first + len,
				.data_meta = first,
				.ingress_ifindex = ifindex,
				.rx_queue_index = rx_queue,
			},
		.hard_start = start,
		.frame_end = start + burst->frame_size - PACKET_TAILROOM,
	};
	if (len)
		memcpy(packet_data(packet), data, len);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "target/legacy.h"

#include "helper/context.h"

/* Offsets that name headers instead of the packet's first byte, as in classic BPF. */
#define LEGACY_NETWORK (-0x100000)
#define LEGACY_LINK (-0x200000)

/* Address of `size` packet bytes at a legacy offset, NULL when they are not all there. */
static const u8 *legacy_bytes(const struct skb_context *skb, s32 off, u32 size)
{
	s64 start = skb->md.data, low = skb->md.data;

	if (off < 0) {
		low = skb->hard_start;
		if (off >= LEGACY_NETWORK)
			start = (s64)skb->network_header - LEGACY_NETWORK;
		else if (off >= LEGACY_LINK)
			start = (s64)skb->mac_header - LEGACY_LINK;
		else
			return NULL;
	}
	start += off;
	if (start < low || start + size > (s64)skb->md.data_end)
		return NULL;
	return (const u8 *)(uintptr_t)start;
}

bool legacy_load(const void *ctx, s32 off, u32 size, u64 *ret)
{
	const u8 *bytes = legacy_bytes(ctx, off, size);
	u64 value = 0;

	if (!bytes)
		return false;
	for (u32 i = 0; i < size; i++)
		value = value << 8 | bytes[i];
	*ret = value;
	return true;
}

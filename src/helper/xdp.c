/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Moving the edges of an XDP packet, and bytes in and out of it.
 *
 *   hard_start    data_meta   data          data_end      frame_end
 *   | frame (40) |            | packet ...  |             |
 *
 * The kernel keeps its struct xdp_frame in the first bytes of the headroom; so many stay free here.
 * Source: kernel bpf_xdp_adjust_{head,meta,tail}(), __bpf_xdp_{load,store}_bytes() in filter.c.
 */
#include <errno.h>
#include <string.h>

#include "helper/body.h"
#include "helper/context.h"

#define FRAME_SIZE 40 /* sizeof(struct xdp_frame) */
#define ETH_HLEN 14
#define META_MAX 255
#define BYTES_MAX 0xffff

/* A driver without metadata says so by data_meta behind data. */
static bool meta_is_unsupported(const struct xdp_md *md)
{
	return md->data_meta > md->data;
}

u64 helper_xdp_adjust_head(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct xdp_context *ctx = helper_pointer(r1);
	struct xdp_md *md = &ctx->md;
	u32 meta = meta_is_unsupported(md) ? 0 : md->data - md->data_meta;
	s64 offset = (s32)r2, data = md->data + offset;

	if (data < (s64)ctx->hard_start + FRAME_SIZE + meta || data > (s64)md->data_end - ETH_HLEN)
		return helper_error(-EINVAL);
	if (meta)
		memmove(helper_pointer((u64)(md->data_meta + offset)),
			helper_pointer(md->data_meta), meta);
	md->data_meta += (u32)offset;
	md->data = (u32)data;
	return 0;
}

u64 helper_xdp_adjust_meta(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct xdp_context *ctx = helper_pointer(r1);
	struct xdp_md *md = &ctx->md;
	s64 meta = (s64)md->data_meta + (s32)r2, len = md->data - meta;

	if (meta_is_unsupported(md))
		return helper_error(-ENOTSUPP);
	if (meta < (s64)ctx->hard_start + FRAME_SIZE || meta > (s64)md->data)
		return helper_error(-EINVAL);
	if (len % (s64)sizeof(u32) || len > META_MAX)
		return helper_error(-EACCES);
	md->data_meta = (u32)meta;
	return 0;
}

u64 helper_xdp_adjust_tail(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	struct xdp_context *ctx = helper_pointer(r1);
	struct xdp_md *md = &ctx->md;
	s64 offset = (s32)r2, end = (s64)md->data_end + offset;

	if (end > (s64)ctx->frame_end || end < (s64)md->data + ETH_HLEN)
		return helper_error(-EINVAL);
	if (offset > 0)
		memset(helper_pointer(md->data_end), 0, (size_t)offset);
	md->data_end = (u32)end;
	return 0;
}

u64 helper_xdp_get_buff_len(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const struct xdp_md *md = helper_pointer(r1);

	return md->data_end - md->data;
}

/* 0 when [offset, offset + len) is inside the packet; else the -errno of the kernel. */
static s64 check_range(const struct xdp_md *md, u32 offset, u32 len)
{
	if (offset > BYTES_MAX || len > BYTES_MAX)
		return -EFAULT;
	return offset + len > md->data_end - md->data ? -EINVAL : 0;
}

/* r1 = context, r2 = offset, r3 = buffer, r4 = its size. */
u64 helper_xdp_load_bytes(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const struct xdp_md *md = helper_pointer(r1);
	s64 err = check_range(md, (u32)r2, (u32)r4);

	if (!err)
		memmove(helper_pointer(r3), helper_pointer(md->data + (u32)r2), (u32)r4);
	return helper_error(err);
}

u64 helper_xdp_store_bytes(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const struct xdp_md *md = helper_pointer(r1);
	s64 err = check_range(md, (u32)r2, (u32)r4);

	if (!err)
		memmove(helper_pointer(md->data + (u32)r2), helper_pointer(r3), (u32)r4);
	return helper_error(err);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Legacy packet access, LD_ABS and LD_IND (RFC 9669 section 5.5), for all targets. */
#ifndef SKEP_TARGET_LEGACY_H
#define SKEP_TARGET_LEGACY_H

#include "base/types.h"

/*
 * `size` bytes (1, 2, 4) in network byte order at a packet offset; negative offsets name headers,
 * as in classic BPF. ctx is a struct skb_context. False where the packet has no such bytes: the
 * function that asks ends with 0 then. Source: kernel bpf_skb_load_helper_*().
 */
bool legacy_load(const void *ctx, s32 off, u32 size, u64 *ret);

#endif

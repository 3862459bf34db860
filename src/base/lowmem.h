/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Memory below 4 GiB.
 *
 * xdp_md and __sk_buff hold packet pointers in 32-bit fields. The kernel rewrites each access to
 * such a field; skep keeps packets where a 32-bit field holds the whole address, so that a
 * context is plain memory on every target and needs no rewriting.
 */
#ifndef SKEP_BASE_LOWMEM_H
#define SKEP_BASE_LOWMEM_H

#include "base/types.h"

/*
 * Map `size` bytes (rounded up to pages) of zeroed memory that ends below 4 GiB.
 * Returns 0 and *ret, or -ENOMEM where no such hole is left. Free with lowmem_unmap().
 */
int lowmem_map(size_t size, void **ret);
void lowmem_unmap(void *mem, size_t size);

#endif

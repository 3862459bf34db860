/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/lowmem.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* Search from 256 MiB (clear of a program linked low) in steps that keep huge pages aligned. */
#define LOW_START (256ull << 20)
#define LOW_END (4ull << 30)
#define LOW_STEP (2ull << 20)

static size_t round_to_pages(size_t size)
{
	return ALIGN_UP(size, (size_t)sysconf(_SC_PAGESIZE));
}

int lowmem_map(size_t size, void **ret)
{
	static u64 next = LOW_START; /* a hint only: races cost a retry */
	u64 start = __atomic_load_n(&next, __ATOMIC_RELAXED);

	if (!size || size > LOW_END - LOW_START)
		return -ENOMEM;
	size = round_to_pages(size);
	for (int pass = 0; pass < 2; pass++, start = LOW_START) {
		for (u64 at = start; at + size <= LOW_END; at += LOW_STEP) {
			void *mem = mmap((void *)(uintptr_t)at, size, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

			if (mem == MAP_FAILED)
				continue;
			if ((u64)(uintptr_t)mem + size > LOW_END) { /* kernel without NOREPLACE */
				munmap(mem, size);
				continue;
			}
			__atomic_store_n(&next, ALIGN_UP(at + size, LOW_STEP), __ATOMIC_RELAXED);
			*ret = mem;
			return 0;
		}
	}
	return -ENOMEM;
}

void lowmem_unmap(void *mem, size_t size)
{
	if (mem)
		munmap(mem, round_to_pages(size));
}

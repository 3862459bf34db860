/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Copies between a caller's bytes and shared memory that other threads use at the same time.
 *
 * Shared keys and values start at multiples of 8 and have room up to the next multiple, so they
 * are moved in 64-bit words: a reader sees each aligned counter whole (the promise of the
 * kernel's bpf_long_memcpy()), and the words are atomic for the compiler's sake. Loads acquire and
 * stores release, which lets a sequence count beside them tell whether they belong together.
 */
#ifndef SKEP_MAP_COPY_H
#define SKEP_MAP_COPY_H

#include <string.h>

#include "base/types.h"

static inline u64 word_load(const void *shared, size_t word)
{
	return __atomic_load_n((const u64 *)shared + word, __ATOMIC_ACQUIRE);
}

static inline void word_store(void *shared, size_t word, u64 value)
{
	__atomic_store_n((u64 *)shared + word, value, __ATOMIC_RELEASE);
}

/* Word number `word` of `size` bytes of any alignment, padded with zeros. */
static inline u64 bytes_word(const void *bytes, size_t size, size_t word)
{
	u64 value = 0;
	size_t off = word * 8;

	memcpy(&value, (const char *)bytes + off, size - off < 8 ? size - off : 8);
	return value;
}

static inline void copy_in(void *shared, const void *bytes, size_t size)
{
	size_t word = 0;

	for (; (word + 1) * 8 <= size; word++)
		word_store(shared, word, bytes_word(bytes, size, word));
	if (size % 8)
		word_store(shared, word, bytes_word(bytes, size, word));
}

static inline void copy_out(void *bytes, const void *shared, size_t size)
{
	size_t word = 0;
	u64 value;

	for (; (word + 1) * 8 <= size; word++) {
		value = word_load(shared, word);
		memcpy((char *)bytes + word * 8, &value, 8);
	}
	if (size % 8) {
		value = word_load(shared, word);
		memcpy((char *)bytes + word * 8, &value, size % 8);
	}
}

static inline void copy_zero(void *shared, size_t size)
{
	for (size_t word = 0; word * 8 < size; word++)
		word_store(shared, word, 0);
}

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A spin lock in shared memory that survives its owner.
 *
 * The word is 0 when free, else the owner's thread id. Critical sections are a few stores long, so
 * waiters spin, then yield. Whoever waits unreasonably long asks the system whether the owner
 * still exists and takes the lock over if not: a process that is killed inside leaves the chain
 * of a bucket consistent after each single store (hash.c) and its lock to the next.
 * Processes that share a segment must share a PID namespace.
 */
#ifndef SKEP_MAP_LOCK_H
#define SKEP_MAP_LOCK_H

#include <stdatomic.h>

#include "base/types.h"

/* This thread's id, never 0; another one after fork(). */
u32 lock_self(void);

/* The slow part of lock_take(): returns with the lock held. */
void lock_wait(_Atomic u32 *lock, u32 self);

static inline void lock_take(_Atomic u32 *lock)
{
	u32 self = lock_self(), none = 0;

	if (unlikely(!atomic_compare_exchange_strong_explicit(
		    lock, &none, self, memory_order_acquire, memory_order_relaxed)))
		lock_wait(lock, self);
}

static inline bool lock_try(_Atomic u32 *lock)
{
	u32 none = 0;

	return atomic_compare_exchange_strong_explicit(lock, &none, lock_self(),
						       memory_order_acquire, memory_order_relaxed);
}

static inline void lock_give(_Atomic u32 *lock)
{
	atomic_store_explicit(lock, 0, memory_order_release);
}

#endif

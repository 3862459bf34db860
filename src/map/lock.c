/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "map/lock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#define SPINS 200          /* before giving the CPU away */
#define YIELDS_ALIVE 10000 /* before asking whether the owner lives: tens of milliseconds */

static _Thread_local u32 self_id;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void forget_self(void)
{
	self_id = 0;
}

static void watch_forks(void)
{
	pthread_atfork(NULL, NULL, forget_self);
}

u32 lock_self(void)
{
	if (unlikely(!self_id)) {
		pthread_once(&fork_once, watch_forks);
		self_id = (u32)gettid();
	}
	return self_id;
}

static void pause_briefly(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* A word that no thread of this system has is as good as free, whoever wrote it there. */
static bool owner_is_gone(u32 owner)
{
	return (s32)owner <= 0 || (kill((pid_t)owner, 0) < 0 && errno == ESRCH);
}

/* Nobody takes a lock twice, so one that is said to be ours is of somebody dead with our id. */
void lock_wait(_Atomic u32 *lock, u32 self)
{
	u32 owner, rounds = 0;

	for (;;) {
		for (int i = 0; i < SPINS; i++) {
			owner = 0;
			if (atomic_compare_exchange_weak_explicit(
				    lock, &owner, self, memory_order_acquire, memory_order_relaxed))
				return;
			pause_briefly();
		}
		sched_yield();
		owner = atomic_load(lock);
		if (owner != self && (++rounds % YIELDS_ALIVE || !owner_is_gone(owner)))
			continue;
		if (owner && atomic_compare_exchange_strong(lock, &owner, self))
			return;
	}
}

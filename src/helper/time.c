/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include <time.h>

#include "helper/body.h"

#define NSEC_PER_SEC 1000000000ull
/* Ticks of bpf_jiffies64 a second: those the kernel shows to user space (USER_HZ). */
#define TICKS_PER_SEC 100

static u64 clock_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (u64)now.tv_sec * NSEC_PER_SEC + (u64)now.tv_nsec;
}

u64 helper_ktime_get_ns(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return clock_ns(CLOCK_MONOTONIC);
}

u64 helper_ktime_get_boot_ns(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return clock_ns(CLOCK_BOOTTIME);
}

u64 helper_ktime_get_coarse_ns(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return clock_ns(CLOCK_MONOTONIC_COARSE);
}

u64 helper_ktime_get_tai_ns(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return clock_ns(CLOCK_TAI);
}

u64 helper_jiffies64(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return clock_ns(CLOCK_MONOTONIC_COARSE) / (NSEC_PER_SEC / TICKS_PER_SEC);
}

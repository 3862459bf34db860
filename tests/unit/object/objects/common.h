/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the test objects need of bpf_helpers.h, spelt so that clang and gcc-bpf both take it. */
#ifndef SKEP_TEST_COMMON_H
#define SKEP_TEST_COMMON_H

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

#define SEC(name) __attribute__((section(name), used))
#define noinline __attribute__((noinline))
#define weak __attribute__((weak))
#define hidden __attribute__((visibility("hidden")))
#define NUMBER(name, value) int(*name)[value]
#define TYPE(name, type) type *name
#define VALUES(name, type) type *name[]

#ifdef __clang__
static void *(*lookup)(void *map, const void *key) = (void *)1;
static u64 (*ktime)(void) = (void *)5;
static long (*tail_call)(void *ctx, void *map, u32 key) = (void *)12;
static long (*loop)(u32 nr, void *callback, void *arg, u64 flags) = (void *)181;
#else
void *lookup(void *map, const void *key) __attribute__((kernel_helper(1)));
#endif

struct ctx {
	u32 data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex;
};

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the wrong programs share: maps of many types, and the packet. */
#ifndef WRONG_H
#define WRONG_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

#include <bpf/bpf_helpers.h>

/* The compiler must take the value as it is. */
#define opaque(variable) asm volatile("" : "+r"(variable))

#define MAP(name, map_type, key_type, value_type, entries)                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_##map_type);                                             \
		__uint(max_entries, entries);                                                      \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

struct value {
	__u64 count;
	__u32 slots[14];
};

struct locked {
	__u64 count;
	struct bpf_spin_lock lock;
	__u32 more;
};

#define DATA(ctx) ((void *)(long)(ctx)->data)
#define DATA_END(ctx) ((void *)(long)(ctx)->data_end)

#ifndef LICENSE
#define LICENSE "GPL"
#endif
char _license[] SEC("license") = LICENSE;

#endif

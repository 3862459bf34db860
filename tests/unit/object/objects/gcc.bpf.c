/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* For gcc-bpf: relocations against symbols whose value is not zero. */
#include "common.h"

struct plain {
	u32 type, key, value, entries, flags;
};

struct plain map_a SEC("maps") = {1, 4, 4, 10, 0};
struct plain map_b SEC("maps") = {2, 4, 4, 10, 0};
volatile u32 data_a = 21, data_b = 22, data_c = 23;

noinline int leaf_a(int x)
{
	return x * 3 + (int)data_b;
}

noinline int leaf_b(int x)
{
	return leaf_a(x) + (int)data_c;
}

SEC("xdp")
int prog(void *ctx)
{
	u32 key = 0;

	if (lookup(&map_b, &key))
		return leaf_b(1);
	return lookup(&map_a, &key) ? leaf_a(2) : 2;
}

char LICENSE[] SEC("license") = "GPL";

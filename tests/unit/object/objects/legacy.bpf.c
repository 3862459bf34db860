/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Map definitions of before BTF: libbpf's, the kernel samples' and iproute2's, and tail calls. */
#include "common.h"

struct plain {
	u32 type, key, value, entries, flags;
};

struct iproute2 {
	u32 type, key, value, entries, flags, id, pinning, inner_id, inner_key;
};

struct pair {
	u32 key;
	u64 value;
};

struct plain hash SEC("maps") = {1, 4, 8, 16, 1};
struct plain array SEC("maps") = {2, 4, 8, 3, 0};
struct ____btf_map_array {
	u32 key;
	u64 value;
} ____btf_map_array SEC(".maps.array");

struct iproute2 jumps SEC("maps/elf") = {3, 4, 4, 4, 0, 7, 0, 0, 0};
struct iproute2 pinned SEC("maps/elf") = {1, 4, 8, 9, 0, 2, 2, 0, 0};
struct iproute2 outer SEC("maps/elf") = {12, 4, 4, 5, 0, 3, 0, 2, 4};

SEC("classifier")
int entry(void *ctx)
{
	u32 key = 0;

	return lookup(&hash, &key) || lookup(&array, &key) || lookup(&outer, &key) ||
	       lookup(&pinned, &key) || lookup(&jumps, &key);
}

SEC("7/2")
int tail(void *ctx)
{
	return 2;
}

char LICENSE[] SEC("license") = "Proprietary";

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* bpf_spin_lock() of a value that has no lock. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (!value)
		return XDP_PASS;
	bpf_spin_lock((void *)value);
	bpf_spin_unlock((void *)value);
	return XDP_PASS;
}

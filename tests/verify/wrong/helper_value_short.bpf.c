/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The new value ends behind the map value it is read from. */
#include "wrong.h"

MAP(values, ARRAY, __u32, struct value, 4);

SEC("xdp")
int entry(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct value *value = bpf_map_lookup_elem(&values, &key);

	if (!value)
		return XDP_PASS;
	return bpf_map_update_elem(&values, &key, &value->slots[5], BPF_ANY);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "../test.h"

#include <errno.h>

#include "nic/packet.h"

static void test_geometry(void **state)
{
	static u8 data[100];
	static struct packet_burst burst;
	const struct xdp_context *context;

	memset(data, 0xab, sizeof(data));
	assert_int_equal(packet_burst_init(&burst, sizeof(data)), 0);
	assert_int_equal(burst.frame_size, PACKET_FRAME_MIN);
	packet_burst_add(&burst, data, sizeof(data), 7, 3);
	packet_burst_add(&burst, data, 0, 7, 3);
	assert_int_equal(burst.nr, 2);

	context = &burst.packets[0].context;
	assert_int_equal(context->md.data - context->hard_start, PACKET_HEADROOM);
	assert_int_equal(context->md.data_end - context->md.data, sizeof(data));
	assert_int_equal(context->md.data_meta, context->md.data);
	assert_int_equal(context->frame_end,
			 context->hard_start + PACKET_FRAME_MIN - PACKET_TAILROOM);
	assert_int_equal(context->md.ingress_ifindex, 7);
	assert_int_equal(context->md.rx_queue_index, 3);
	assert_int_equal(context->md.egress_ifindex, 0);
	assert_memory_equal(packet_data(&burst.packets[0]), data, sizeof(data));
	assert_int_equal(packet_len(&burst.packets[1]), 0);
	assert_int_equal(burst.packets[1].context.hard_start,
			 context->hard_start + burst.frame_size);
	packet_burst_free(&burst);
}

/* A frame holds headroom, the longest packet and tailroom; all of a burst is below 4 GiB. */
static void test_large_packets(void **state)
{
	static const u32 lengths[] = {3520, 3521, 9014, 65535, PACKET_LEN_MAX};
	static struct packet_burst burst;
	u8 *data = test_calloc(1, PACKET_LEN_MAX);

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		assert_int_equal(packet_burst_init(&burst, lengths[i]), 0);
		assert_true(burst.frame_size >= PACKET_HEADROOM + lengths[i] + PACKET_TAILROOM);
		for (u32 nr = 0; nr < PACKET_BURST; nr++)
			packet_burst_add(&burst, data, lengths[i], 1, 0);
		assert_true((uintptr_t)burst.memory + burst.memory_size <= 1ull << 32);
		assert_true(burst.packets[PACKET_BURST - 1].context.md.data_end <=
			    burst.packets[PACKET_BURST - 1].context.frame_end);
		packet_burst_free(&burst);
	}
	assert_int_equal(packet_burst_init(&burst, 3520), 0);
	assert_int_equal(burst.frame_size, 4096);
	packet_burst_free(&burst);
	assert_int_equal(packet_burst_init(&burst, PACKET_LEN_MAX + 1), -EMSGSIZE);
	test_free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_geometry),
		cmocka_unit_test(test_large_packets),
	};

	return cmocka_run_group_tests_name("packet", tests, NULL, NULL);
}

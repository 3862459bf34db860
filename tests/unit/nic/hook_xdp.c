/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "../test.h"

#include "map/map.h"
#include "nic/hook_xdp.h"

/* Packets carry what the program shall do: [0] the verdict, [1] an ifindex to redirect to. */
static u64 run_first_byte(const struct image *image, void *context)
{
	const struct xdp_md *md = context;
	const u8 *data = (const u8 *)(uintptr_t)md->data;

	assert_ptr_equal(helper_env->image, image);
	if (data[0] == XDP_VERDICT_REDIRECT && data[1])
		helper_env->redirect =
			(struct helper_redirect){.set = true, .to = {.ifindex = data[1]}};
	if (data[0] == 0xee)
		helper_env->aborted = 2;
	return data[0] | (u64)data[2] << 32;
}

static struct image program = {.run = run_first_byte};
static struct packet_burst burst;
static struct hook_xdp hook;
static struct xdp_result results[PACKET_BURST];

static int setup(void **state)
{
	hook_xdp_init(&hook, &program, NULL, 1);
	return packet_burst_init(&burst, 1500);
}

static int teardown(void **state)
{
	hook_xdp_free(&hook);
	packet_burst_free(&burst);
	return 0;
}

static void add(u8 verdict, u8 ifindex, u8 high, u32 len)
{
	u8 data[1500] = {verdict, ifindex, high};

	packet_burst_add(&burst, data, len, 1, 0);
}

static void test_verdicts(void **state)
{
	for (u8 verdict = 0; verdict < XDP_VERDICT_REDIRECT; verdict++)
		add(verdict, 0, 0, 60u + verdict);
	add(XDP_VERDICT_PASS, 0, 9, 100); /* r0 is 32 bits wide */
	hook_xdp_run(&hook, &burst, results);
	assert_int_equal(hook.total.packets, 5);
	assert_int_equal(hook.verdicts[XDP_VERDICT_PASS].packets, 2);
	assert_int_equal(hook.verdicts[XDP_VERDICT_PASS].bytes, 162);
	assert_int_equal(hook.verdicts[XDP_VERDICT_DROP].bytes, 61);
	assert_int_equal(hook.verdicts[XDP_VERDICT_TX].bytes, 63);
	assert_int_equal(results[3].verdict, XDP_VERDICT_TX);
	assert_int_equal(hook.invalid.packets, 0);
	assert_null(helper_env);
}

static void test_no_verdict(void **state)
{
	add(5, 0, 0, 60);
	add(0xee, 0, 0, 60);
	hook_xdp_run(&hook, &burst, results);
	assert_int_equal(hook.verdicts[XDP_VERDICT_ABORTED].packets, 2);
	assert_int_equal(hook.invalid.packets, 1);
	assert_int_equal(hook.invalid_verdict, 5);
	assert_int_equal(hook.aborted[2].packets, 1);
	assert_int_equal(results[0].verdict, XDP_VERDICT_ABORTED);
}

static void test_redirects(void **state)
{
	add(XDP_VERDICT_REDIRECT, 3, 0, 60);
	add(XDP_VERDICT_REDIRECT, 3, 0, 61);
	add(XDP_VERDICT_REDIRECT, 4, 0, 62);
	add(XDP_VERDICT_REDIRECT, 0, 0, 63); /* without a destination, whatever came before */
	hook_xdp_run(&hook, &burst, results);
	assert_int_equal(hook.nr_redirects, 3);
	assert_int_equal(hook.redirects[0].ifindex, 3);
	assert_int_equal(hook.redirects[0].count.packets, 2);
	assert_int_equal(hook.redirects[0].count.bytes, 121);
	assert_null(hook.redirects[0].failure);
	assert_int_equal(hook.redirects[1].ifindex, 4);
	assert_string_equal(hook.redirects[2].failure, "EINVAL");
	assert_int_equal(hook.redirects[2].count.bytes, 63);
	assert_int_equal(results[1].redirect_ifindex, 3);
	assert_int_equal(results[3].redirect_ifindex, 0);
}

/* More destinations than the table starts with. */
static void test_many_destinations(void **state)
{
	for (u32 i = 1; i <= PACKET_BURST; i++)
		add(XDP_VERDICT_REDIRECT, (u8)i, 0, 60);
	hook_xdp_run(&hook, &burst, results);
	assert_int_equal(hook.nr_redirects, PACKET_BURST);
	for (u32 i = 0; i < PACKET_BURST; i++)
		assert_int_equal(hook.redirects[i].ifindex, i + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_verdicts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_verdict, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redirects, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_destinations, setup, teardown),
	};

	return cmocka_run_group_tests_name("hook_xdp", tests, NULL, NULL);
}

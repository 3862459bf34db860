/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/cpu.h"
#include "../test.h"

static void test_count_is_the_machines(void **state)
{
	assert_in_range(cpu_count(), 1, CPU_MAX);
}

static void test_count_can_be_pretended(void **state)
{
	u32 real = cpu_count();

	cpu_count_set(200);
	assert_int_equal(cpu_count(), 200);
	cpu_count_set(100000);
	assert_int_equal(cpu_count(), CPU_MAX);
	cpu_count_set(0);
	assert_int_equal(cpu_count(), real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count_is_the_machines),
		cmocka_unit_test(test_count_can_be_pretended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

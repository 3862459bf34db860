/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "../test.h"

#include <errno.h>

#include "base/lowmem.h"

static void test_addresses_fit_32_bits(void **state)
{
	void *mem[64];

	for (size_t i = 0; i < ARRAY_SIZE(mem); i++) {
		assert_int_equal(lowmem_map(100000, &mem[i]), 0);
		assert_true((uintptr_t)mem[i] + 100000 <= UINT32_MAX);
		memset(mem[i], (int)i, 100000);
	}
	for (size_t i = 0; i < ARRAY_SIZE(mem); i++) {
		assert_int_equal(((char *)mem[i])[99999], i);
		lowmem_unmap(mem[i], 100000);
	}
}

static void test_impossible_sizes(void **state)
{
	void *mem = NULL;

	assert_int_equal(lowmem_map(0, &mem), -ENOMEM);
	assert_int_equal(lowmem_map(5ull << 30, &mem), -ENOMEM);
	assert_null(mem);
	lowmem_unmap(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_fit_32_bits),
		cmocka_unit_test(test_impossible_sizes),
	};

	return cmocka_run_group_tests_name("lowmem", tests, NULL, NULL);
}

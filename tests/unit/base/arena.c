/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "../test.h"

#include "base/arena.h"

static void test_memory_is_zeroed_aligned_and_apart(void **state)
{
	struct arena *arena = arena_new();
	char *last = NULL;

	for (size_t size = 0; size < 3000; size += 7) {
		char *mem = arena_alloc(arena, size);

		assert_non_null(mem);
		assert_int_equal((uintptr_t)mem % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(mem[i], 0);
		memset(mem, 0xff, size);
		assert_ptr_not_equal(mem, last);
		last = mem;
	}
	arena_free(arena);
}

static void test_large_and_overflowing(void **state)
{
	struct arena *arena = arena_new();
	char *small = arena_alloc(arena, 8);
	char *large = arena_alloc(arena, 1 << 20);
	char *next = arena_alloc(arena, 8);

	assert_non_null(large);
	assert_ptr_equal(next, small + _Alignof(max_align_t)); /* the roomy chunk is still used */
	assert_null(arena_array(arena, SIZE_MAX / 2, 4));
	assert_null(arena_alloc(arena, SIZE_MAX));
	arena_free(arena);
}

static void test_grow_keeps_elements(void **state)
{
	struct arena *arena = arena_new();
	u32 *array = NULL;
	size_t cap = 0;

	for (u32 i = 0; i < 1000; i++) {
		array = arena_grow(arena, array, i, &cap, sizeof(*array));
		assert_non_null(array);
		array[i] = i;
	}
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(array[i], i);
	arena_free(arena);
}

static void test_text(void **state)
{
	struct arena *arena = arena_new();

	assert_string_equal(arena_printf(arena, "%s-%d", "a", 5), "a-5");
	assert_string_equal(arena_strdup(arena, "xyz"), "xyz");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(test_large_and_overflowing),
		cmocka_unit_test(test_grow_keeps_elements),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}

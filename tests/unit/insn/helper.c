/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The table of helpers against itself and the uapi, and search by name. */
#include "../test.h"

#include <stdio.h>

#include <linux/bpf.h>

#include "insn/helper.h"

/* What /usr/include/linux/bpf.h of the build machine calls the ids it knows. */
#ifdef ___BPF_FUNC_MAPPER
#define FN(name, id, ...) [id] = #name,
static const char *const uapi_names[] = {___BPF_FUNC_MAPPER(FN)};
#else
#define FN(name) #name
static const char *const uapi_names[] = {__BPF_FUNC_MAPPER(FN)};
#endif
#undef FN

static void test_ids_and_names_are_those_of_the_uapi(void **state)
{
	assert_int_equal(helper_count(), 211);
	assert_true(ARRAY_SIZE(uapi_names) > 200);
	for (u32 id = 1; id < ARRAY_SIZE(uapi_names) && id <= helper_count(); id++)
		assert_string_equal(helper_find(id)->name, uapi_names[id]);
}

static void test_rows_are_whole(void **state)
{
	for (u32 id = 1; id <= helper_count(); id++) {
		const struct helper_desc *desc = helper_find(id);

		assert_non_null(desc);
		assert_int_equal(desc->id, id);
		assert_non_null(desc->name);
		assert_ptr_equal(helper_find_name(desc->name), desc);
	}
	assert_null(helper_find(0));
	assert_null(helper_find(-1));
	assert_null(helper_find(212));
	assert_null(helper_find(0x100000001));
}

static bool arg_has_memory_size(enum helper_arg arg)
{
	return arg == ARG_MEM || arg == ARG_MEM_OR_NULL || arg == ARG_MEM_WRITE ||
	       arg == ARG_MEM_WRITE_OR_NULL || arg == ARG_UNINIT_MEM;
}

static bool arg_is_size(enum helper_arg arg)
{
	return arg == ARG_CONST_SIZE || arg == ARG_CONST_SIZE_OR_ZERO;
}

static bool arg_has_fixed_size(enum helper_arg arg)
{
	return arg == ARG_FIXED_MEM || arg == ARG_PTR_TO_INT || arg == ARG_PTR_TO_LONG;
}

/* Relations that the verifier relies on, as the kernel's check_func_proto() does. */
static void check_arguments(const struct helper_desc *desc)
{
	bool ended = false, has_map = false, has_callback = false;

	for (u32 i = 0; i < 5; i++) {
		enum helper_arg arg = desc->args[i];

		assert_true(arg < ARG_TYPE_MAX);
		ended |= arg == ARG_NONE;
		assert_int_equal(ended, arg == ARG_NONE);
		if (arg_has_memory_size(arg)) {
			assert_true(i < 4);
			assert_true(arg_is_size(desc->args[i + 1]));
		}
		if (arg_is_size(arg)) {
			assert_true(i > 0);
			assert_true(arg_has_memory_size(desc->args[i - 1]));
		}
		assert_int_equal(desc->sizes[i] != 0, arg_has_fixed_size(arg));
		has_map |= arg == ARG_CONST_MAP_PTR;
		if (arg == ARG_MAP_KEY || arg == ARG_MAP_VALUE)
			assert_true(has_map);
		has_callback |= arg == ARG_CALLBACK;
	}
	assert_int_equal(has_callback, !!(desc->flags & HELPER_CALLBACK));
}

static void test_arguments_fit_each_other(void **state)
{
	for (u32 id = 1; id <= helper_count(); id++)
		check_arguments(helper_find(id));
}

static void test_facts_of_some_helpers(void **state)
{
	const struct helper_desc *desc = helper_find_name("bpf_xdp_adjust_head");

	assert_int_equal(desc->id, BPF_FUNC_xdp_adjust_head);
	assert_int_equal(desc->flags, HELPER_PKT | HELPER_IMPL);
	assert_int_equal(desc->hooks, HELPER_HOOK(XDP));
	desc = helper_find_name("strtol");
	assert_int_equal(desc->sizes[3], 8);
	assert_int_equal(desc->args[3], ARG_PTR_TO_LONG);
	desc = helper_find_name("fib_lookup");
	assert_int_equal(desc->flags, HELPER_GPL);
	assert_int_equal(desc->args[1], ARG_MEM_WRITE);
}

static void test_search_by_name(void **state)
{
	assert_int_equal(helper_find_name("map_lookup_elem")->id, 1);
	assert_int_equal(helper_find_name("bpf_map_lookup_elem")->id, 1);
	assert_null(helper_find_name("map_lookup"));
	assert_string_equal(helper_suggest("map_lokup_elem"), "map_lookup_elem");
	assert_string_equal(helper_suggest("bpf_redirct"), "redirect");
	assert_string_equal(helper_suggest("xdp_adjust_haed"), "xdp_adjust_head");
	assert_null(helper_suggest("frobnicate_the_packet"));
	assert_null(helper_suggest(""));
	assert_null(helper_suggest("a_name_that_is_longer_than_any_name_of_a_helper_"
				   "function_of_linux_has_ever_been_or_will_be"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids_and_names_are_those_of_the_uapi),
		cmocka_unit_test(test_rows_are_whole),
		cmocka_unit_test(test_arguments_fit_each_other),
		cmocka_unit_test(test_facts_of_some_helpers),
		cmocka_unit_test(test_search_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

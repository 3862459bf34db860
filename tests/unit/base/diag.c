/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "../test.h"

#include <errno.h>
#include <stdlib.h>

#include "base/diag.h"

static char *printed(const struct skep_diag *diag)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	skep_diag_print(diag, f);
	fclose(f);
	return text;
}

static void test_first_failure_wins(void **state)
{
	struct skep_diag *diag = skep_diag_new();

	diag_section(diag, "early"); /* nothing failed yet: no effect */
	assert_int_equal(diag_fail(diag, -EINVAL, "value %d is odd", 3), -EINVAL);
	assert_int_equal(diag_fail(diag, -ENOMEM, "later"), -ENOMEM);
	diag_section(diag, "xdp");
	diag_section(diag, "outer");
	diag_off(diag, 16);
	assert_int_equal(skep_diag_error(diag), -EINVAL);
	assert_int_equal(skep_diag_exit(diag), SKEP_EXIT_REFUSED);
	assert_string_equal(skep_diag_problem(diag), "value 3 is odd");
	char *text = printed(diag);
	assert_string_equal(text, "value 3 is odd\n  section xdp, offset 0x10\n");
	free(text);
	skep_diag_free(diag);
}

static void test_rejection_prints_everything(void **state)
{
	struct skep_diag *diag = skep_diag_new();

	diag_reject(diag, -EACCES, "pkt-bounds", "packet read past verified end");
	diag_category(diag, "memory safety");
	diag_insn(diag, 7, "r1 = *(u8 *)(r2 + 14)");
	diag_source(diag, "fw.c", 41, "if (ip->protocol == 6)");
	diag_path(diag, "line %d", 33);
	diag_path(diag, "line %d", 41);
	diag_proven(diag, "0 bytes");
	diag_needed(diag, "20 bytes");
	diag_try(diag, "compare with data_end");
	assert_int_equal(skep_diag_exit(diag), SKEP_EXIT_REJECTED);
	char *text = printed(diag);
	assert_string_equal(text, "memory safety: packet read past verified end\n"
				  "  fw.c:41: if (ip->protocol == 6)\n"
				  "  instruction 7: r1 = *(u8 *)(r2 + 14)\n"
				  "  path: line 33\n"
				  "        line 41\n"
				  "  proven: 0 bytes\n"
				  "  needed: 20 bytes\n"
				  "  try:    compare with data_end\n"
				  "  rule:   pkt-bounds (skep explain pkt-bounds)\n");
	free(text);
	char *json = skep_diag_json(diag);
	assert_contains(json, "\"rule\": \"pkt-bounds\"");
	assert_contains(json, "\"insn\": 7");
	free(json);
	skep_diag_free(diag);
}

static void test_null_and_empty(void **state)
{
	struct skep_diag *diag = skep_diag_new();

	assert_int_equal(diag_fail(NULL, -EPERM, "nobody listens"), -EPERM);
	diag_try(NULL, "nothing");
	assert_string_equal(skep_diag_problem(diag), "");
	assert_int_equal(skep_diag_exit(diag), SKEP_EXIT_DONE);
	skep_diag_free(diag);
	skep_diag_free(NULL);
}

static void test_json_survives_broken_utf8(void **state)
{
	struct skep_diag *diag = skep_diag_new();

	diag_fail(diag, -EINVAL, "symbol '\xff\xfe'");
	char *json = skep_diag_json(diag);
	assert_contains(json, "symbol '?"
			      "?'");
	free(json);
	skep_diag_free(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_failure_wins),
		cmocka_unit_test(test_rejection_prints_everything),
		cmocka_unit_test(test_null_and_empty),
		cmocka_unit_test(test_json_survives_broken_utf8),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}

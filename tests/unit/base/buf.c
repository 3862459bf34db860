/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "../test.h"

#include <errno.h>

#include "base/buf.h"

static void test_text_grows(void **state)
{
	struct buf buf = {0};

	assert_string_equal(buf_text(&buf), "");
	for (int i = 0; i < 1000; i++)
		buf_printf(&buf, "%d,", i % 10);
	assert_int_equal(buf.err, 0);
	assert_int_equal(buf.len, 2000);
	assert_int_equal(strlen(buf_text(&buf)), 2000);
	buf_add(&buf, "\0x", 2);
	assert_int_equal(buf.len, 2002);
	buf_free(&buf);
}

static void test_errors_stick(void **state)
{
	struct buf buf = {0};

	buf_add(&buf, "x", SIZE_MAX / 2);
	assert_int_equal(buf.err, -ENOMEM);
	buf_printf(&buf, "more");
	assert_int_equal(buf.len, 0);
	buf_free(&buf);
}

static void test_read_file(void **state)
{
	struct buf buf = {0};

	assert_int_equal(buf_read_file(&buf, "/nonexistent/file", 10), -ENOENT);
	assert_int_equal(buf_read_file(&buf, "/", 10), -EISDIR);
	assert_int_equal(buf_read_file(&buf, "/proc/self/cmdline", 1 << 20), 0);
	assert_true(buf.len > 0);
	buf_free(&buf);
	assert_int_equal(buf_read_file(&buf, "/proc/self/maps", 10), -EFBIG);
	buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_grows),
		cmocka_unit_test(test_errors_stick),
		cmocka_unit_test(test_read_file),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}

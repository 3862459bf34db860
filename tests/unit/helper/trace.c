/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What programs print: the text of formats, and the log with its bound. */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "helper/body.h"
#include "helper/format.h"

static const char *text_of(const char *format, u64 a, u64 b, u64 c)
{
	static char out[FORMAT_TEXT_MAX];
	const u64 values[] = {a, b, c};
	const struct format_args args = {.values = values, .nr = 3};
	s64 len = format_text(out, sizeof(out), format, strlen(format) + 1, &args);

	if (len < 0)
		return len == -EINVAL ? "EINVAL" : "?";
	assert_int_equal(len, strlen(out));
	return out;
}

static u64 address(const void *p)
{
	return (u64)(uintptr_t)p;
}

static void test_numbers(void **state)
{
	assert_string_equal(text_of("%d %i %u", (u64)-1, 5, (u64)-1), "-1 5 4294967295");
	assert_string_equal(text_of("%ld %llu %lx", (u64)-1, (u64)-1, 255),
			    "-1 18446744073709551615 ff");
	assert_string_equal(text_of("%05d|%-5d|%+d", (u64)-42, 42, 42), "-0042|42   |+42");
	assert_string_equal(text_of("%08X %x%%", 0xabcd, 0x100000001, 0), "0000ABCD 1%");
	assert_string_equal(text_of("%d %d %d %d", 1, 2, 3), "EINVAL");
}

static void test_pointers(void **state)
{
	const u8 ip[16] = {192, 168, 1, 2, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

	assert_string_equal(text_of("%s|%6s|%-6s", address("one"), address("two"),
				    address("three")),
			    "one|   two|three ");
	assert_string_equal(text_of("%pI4 %pi4", address(ip), address(ip), 0),
			    "192.168.1.2 192.168.001.002");
	assert_string_equal(text_of("%pI6 %pi6", address(ip), address(ip), 0),
			    "c0a8:0102:fe80:0000:0000:0000:0000:0001 "
			    "c0a80102fe8000000000000000000001");
	assert_string_equal(text_of("%p %px %ps", 0xabc, 0xdef, 0x123),
			    "0000000000000abc 0000000000000def 0x123");
}

/* Bad addresses print as nothing or zero; they do not crash. */
static void test_bad_pointers(void **state)
{
	size_t page = 4096;
	char *two =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(two, MAP_FAILED);
	assert_int_equal(munmap(two + page, page), 0);
	memset(two, 'x', page);
	assert_string_equal(text_of("[%s] [%s]", 0, 0xffffffffffff0000, 0), "[] []");
	assert_string_equal(text_of("%pI4 %pI4", 8, address(two + page - 2), 0), "0.0.0.0 0.0.0.0");
	assert_string_equal(text_of("[%s]", address(two + page - 3), 0, 0), "[]");
	memcpy(two + page - 3, "ab", 3);
	assert_string_equal(text_of("[%s]", address(two + page - 3), 0, 0), "[ab]");
	munmap(two, page);
}

static void test_cut(void **state)
{
	const u64 values[] = {address("0123456789")};
	const struct format_args args = {.values = values, .nr = 1};
	char out[5];

	assert_int_equal(format_text(out, sizeof(out), "%s", 3, &args), 10);
	assert_string_equal(out, "0123");
	assert_int_equal(format_text(NULL, 0, "%s", 3, &args), 10);
	assert_int_equal(format_text(out, sizeof(out), "%s", 2, &args), -EINVAL);
}

struct lines {
	char text[4096];
	u32 nr;
};

static void collect(void *arg, const char *line)
{
	struct lines *lines = arg;
	size_t len = strlen(lines->text);

	snprintf(lines->text + len, sizeof(lines->text) - len, "%s/", line);
	lines->nr++;
}

static void test_log(void **state)
{
	struct trace_log *log = trace_log_new(64);
	struct lines lines = {.nr = 0};

	trace_log_write(log, "one", 3);
	trace_log_write(log, "two\n", 4);
	trace_log_write(log, "", 0);
	assert_int_equal(trace_log_drain(log, collect, &lines), 0);
	assert_string_equal(lines.text, "one/two//");
	assert_int_equal(trace_log_drain(log, collect, &lines), 0);
	assert_int_equal(lines.nr, 3);
	trace_log_free(log);
	trace_log_free(NULL);
}

static void test_log_is_bounded(void **state)
{
	struct trace_log *log = trace_log_new(20);
	struct lines lines = {.nr = 0};
	char line[16];

	for (int i = 0; i < 100; i++)
		trace_log_write(log, line, (size_t)snprintf(line, sizeof(line), "line %02d", i));
	trace_log_write(log, "longer than the whole log", 25);
	assert_int_equal(trace_log_drain(log, collect, &lines), 99);
	assert_string_equal(lines.text, "line 98/line 99/");
	assert_int_equal(trace_log_drain(log, collect, &lines), 0);
	trace_log_free(log);
}

static void test_trace_printk(void **state)
{
	struct trace_log *log = trace_log_new(4096);
	struct lines lines = {.nr = 0};
	struct helper_env env;
	const u64 values[] = {1, 2, 3, 4};

	helper_env_init(&env, 1);
	helper_env = &env;
	assert_int_equal(helper_trace_printk(address("%d-%d"), 6, 1, 2, 0),
			 3); /* no log: dropped */
	env.trace = log;
	assert_int_equal(helper_trace_printk(address("%d-%d"), 6, 1, 2, 0), 3);
	assert_int_equal(helper_trace_vprintk(address("%d%d%d%d\n"), 10, address(values), 32, 0),
			 5);
	assert_int_equal((s64)helper_trace_vprintk(address("%d"), 3, address(values), 7, 0),
			 -EINVAL);
	assert_int_equal((s64)helper_trace_vprintk(address("%d"), 3, address(values), 104, 0),
			 -EINVAL);
	assert_int_equal((s64)helper_trace_vprintk(address("%d"), 3, 0, 8, 0), -EINVAL);
	assert_int_equal((s64)helper_trace_printk(address("%q"), 3, 0, 0, 0), -EINVAL);
	assert_int_equal(trace_log_drain(log, collect, &lines), 0);
	assert_string_equal(lines.text, "1-2/1234/");
	helper_env = NULL;
	trace_log_free(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),      cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_bad_pointers), cmocka_unit_test(test_cut),
		cmocka_unit_test(test_log),          cmocka_unit_test(test_log_is_bounded),
		cmocka_unit_test(test_trace_printk),
	};

	return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}

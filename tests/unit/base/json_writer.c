/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "../test.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/json_writer.h"

static char *text;
static size_t size;
static struct json_writer json;

static int setup(void **state)
{
	json = (struct json_writer){.to = open_memstream(&text, &size)};
	return !json.to;
}

static int teardown(void **state)
{
	free(text);
	return 0;
}

static const char *written(void)
{
	fclose(json.to);
	return text;
}

static void write_sample(void)
{
	emit_begin_array(&json);
	emit_begin_object(&json);
	emit_u64_member(&json, "key", UINT64_MAX);
	emit_name(&json, "list");
	emit_begin_array(&json);
	emit_s64(&json, INT64_MIN);
	emit_bool(&json, true);
	emit_end_array(&json);
	emit_end_object(&json);
	emit_begin_object(&json);
	emit_string_member(&json, "name", "x");
	emit_end_object(&json);
	emit_begin_array(&json);
	emit_end_array(&json);
	emit_end_array(&json);
}

static void test_compact(void **state)
{
	write_sample();
	assert_string_equal(written(), "[{\"key\":18446744073709551615,\"list\":"
				       "[-9223372036854775808,true]},{\"name\":\"x\"},[]]");
}

/* bpftool's layout */
static void test_pretty(void **state)
{
	json.pretty = true;
	write_sample();
	assert_string_equal(written(), "[{\n"
				       "        \"key\": 18446744073709551615,\n"
				       "        \"list\": [-9223372036854775808,true\n"
				       "        ]\n"
				       "    },{\n"
				       "        \"name\": \"x\"\n"
				       "    },[]\n"
				       "]");
}

/* Whatever bytes go in, a strict parser reads the text; valid UTF-8 comes back as it was. */
static void test_strings(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"\"\\/\b\f\n\r\t\x01\x7f", "\"\\/\b\f\n\r\t\x01\x7f"},
		{"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9d",
		 "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\x9d"},
		{"\xff", "\xc3\xbf"},                         /* no UTF-8: as Latin-1 */
		{"\xc0\x80", "\xc3\x80\xc2\x80"},             /* too long a form of NUL */
		{"\xed\xa0\x80", "\xc3\xad\xc2\xa0\xc2\x80"}, /* a surrogate */
		{"\xf4\x90\x80\x80", "\xc3\xb4\xc2\x90\xc2\x80\xc2\x80"}, /* above U+10FFFF */
		{"\xe2\x82", "\xc3\xa2\xc2\x82"},                         /* cut short */
	};
	json_t *parsed;

	emit_begin_array(&json);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		emit_string(&json, cases[i].in);
	emit_end_array(&json);
	parsed = json_loads(written(), 0, NULL);
	assert_non_null(parsed);
	assert_int_equal(json_array_size(parsed), ARRAY_SIZE(cases));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(json_string_value(json_array_get(parsed, i)), cases[i].out);
	json_decref(parsed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_compact, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pretty, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strings, setup, teardown),
	};

	return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}

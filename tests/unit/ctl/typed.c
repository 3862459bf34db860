/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Values by BTF type, with types that clang does not write: broken ones, odd sizes, chains.
 * The ordinary forms are compared with bpftool in tests/e2e/dump_bpftool.py.
 */
#include "../test.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/diag.h"
#include "ctl/typed.h"

static struct btf *btf;
static int u32_id, u8_id, char_id, s16_id, bool_id, double_id;

static int setup(void **state)
{
	btf = btf__new_empty();
	u32_id = btf__add_int(btf, "u32", 4, 0);
	u8_id = btf__add_int(btf, "u8", 1, 0);
	char_id = btf__add_int(btf, "char", 1, BTF_INT_SIGNED);
	s16_id = btf__add_int(btf, "s16", 2, BTF_INT_SIGNED);
	bool_id = btf__add_int(btf, "bool", 1, BTF_INT_BOOL);
	double_id = btf__add_float(btf, "double", 8);
	return !btf;
}

static int teardown(void **state)
{
	btf__free(btf);
	return 0;
}

static void expect(int type, const void *data, size_t size, const char *want)
{
	struct json_writer json = {0};
	char *text;
	size_t len;

	json.to = open_memstream(&text, &len);
	typed_write(btf, (u32)type, data, size, &json);
	fclose(json.to);
	assert_string_equal(text, want);
	free(text);
}

static int read_text(int type, const char *text, void *data, size_t size, struct skep_diag *diag)
{
	json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
	int err;

	assert_non_null(json);
	err = typed_read(btf, (u32)type, json, "value", data, size, diag);
	json_decref(json);
	return err;
}

static void expect_read(int type, const char *text, const void *want, size_t size)
{
	u8 data[64] = {0};

	assert_int_equal(read_text(type, text, data, size, NULL), 0);
	assert_memory_equal(data, want, size);
}

static void expect_refused(int type, const char *text, size_t size, const char *words)
{
	struct skep_diag *diag = skep_diag_new();
	u8 data[64] = {0};

	assert_true(read_text(type, text, data, size, diag) < 0);
	assert_contains(skep_diag_problem(diag), words);
	skep_diag_free(diag);
}

static void test_scalars(void **state)
{
	double half = 0.5, infinite = 1e300 * 1e300;

	expect(u32_id, "\xff\xff\xff\xff", 4, "4294967295");
	expect(s16_id, "\xfe\xff", 2, "-2");
	expect(bool_id, "\x01", 1, "true");
	expect(double_id, &half, 8, "0.5");
	expect(double_id, &infinite, 8, "null");
	expect(char_id, "a", 1, "97");
	expect_read(s16_id, "-2", "\xfe\xff", 2);
	expect_read(s16_id, "65535", "\xff\xff", 2);
	expect_read(bool_id, "true", "\x01", 1);
	expect_read(u8_id, "\"a\"", "a", 1);
	expect_refused(s16_id, "65536", 2, "16 bits");
	expect_refused(s16_id, "-32769", 2, "16 bits");
	expect_refused(double_id, "0.5", 8, "BTF kind");
}

/* What lies behind the end of the data is null, and not read. */
static void test_short_data(void **state)
{
	int array = btf__add_array(btf, u32_id, u32_id, 4);
	int type = btf__add_struct(btf, "outer", 20);
	u8 *data = malloc(6);

	memset(data, 1, 6);
	btf__add_field(btf, "a", u32_id, 0, 0);
	btf__add_field(btf, "b", u32_id, 32, 0);
	btf__add_field(btf, "c", array, 64, 0);
	expect(type, data, 6, "{\"a\":16843009,\"b\":null,\"c\":null}");
	expect(u32_id, data, 3, "null");
	expect_refused(type, "{\"b\": 1}", 6, "behind the end");
	expect_refused(type, "{\"c\": [1]}", 6, "behind the end");
	assert_false(typed_fits(btf, (u32)type, 6));
	assert_true(typed_fits(btf, (u32)type, 20));
	free(data);
}

static void test_bit_fields(void **state)
{
	int type = btf__add_struct(btf, "bits", 8);
	u8 want[8] = {0};

	btf__add_field(btf, "low", u32_id, 0, 3);
	btf__add_field(btf, "across", u32_id, 3, 29);
	btf__add_field(btf, "odd", u32_id, 35, 7);
	expect(type, "\xff\xff\xff\xff\xff\xff\xff\xff", 8,
	       "{\"low\":\"0x7\",\"across\":\"0x1fffffff\",\"odd\":\"0x7f\"}");
	want[0] = 5 | 1 << 3;
	want[4] = 0x7f << 3 & 0xff;
	want[5] = 0x7f >> 5;
	expect_read(type, "{\"low\":5,\"across\":1,\"odd\":127}", want, 8);
	expect_refused(type, "{\"low\":8}", 8, "value.low");
	expect_refused(type, "{\"odd\":\"0x80\"}", 8, "7 bits");
}

static void test_enums(void **state)
{
	int type = btf__add_enum(btf, "small", 4), wide;

	btf__add_enum_value(btf, "MINUS", -1);
	btf__add_enum_value(btf, "ONE", 1);
	wide = btf__add_enum64(btf, "wide", 8, false);
	btf__add_enum64_value(btf, "HUGE", 1ull << 40);
	expect(type, "\xff\xff\xff\xff", 4, "\"MINUS\"");
	expect(type, "\x05\0\0\0", 4, "5");
	expect(wide, "\0\0\0\0\0\x01\0\0", 8, "\"HUGE\"");
	expect_read(type, "\"MINUS\"", "\xff\xff\xff\xff", 4);
	expect_read(type, "7", "\x07\0\0\0", 4);
	expect_read(wide, "\"HUGE\"", "\0\0\0\0\0\x01\0\0", 8);
	expect_refused(type, "\"TWO\"", 4, "enum small");
}

static void test_text(void **state)
{
	int chars = btf__add_array(btf, u32_id, char_id, 4);
	int bytes = btf__add_array(btf, u32_id, u8_id, 4);

	expect(chars, "ab\0\xff", 4, "\"ab\"");
	expect(chars, "abcd", 4, "[97,98,99,100]"); /* does not end */
	expect(chars, "a\x01\0\0", 4, "[97,1,0,0]");
	expect(bytes, "ab\0\0", 4, "[97,98,0,0]");
	expect_read(chars, "\"abcd\"", "abcd", 4);
	expect_read(chars, "\"\"", "\0\0\0\0", 4);
	expect_read(bytes, "\"01:02:03:04\"", "\x01\x02\x03\x04", 4);
	expect_read(bytes, "[1, \"0x2\"]", "\x01\x02\0\0", 4);
	expect_refused(chars, "\"abcde\"", 4, "5 bytes");
	expect_refused(bytes, "\"010203\"", 4, "3 bytes, 4 are wanted");
	expect_refused(bytes, "[1,2,3,4,5]", 4, "5 elements");
}

/* A typedef that leads to itself, and one that leads a long way. */
static void test_chains(void **state)
{
	int next = btf__type_cnt(btf) + 1;
	int loop = btf__add_typedef(btf, "loop", next), type = u32_id;

	assert_int_equal(btf__add_typedef(btf, "loop2", loop), next);
	assert_int_equal(typed_resolve(btf, (u32)loop), 0);
	assert_false(typed_fits(btf, (u32)loop, 4));
	expect(loop, "\0\0\0\0", 4, "null");
	expect_refused(loop, "1", 4, "no type");
	for (int i = 0; i < TYPED_MAX_DEPTH - 1; i++)
		type = i % 2 ? btf__add_const(btf, type) : btf__add_typedef(btf, "t", type);
	expect(type, "\x07\0\0\0", 4, "7");
	type = btf__add_const(btf, type);
	expect(type, "\x07\0\0\0", 4, "null");
	expect(99999, "\0\0\0\0", 4, "null");
}

/* A pointer type ends recursion by value only; a struct in itself ends at the depth limit. */
static void test_self_containing(void **state)
{
	int self = btf__type_cnt(btf);
	struct json_writer json = {0};
	char *text;
	size_t len;

	assert_int_equal(btf__add_struct(btf, "self", 4), self);
	btf__add_field(btf, "s", self, 0, 0);
	json.to = open_memstream(&text, &len);
	typed_write(btf, (u32)self, "\0\0\0\0", 4, &json);
	fclose(json.to);
	assert_contains(text, "null");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_scalars, setup, teardown),
		cmocka_unit_test_setup_teardown(test_short_data, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bit_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(test_enums, setup, teardown),
		cmocka_unit_test_setup_teardown(test_text, setup, teardown),
		cmocka_unit_test_setup_teardown(test_chains, setup, teardown),
		cmocka_unit_test_setup_teardown(test_self_containing, setup, teardown),
	};

	return cmocka_run_group_tests_name("typed", tests, NULL, NULL);
}

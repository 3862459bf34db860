/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "../test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/diag.h"
#include "nic/capture.h"

static char path[64];

static int make_path(void **state)
{
	int fd;

	strcpy(path, "/tmp/skep-capture-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int remove_path(void **state)
{
	unlink(path);
	return 0;
}

static void write_file(const void *data, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	fclose(file);
}

/* A classic pcap with `nr` packets of `len` bytes; returns its size. */
static size_t make_pcap(u8 *to, u32 magic, u32 link, u32 nr, u32 len)
{
	u32 head[6] = {magic, 2 | 4 << 16, 0, 0, 65535, link};
	size_t size = sizeof(head);

	memcpy(to, head, sizeof(head));
	for (u32 i = 0; i < nr; i++) {
		u32 record[4] = {1000 + i, 5, len, len + 10};

		memcpy(to + size, record, sizeof(record));
		memset(to + size + sizeof(record), (int)i + 1, len);
		size += sizeof(record) + len;
	}
	return size;
}

static void expect_refusal(int err, const char *words)
{
	struct skep_diag *diag = skep_diag_new();
	struct capture capture;

	assert_int_equal(capture_read(path, &capture, diag), err);
	assert_contains(skep_diag_problem(diag), words);
	assert_contains(skep_diag_problem(diag), path);
	assert_int_equal(skep_diag_exit(diag), SKEP_EXIT_REFUSED);
	assert_null(capture.packets);
	skep_diag_free(diag);
}

static void test_resolutions(void **state)
{
	static const struct {
		u32 magic;
		u64 fraction;
	} forms[] = {{0xa1b2c3d4, 5000}, {0xa1b23c4d, 5}};
	u8 file[1024];
	struct capture capture;

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		write_file(file, make_pcap(file, forms[i].magic, 1, 3, 60));
		assert_int_equal(capture_read(path, &capture, NULL), 0);
		assert_int_equal(capture.nr, 3);
		assert_int_equal(capture.nr_cut, 3);
		assert_int_equal(capture.max_len, 60);
		assert_int_equal(capture.packets[2].len, 60);
		assert_int_equal(capture.packets[2].wire_len, 70);
		assert_int_equal(capture.packets[2].ns, 1002ull * 1000000000 + forms[i].fraction);
		assert_int_equal(*(const u8 *)capture_data(&capture, 2), 3);
		capture_free(&capture);
	}
}

static void test_refusals(void **state)
{
	u8 file[1024];
	size_t size;

	write_file("", 0);
	expect_refusal(-EINVAL, "is no pcap or pcapng");
	write_file("GET / HTTP/1.0\r\n\r\n", 18);
	expect_refusal(-EINVAL, "is no pcap or pcapng");
	write_file(file, make_pcap(file, 0xa1b2c3d4, 113, 1, 60));
	expect_refusal(-EPROTONOSUPPORT, "LINUX_SLL (113)");
	size = make_pcap(file, 0xa1b2c3d4, 1, 3, 60);
	write_file(file, size - 1);
	expect_refusal(-EBADMSG, "in packet 3 (2 whole packets before it)");
	write_file(file, size - 60 - 9);
	expect_refusal(-EBADMSG, "in packet 3 (2 whole packets before it)");
	write_file(file, 24 + 16 + 30);
	expect_refusal(-EBADMSG, "in packet 1 (0 whole packets before it)");
	unlink(path);
	expect_refusal(-ENOENT, "No such file");
}

static void test_empty(void **state)
{
	u8 file[64];
	struct capture capture;

	write_file(file, make_pcap(file, 0xa1b2c3d4, 1, 0, 0));
	assert_int_equal(capture_read(path, &capture, NULL), 0);
	assert_int_equal(capture.nr, 0);
	capture_free(&capture);
}

/* What is written is read back, whatever padding its length needs. */
static void test_round_trip(void **state)
{
	static const u32 lengths[] = {0, 1, 2, 3, 4, 60, 1514, 9014};
	static u8 data[9014];
	struct capture_writer *writer;
	struct capture capture;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (u8)(i * 7);
	assert_int_equal(capture_writer_open(path, "ifindex 1", &writer, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
		capture_writer_add(writer, &(struct capture_record){
						   .data = data,
						   .len = lengths[i],
						   .wire_len = lengths[i] + (u32)i,
						   .ns = 1234567890123456789ull + i,
						   .id = i + 1,
						   .verdict = 2,
						   .comment = i % 2 ? "XDP_PASS" : NULL,
					   });
	assert_int_equal(capture_writer_close(writer, NULL), 0);
	assert_int_equal(capture_read(path, &capture, NULL), 0);
	assert_int_equal(capture.nr, ARRAY_SIZE(lengths));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		assert_int_equal(capture.packets[i].len, lengths[i]);
		assert_int_equal(capture.packets[i].wire_len, lengths[i] + i);
		assert_int_equal(capture.packets[i].ns, 1234567890123456789ull + i);
		assert_memory_equal(capture_data(&capture, i), data, lengths[i]);
	}
	capture_free(&capture);
}

/* The bytes of one block, by the specification. */
static void test_options(void **state)
{
	static const u8 expected[] = {
		5, 0, 8, 0, 9,   0,   0,   0, 0, 0, 0, 0,             /* epb_packetid 9 */
		6, 0, 4, 0, 3,   0,   0,   0,                         /* epb_queue 3 */
		7, 0, 9, 0, 2,   4,   0,   0, 0, 0, 0, 0, 0, 0, 0, 0, /* epb_verdict XDP 4 */
		1, 0, 3, 0, 'a', 'b', 'c', 0,                         /* opt_comment */
		0, 0, 0, 0,                                           /* opt_endofopt */
	};
	struct capture_writer *writer;
	struct buf file = {0};

	assert_int_equal(capture_writer_open(path, "ifindex 1", &writer, NULL), 0);
	capture_writer_add(writer, &(struct capture_record){.data = "xyz!",
							    .len = 4,
							    .id = 9,
							    .queue = 3,
							    .verdict = 4,
							    .comment = "abc"});
	assert_int_equal(capture_writer_close(writer, NULL), 0);
	assert_int_equal(buf_read_file(&file, path, 4096), 0);
	assert_true(file.len > sizeof(expected) + 4);
	assert_memory_equal(file.data + file.len - 4 - sizeof(expected), expected,
			    sizeof(expected));
	buf_free(&file);
}

static void test_unwritable(void **state)
{
	struct skep_diag *diag = skep_diag_new();
	struct capture_writer *writer;

	assert_int_equal(capture_writer_open("/nonexistent/x.pcapng", "x", &writer, diag), -ENOENT);
	assert_contains(skep_diag_problem(diag), "/nonexistent/x.pcapng");
	skep_diag_free(diag);

	/* no space: known when the buffer goes out, at the latest on closing */
	diag = skep_diag_new();
	assert_int_equal(capture_writer_open("/dev/full", "x", &writer, diag), 0);
	assert_int_equal(capture_writer_close(writer, diag), -ENOSPC);
	assert_contains(skep_diag_problem(diag), "No space left");
	skep_diag_free(diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_resolutions, make_path, remove_path),
		cmocka_unit_test_setup_teardown(test_refusals, make_path, remove_path),
		cmocka_unit_test_setup_teardown(test_empty, make_path, remove_path),
		cmocka_unit_test_setup_teardown(test_round_trip, make_path, remove_path),
		cmocka_unit_test_setup_teardown(test_options, make_path, remove_path),
		cmocka_unit_test(test_unwritable),
	};

	return cmocka_run_group_tests_name("capture", tests, NULL, NULL);
}

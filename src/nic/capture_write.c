/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Writing captures: see capture.h. One section in host byte order, one Ethernet interface with
 * nanosecond time stamps, one enhanced packet block for each packet:
 *
 *   block:  type | total length | body, padded to 4 | total length
 *   option: code u16 | length u16 | value, padded to 4; a list ends with option 0
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "nic/capture.h"

/* Block types, draft-ietf-opsawg-pcapng section 4 */
#define BLOCK_SECTION 0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_ETHERNET 1u

enum option {
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	SHB_USER_APPLICATION = 4,
	IF_NAME = 2,
	IF_TSRESOL = 9,
	EPB_PACKET_ID = 5,
	EPB_QUEUE = 6,
	EPB_VERDICT = 7,
};

#define TSRESOL_NANOSECONDS 9
#define VERDICT_LINUX_XDP 2 /* first byte of epb_verdict: 0 hardware, 1 tc, 2 XDP */

struct capture_writer {
	FILE *to;
	char *path;
	struct buf block; /* body of the block that is being made */
	int err;          /* sticky */
};

static void add_u16(struct buf *block, u16 value)
{
	buf_add(block, &value, sizeof(value));
}

static void add_u32(struct buf *block, u32 value)
{
	buf_add(block, &value, sizeof(value));
}

static void add_padded(struct buf *block, const void *data, size_t len)
{
	static const char zeros[4];

	buf_add(block, data, len);
	buf_add(block, zeros, (4 - len % 4) % 4);
}

static void add_option(struct buf *block, enum option code, const void *value, size_t len)
{
	add_u16(block, code);
	add_u16(block, (u16)len);
	add_padded(block, value, len);
}

static void add_text_option(struct buf *block, enum option code, const char *text)
{
	size_t len = strlen(text);

	add_option(block, code, text, len < UINT16_MAX ? len : UINT16_MAX);
}

static void write_block(struct capture_writer *writer, u32 type)
{
	struct buf *block = &writer->block;
	u32 total = (u32)block->len + 12;

	if (block->err && !writer->err)
		writer->err = block->err;
	if (!writer->err &&
	    (fwrite(&type, 4, 1, writer->to) != 1 || fwrite(&total, 4, 1, writer->to) != 1 ||
	     fwrite(block->data, block->len, 1, writer->to) != 1 ||
	     fwrite(&total, 4, 1, writer->to) != 1))
		writer->err = errno ? -errno : -EIO;
	block->len = 0;
}

static void write_head(struct capture_writer *writer, const char *interface)
{
	static const u64 unknown_length = UINT64_MAX;
	static const u8 resolution = TSRESOL_NANOSECONDS;
	struct buf *block = &writer->block;

	add_u32(block, BYTE_ORDER_MAGIC);
	add_u16(block, 1); /* version 1.0 */
	add_u16(block, 0);
	buf_add(block, &unknown_length, sizeof(unknown_length));
	add_text_option(block, SHB_USER_APPLICATION, "skep");
	add_u32(block, OPTION_END);
	write_block(writer, BLOCK_SECTION);

	add_u16(block, LINKTYPE_ETHERNET);
	add_u16(block, 0); /* reserved */
	add_u32(block, 0); /* no snap length */
	add_text_option(block, IF_NAME, interface);
	add_option(block, IF_TSRESOL, &resolution, sizeof(resolution));
	add_u32(block, OPTION_END);
	write_block(writer, BLOCK_INTERFACE);
}

int capture_writer_open(const char *path, const char *interface, struct capture_writer **ret,
			struct skep_diag *diag)
{
	struct capture_writer *writer = calloc(1, sizeof(*writer));

	if (writer)
		writer->path = strdup(path);
	if (!writer || !writer->path) {
		free(writer);
		return diag_fail(diag, -ENOMEM, "no memory to write %s", path);
	}
	writer->to = fopen(path, "we");
	if (!writer->to) {
		int err = diag_fail(diag, -errno, "cannot write capture %s: %s", path,
				    strerror(errno));

		diag_category(diag, "capture");
		free(writer->path);
		free(writer);
		return err;
	}
	write_head(writer, interface);
	*ret = writer;
	return 0;
}

void capture_writer_add(struct capture_writer *writer, const struct capture_record *record)
{
	struct buf *block = &writer->block;
	u8 verdict[9] = {VERDICT_LINUX_XDP};

	memcpy(verdict + 1, &record->verdict, sizeof(record->verdict));
	add_u32(block, 0); /* interface */
	add_u32(block, (u32)(record->ns >> 32));
	add_u32(block, (u32)record->ns);
	add_u32(block, record->len);
	add_u32(block, record->wire_len);
	if (record->len)
		add_padded(block, record->data, record->len);
	add_option(block, EPB_PACKET_ID, &record->id, sizeof(record->id));
	add_option(block, EPB_QUEUE, &record->queue, sizeof(record->queue));
	add_option(block, EPB_VERDICT, verdict, sizeof(verdict));
	if (record->comment)
		add_text_option(block, OPTION_COMMENT, record->comment);
	add_u32(block, OPTION_END);
	write_block(writer, BLOCK_PACKET);
}

int capture_writer_close(struct capture_writer *writer, struct skep_diag *diag)
{
	int err;

	if (fclose(writer->to) && !writer->err)
		writer->err = -errno;
	err = writer->err;
	if (err) {
		diag_fail(diag, err, "cannot write capture %s: %s", writer->path, strerror(-err));
		diag_category(diag, "capture");
	}
	buf_free(&writer->block);
	free(writer->path);
	free(writer);
	return err;
}

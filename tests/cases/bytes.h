/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Bytes as case files write them: keys, values and packets. README.md has the grammar.
 */
#ifndef CASES_BYTES_H
#define CASES_BYTES_H

#include "base/buf.h"
#include "base/types.h"

/*
 * A key or value of exactly `size` bytes: a lone number fills it (host order), "..." fills the
 * rest with zeros. Returns NULL, or what is wrong.
 */
const char *bytes_parse_value(const char *text, u8 *out, size_t size);

/* A packet: items, where a bare word is hex digits. Returns NULL, or what is wrong. */
const char *bytes_parse_packet(const char *text, struct buf *out);

/* A number with optional sign, decimal or 0x; the whole text. */
bool number_parse(const char *text, u64 *ret);

/* "EEXIST" to EEXIST; 0 for what is no error name. */
int error_number(const char *name);
const char *error_name(int err);

/* Hex bytes with blanks between, for messages; at most 64 bytes. */
void bytes_print(struct buf *out, const u8 *bytes, size_t size);

#endif

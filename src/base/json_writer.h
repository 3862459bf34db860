/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Writes JSON to a stream as it goes, in the layout of bpftool: compact, or pretty with four
 * spaces a level. Numbers keep all 64 bits. The caller keeps begin and end balanced; an array's
 * or object's commas are the writer's business. Write errors stay with the stream (ferror).
 */
#ifndef SKEP_BASE_JSON_WRITER_H
#define SKEP_BASE_JSON_WRITER_H

#include <stdio.h>

#include "base/types.h"

struct json_writer {
	FILE *to;
	u32 depth;
	char separator; /* ',' when the next value follows another, else 0 */
	bool pretty;
	/* For people: bytes and pointers as bare 0x.., as bpftool's map dump with BTF. */
	bool plain;
};

void emit_begin_object(struct json_writer *json);
void emit_end_object(struct json_writer *json);
void emit_begin_array(struct json_writer *json);
void emit_end_array(struct json_writer *json);
/* The name of the next member. */
void emit_name(struct json_writer *json, const char *name);
/* Text of any bytes: what is not printable ASCII or valid UTF-8 is escaped. */
void emit_string(struct json_writer *json, const char *text);
void emit_u64(struct json_writer *json, u64 value);
void emit_s64(struct json_writer *json, s64 value);
void emit_bool(struct json_writer *json, bool value);
void emit_double(struct json_writer *json, double value);
/* A value that is spelled out by the caller. */
void emit_printf(struct json_writer *json, const char *fmt, ...) _printf_(2, 3);

/* Name and value in one. */
void emit_string_member(struct json_writer *json, const char *name, const char *text);
void emit_u64_member(struct json_writer *json, const char *name, u64 value);

#endif

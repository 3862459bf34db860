/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * JSON writer: see json_writer.h. The state is one pending separator; a value first writes what
 * separates it from the one before.
 */
#include "base/json_writer.h"

#include <inttypes.h>
#include <stdarg.h>

static void write_line_break(struct json_writer *json)
{
	if (!json->pretty)
		return;
	fprintf(json->to, "\n%*s", (int)json->depth * 4, "");
}

/* Before each value. */
static void write_separator(struct json_writer *json)
{
	if (json->separator)
		fputc(json->separator, json->to);
	json->separator = ',';
}

static void begin(struct json_writer *json, char bracket)
{
	write_separator(json);
	fputc(bracket, json->to);
	json->depth++;
	json->separator = 0;
}

static void end(struct json_writer *json, char bracket)
{
	json->depth--;
	if (json->separator)
		write_line_break(json);
	fputc(bracket, json->to);
	json->separator = ',';
}

void emit_begin_object(struct json_writer *json)
{
	begin(json, '{');
}

void emit_end_object(struct json_writer *json)
{
	end(json, '}');
}

void emit_begin_array(struct json_writer *json)
{
	begin(json, '[');
}

void emit_end_array(struct json_writer *json)
{
	end(json, ']');
}

/* Length of the valid UTF-8 sequence at text (RFC 3629), 0 when there is none. */
static int utf8_length(const unsigned char *text)
{
	static const struct {
		unsigned char first, last;
		int length;
		unsigned char second_first, second_last;
	} forms[] = {
		{0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
		{0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f},
		{0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
		{0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
	};

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		if (text[0] < forms[i].first || text[0] > forms[i].last)
			continue;
		if (text[1] < forms[i].second_first || text[1] > forms[i].second_last)
			return 0;
		for (int at = 2; at < forms[i].length; at++)
			if ((text[at] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

/* Write the character at text; returns how many bytes it took. */
static int write_character(FILE *to, const unsigned char *text)
{
	static const char escapes[] = "\bb\ff\nn\rr\tt\"\"\\\\";
	int length;

	for (const char *escape = escapes; *escape; escape += 2)
		if (*text == (unsigned char)*escape) {
			fprintf(to, "\\%c", escape[1]);
			return 1;
		}
	if (*text >= 0x20 && *text < 0x7f) {
		fputc(*text, to);
		return 1;
	}
	length = utf8_length(text);
	if (length) {
		fwrite(text, 1, (size_t)length, to);
		return length;
	}
	fprintf(to, "\\u%04x", *text);
	return 1;
}

static void write_text(struct json_writer *json, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	fputc('"', json->to);
	while (*at)
		at += write_character(json->to, at);
	fputc('"', json->to);
}

void emit_name(struct json_writer *json, const char *name)
{
	if (json->separator)
		fputc(json->separator, json->to);
	json->separator = 0;
	write_line_break(json);
	write_text(json, name);
	fputs(json->pretty ? ": " : ":", json->to);
}

void emit_string(struct json_writer *json, const char *text)
{
	write_separator(json);
	write_text(json, text);
}

void emit_u64(struct json_writer *json, u64 value)
{
	emit_printf(json, "%" PRIu64, value);
}

void emit_s64(struct json_writer *json, s64 value)
{
	emit_printf(json, "%" PRId64, value);
}

void emit_bool(struct json_writer *json, bool value)
{
	emit_printf(json, "%s", value ? "true" : "false");
}

void emit_double(struct json_writer *json, double value)
{
	emit_printf(json, "%.1f", value);
}

void emit_printf(struct json_writer *json, const char *fmt, ...)
{
	va_list args;

	write_separator(json);
	va_start(args, fmt);
	vfprintf(json->to, fmt, args);
	va_end(args);
}

void emit_string_member(struct json_writer *json, const char *name, const char *text)
{
	emit_name(json, name);
	emit_string(json, text);
}

void emit_u64_member(struct json_writer *json, const char *name, u64 value)
{
	emit_name(json, name);
	emit_u64(json, value);
}

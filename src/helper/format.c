/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Formatting in one pass: each conversion is parsed, checked and written. A text that is refused
 * late leaves its beginning in `out`; callers drop it then.
 * Source: kernel bpf_bprintf_prepare(), bstr_printf(), format_decode().
 */
#include "helper/format.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* What stands between '%' and the conversion. */
struct spec {
	bool zero, plus, minus, space;
	int width;
};

struct writer {
	char *out;
	size_t size, len; /* len counts what did not fit, too */
};

static void write_char(struct writer *writer, char c)
{
	if (writer->len + 1 < writer->size)
		writer->out[writer->len] = c;
	writer->len++;
}

static void write_text(struct writer *writer, const char *text, size_t len, const struct spec *spec)
{
	int pad = spec->width - (int)len;

	for (; !spec->minus && pad > 0; pad--)
		write_char(writer, ' ');
	for (size_t i = 0; i < len; i++)
		write_char(writer, text[i]);
	for (; pad > 0; pad--)
		write_char(writer, ' ');
}

/* Copy from an address that may be bad: up to `max` bytes; returns how many were readable. */
static size_t read_memory(u64 addr, void *to, size_t max)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), done = 0;

	while (done < max) {
		size_t chunk = page - (addr + done) % page;
		struct iovec local = {.iov_base = (char *)to + done};
		struct iovec remote = {.iov_base = (void *)(uintptr_t)(addr + done)};

		if (chunk > max - done)
			chunk = max - done;
		local.iov_len = remote.iov_len = chunk;
		if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)chunk)
			break;
		done += chunk;
		if (memchr((char *)to + done - chunk, 0, chunk))
			break;
	}
	return done;
}

static void write_string(struct writer *writer, u64 addr, const struct spec *spec)
{
	char text[FORMAT_TEXT_MAX];
	size_t readable = read_memory(addr, text, sizeof(text) - 1);
	bool ended = memchr(text, 0, readable);

	text[readable] = '\0';
	/* A text that runs into bad memory is empty, as one that starts there. */
	if (!ended && readable < sizeof(text) - 1)
		text[0] = '\0';
	write_text(writer, text, strlen(text), spec);
}

static void write_number(struct writer *writer, u64 value, char conversion, bool is_long,
			 const struct spec *spec)
{
	char format[16], text[32];
	int pad, len;
	char fill = spec->zero && !spec->minus ? '0' : ' ';
	size_t sign = 0;

	if (conversion == 'd' || conversion == 'i') {
		snprintf(format, sizeof(format), "%%%s%slld", spec->plus ? "+" : "",
			 spec->space ? " " : "");
		len = snprintf(text, sizeof(text), format,
			       is_long ? (long long)value : (long long)(s32)value);
		sign = text[0] == '-' || text[0] == '+' || text[0] == ' ';
	} else {
		snprintf(format, sizeof(format), "%%ll%c", conversion);
		len = snprintf(text, sizeof(text), format,
			       is_long ? (unsigned long long)value
				       : (unsigned long long)(u32)value);
	}
	if (fill == ' ') {
		write_text(writer, text, (size_t)len, spec);
		return;
	}
	for (size_t i = 0; i < sign; i++)
		write_char(writer, text[i]);
	for (pad = spec->width - len; pad > 0; pad--)
		write_char(writer, '0');
	for (size_t i = sign; i < (size_t)len; i++)
		write_char(writer, text[i]);
}

/* %pI4 and its like; the kernel ignores a width here. */
static void write_address(struct writer *writer, const char *kind, u64 addr)
{
	static const struct spec no_spec;
	u8 bytes[16] = {0};
	char text[48];
	int len = 0;
	u32 size = kind[1] == '4' ? 4 : 16;
	bool padded = kind[0] == 'i';

	/* read_memory() stops behind a zero byte, so read byte by byte. */
	for (u32 i = 0; i < size; i++) {
		if (read_memory(addr + i, &bytes[i], 1) != 1) {
			memset(bytes, 0, sizeof(bytes));
			break;
		}
	}
	for (u32 i = 0; size == 4 && i < 4; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, padded ? "%03u%s" : "%u%s",
				bytes[i], i < 3 ? "." : "");
	for (u32 i = 0; size == 16 && i < 16; i += 2)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%02x%02x%s", bytes[i],
				bytes[i + 1], !padded && i < 14 ? ":" : "");
	write_text(writer, text, (size_t)len, &no_spec);
}

/*
 * The kernel's <linux/ctype.h> is Latin-1: NO-BREAK SPACE is a space, 0xa1 to 0xbf and the signs of
 * multiplication and division are punctuation, other bytes from 0xc0 on are letters.
 */
static bool is_latin_letter(u8 c)
{
	return c >= 0xc0 && c != 0xd7 && c != 0xf7;
}

static bool ends_conversion(char c)
{
	u8 byte = (u8)c;

	if (byte >= 0x80)
		return byte >= 0xa0 && !is_latin_letter(byte);
	return !byte || isspace(byte) || ispunct(byte);
}

static bool is_swallowed(char c)
{
	u8 byte = (u8)c;

	return byte < 0x80 ? isalnum(byte) : is_latin_letter(byte);
}

/* %p and what may follow; `at` is behind the 'p'. Returns what follows, NULL for -EINVAL. */
static const char *format_pointer(struct writer *writer, const char *at, u64 value,
				  const struct spec *spec)
{
	static const struct spec no_spec;
	struct spec address = *spec;
	char text[24];
	int len;

	if ((at[0] == 'k' || at[0] == 'u') && at[1] == 's') {
		if (!ends_conversion(at[2]))
			return NULL;
		write_string(writer, value, &no_spec);
		return at + 2;
	}
	if ((at[0] == 'i' || at[0] == 'I') && (at[1] == '4' || at[1] == '6')) {
		write_address(writer, at, value);
	} else if (ends_conversion(at[0]) || at[0] == 'x' || at[0] == 'K') {
		if (!spec->width) {
			address.width = 16;
			address.zero = true;
		}
		write_number(writer, value, 'x', true, &address);
	} else if (strchr("sSB", at[0])) {
		len = snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
		write_text(writer, text, (size_t)len, spec);
	} else {
		return NULL;
	}
	while (is_swallowed(*at)) /* the kernel swallows them */
		at++;
	return at;
}

static const char *parse_spec(const char *at, struct spec *spec)
{
	for (;; at++) {
		if (*at == '0')
			spec->zero = true;
		else if (*at == '+')
			spec->plus = true;
		else if (*at == '-')
			spec->minus = true;
		else if (*at == ' ')
			spec->space = true;
		else
			break;
	}
	for (; isdigit((unsigned char)*at); at++) {
		if (spec->width < FORMAT_TEXT_MAX)
			spec->width = spec->width * 10 + (*at - '0');
	}
	return at;
}

/* One conversion; `at` is behind the '%'. Returns what follows, NULL for -EINVAL. */
static const char *format_one(struct writer *writer, const char *at, u64 value)
{
	struct spec spec = {0};
	bool is_long = false;
	char c = (char)value;

	at = parse_spec(at, &spec);
	if (*at == 'p')
		return format_pointer(writer, at + 1, value, &spec);
	if (*at == 's') {
		if (!ends_conversion(at[1]))
			return NULL;
		write_string(writer, value, &spec);
		return at + 1;
	}
	if (*at == 'c') {
		write_text(writer, &c, 1, &spec);
		return at + 1;
	}
	for (int i = 0; i < 2 && *at == 'l'; i++, at++)
		is_long = true;
	if (!*at || !strchr("iduxX", *at))
		return NULL;
	write_number(writer, value, *at, is_long, &spec);
	return at + 1;
}

/* No control characters; bytes beyond ASCII pass as plain text (Linux 6.18). */
static bool is_text(const char *fmt)
{
	for (; *fmt; fmt++) {
		u8 byte = (u8)*fmt;

		if (byte < 0x80 && !isprint(byte) && !isspace(byte))
			return false;
	}
	return true;
}

s64 format_text(char *out, size_t size, const char *fmt, size_t fmt_size,
		const struct format_args *args)
{
	struct writer writer = {.out = out, .size = size};
	u32 used = 0;

	if (!memchr(fmt, 0, fmt_size) || !is_text(fmt))
		return -EINVAL;
	while (*fmt) {
		if (fmt[0] != '%' || fmt[1] == '%') {
			fmt += fmt[0] == '%';
			write_char(&writer, *fmt++);
			continue;
		}
		if (used == args->nr)
			return -EINVAL;
		fmt = format_one(&writer, fmt + 1, args->values[used++]);
		if (!fmt)
			return -EINVAL;
	}
	if (size)
		out[writer.len < size ? writer.len : size - 1] = '\0';
	return (s64)writer.len;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

#define PRINT_MAX 64

/* Errors that bpf(2) and helpers give. */
#define ERRORS(E)                                                                                  \
	E(EPERM)                                                                                   \
	E(ENOENT)                                                                                  \
	E(EIO)                                                                                     \
	E(E2BIG)                                                                                   \
	E(ENOEXEC)                                                                                 \
	E(EBADF)                                                                                   \
	E(EAGAIN)                                                                                  \
	E(ENOMEM) E(EACCES) E(EFAULT) E(EBUSY) E(EEXIST) E(ENODEV) E(EINVAL) E(ENOSPC) E(ERANGE)   \
		E(EDOM) E(ELOOP) E(EPROTO) E(EOVERFLOW) E(EOPNOTSUPP) E(EMSGSIZE) E(ENOTSUP)

static const struct {
	const char *name;
	int err;
} errors[] = {
#define E(name) {#name, name},
	ERRORS(E)
#undef E
};

int error_number(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (!strcmp(errors[i].name, name))
			return errors[i].err;
	return 0;
}

const char *error_name(int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].err == abs(err))
			return errors[i].name;
	return err ? strerror(abs(err)) : "ok";
}

bool number_parse(const char *text, u64 *ret)
{
	const char *digits = text + (*text == '-' || *text == '+');
	char *end;

	if (*digits < '0' || *digits > '9')
		return false;
	if (digits[0] == '0' && digits[1] && digits[1] != 'x') /* hex digits, not octal */
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 0);
	return !errno && !*end;
}

static bool hex_parse(const char *text, struct buf *out)
{
	size_t len = strlen(text);

	if (!len || len % 2)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		char pair[3] = {text[i], text[i + 1], '\0'};
		char *end;
		u8 byte = strtoul(pair, &end, 16);

		if (*end)
			return false;
		buf_add(out, &byte, 1);
	}
	return true;
}

static bool mac_parse(const char *text, struct buf *out)
{
	unsigned int b[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &end) != 6 ||
	    text[end])
		return false;
	for (int i = 0; i < 6; i++) {
		u8 byte = b[i];

		buf_add(out, &byte, 1);
	}
	return true;
}

/* "NUMBER/8", "/16", "/32", "/64" in host order, "/be16" ... in network order. */
static bool sized_parse(char *text, struct buf *out)
{
	char *slash = strchr(text, '/');
	bool big;
	u64 value, bits;
	u8 bytes[8];

	if (!slash)
		return false;
	*slash++ = '\0';
	big = !strncmp(slash, "be", 2);
	if (!number_parse(slash + (big ? 2 : 0), &bits) || !number_parse(text, &value))
		return false;
	if (bits % 8 || !bits || bits > 64)
		return false;
	for (u64 i = 0; i < bits / 8; i++)
		bytes[big ? bits / 8 - 1 - i : i] = value >> (8 * i);
	buf_add(out, bytes, bits / 8);
	return true;
}

/* "ITEM*COUNT" with ITEM in hex */
static bool repeat_parse(char *text, struct buf *out)
{
	char *star = strchr(text, '*');
	u64 count;

	if (!star)
		return false;
	*star++ = '\0';
	if (!number_parse(star, &count))
		return false;
	while (count--)
		if (!hex_parse(text, out))
			return false;
	return true;
}

static bool quoted_parse(const char *text, struct buf *out)
{
	size_t len = strlen(text);

	if (len < 2 || text[0] != '"' || text[len - 1] != '"')
		return false;
	buf_add(out, text + 1, len - 2);
	return true;
}

static bool item_parse(char *word, struct buf *out)
{
	struct in_addr ip4;
	struct in6_addr ip6;

	if (*word == '"')
		return quoted_parse(word, out);
	if (strchr(word, '*'))
		return repeat_parse(word, out);
	if (strchr(word, '/'))
		return sized_parse(word, out);
	if (*word == 'x')
		return hex_parse(word + 1, out);
	if (strchr(word, '.') && inet_pton(AF_INET, word, &ip4) == 1) {
		buf_add(out, &ip4, sizeof(ip4));
		return true;
	}
	if (mac_parse(word, out))
		return true;
	if (strchr(word, ':') && inet_pton(AF_INET6, word, &ip6) == 1) {
		buf_add(out, &ip6, sizeof(ip6));
		return true;
	}
	return hex_parse(word, out);
}

const char *bytes_parse_value(const char *text, u8 *out, size_t size)
{
	_cleanup_(buf_free) struct buf bytes = {};
	char *copy = must_copy(text, strlen(text));
	char *rest = text_trim(copy);
	bool zeros = false;
	char *word;
	u64 value;

	if (number_parse(rest, &value)) {
		memset(out, *rest == '-' ? 0xff : 0, size);
		memcpy(out, &value, size < sizeof(value) ? size : sizeof(value));
		return NULL;
	}
	while (*(word = word_next(&rest))) {
		zeros = !strcmp(word, "...");
		if (!zeros && !item_parse(word, &bytes))
			return must_printf("cannot read the bytes '%s'", word);
	}
	if (bytes.len > size || (bytes.len < size && !zeros))
		return must_printf("'%s' are %zu bytes, not %zu", text, bytes.len, size);
	memset(out, 0, size);
	memcpy(out, buf_text(&bytes), bytes.len);
	return NULL;
}

static const char *line_parse(char *line, struct buf *out)
{
	char *word;

	line[strcspn(line, "#")] = '\0';
	while (*(word = word_next(&line)))
		if (!item_parse(word, out))
			return must_printf("cannot read the bytes '%s'", word);
	return NULL;
}

const char *bytes_parse_packet(const char *text, struct buf *out)
{
	char *rest = must_copy(text, strlen(text));
	char *line;

	while ((line = strsep(&rest, "\n"))) {
		const char *wrong = line_parse(line, out);

		if (wrong)
			return wrong;
	}
	return NULL;
}

void bytes_print(struct buf *out, const u8 *bytes, size_t size)
{
	for (size_t i = 0; i < size && i < PRINT_MAX; i++)
		buf_printf(out, "%s%02x", i ? " " : "", bytes[i]);
	if (size > PRINT_MAX)
		buf_printf(out, " ... (%zu bytes)", size);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for `more` bytes and the NUL behind them. */
static bool buf_reserve(struct buf *buf, size_t more)
{
	size_t want, cap = buf->cap ? buf->cap : 256;
	char *data;

	if (buf->err)
		return false;
	if (__builtin_add_overflow(buf->len, more, &want) || want > SIZE_MAX / 4) {
		buf->err = -ENOMEM;
		return false;
	}
	if (want < buf->cap)
		return true;
	while (cap <= want)
		cap *= 2;
	data = realloc(buf->data, cap);
	if (!data) {
		buf->err = -ENOMEM;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void buf_add(struct buf *buf, const void *data, size_t len)
{
	if (!buf_reserve(buf, len))
		return;
	if (len)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0 || !buf_reserve(buf, (size_t)len))
		return;
	va_start(args, fmt);
	vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
	va_end(args);
	buf->len += (size_t)len;
}

const char *buf_text(const struct buf *buf)
{
	return buf->data ? buf->data : "";
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){0};
}

static int read_all(struct buf *buf, int fd, size_t max)
{
	char chunk[65536];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return buf->err;
		if (buf->len + (size_t)n > max)
			return -EFBIG;
		buf_add(buf, chunk, (size_t)n);
	}
}

int buf_read_file(struct buf *buf, const char *path, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	err = read_all(buf, fd, max);
	close(fd);
	return err;
}

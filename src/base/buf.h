/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * A growing byte buffer with a sticky error: write freely, test once at the end.
 */
#ifndef SKEP_BASE_BUF_H
#define SKEP_BASE_BUF_H

#include "base/types.h"

struct buf {
	char *data; /* always NUL-terminated once anything was written; free with buf_free() */
	size_t len, cap;
	int err; /* 0 or -ENOMEM, sticky */
};

void buf_add(struct buf *buf, const void *data, size_t len);
void buf_printf(struct buf *buf, const char *fmt, ...) _printf_(2, 3);
/* The text so far, never NULL. */
const char *buf_text(const struct buf *buf);
void buf_free(struct buf *buf);

/*
 * Read a whole file of at most `max` bytes. Returns 0, or -errno (-EFBIG over max).
 */
int buf_read_file(struct buf *buf, const char *path, size_t max);

#endif

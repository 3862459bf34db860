/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What programs print. The log is a ring of lines, each ended by a newline; a new line pushes the
 * oldest ones out. Source of the helpers: kernel bpf_trace.c, bpf_snprintf() in helpers.c.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "helper/body.h"
#include "helper/format.h"

#define PRINTK_ARGS_MAX 3

struct trace_log {
	pthread_mutex_t lock;
	size_t size, start, used;
	u64 lost; /* lines */
	char *ring;
};

struct trace_log *trace_log_new(size_t bytes)
{
	struct trace_log *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->ring = malloc(bytes ? bytes : 1);
	log->size = bytes;
	if (!log->ring || pthread_mutex_init(&log->lock, NULL)) {
		free(log->ring);
		free(log);
		return NULL;
	}
	return log;
}

void trace_log_free(struct trace_log *log)
{
	if (!log)
		return;
	pthread_mutex_destroy(&log->lock);
	free(log->ring);
	free(log);
}

static char log_pop(struct trace_log *log)
{
	char c = log->ring[log->start];

	log->start = (log->start + 1) % log->size;
	log->used--;
	return c;
}

static void log_push(struct trace_log *log, char c)
{
	log->ring[(log->start + log->used) % log->size] = c;
	log->used++;
}

static void log_append(struct trace_log *log, const char *text, size_t len)
{
	bool ended = len && text[len - 1] == '\n';
	size_t need = len + !ended;

	if (need > log->size) {
		log->lost++;
		return;
	}
	while (log->size - log->used < need) {
		while (log_pop(log) != '\n')
			;
		log->lost++;
	}
	for (size_t i = 0; i < len; i++)
		log_push(log, text[i]);
	if (!ended)
		log_push(log, '\n');
}

void trace_log_write(struct trace_log *log, const char *text, size_t len)
{
	pthread_mutex_lock(&log->lock);
	log_append(log, text, strnlen(text, len));
	pthread_mutex_unlock(&log->lock);
}

/* Move the oldest line to `line` (cut to size); false when there is none. */
static bool log_take(struct trace_log *log, char *line, size_t size)
{
	size_t len = 0;
	char c;

	if (!log->used)
		return false;
	while ((c = log_pop(log)) != '\n') {
		if (len + 1 < size)
			line[len++] = c;
	}
	line[len] = '\0';
	return true;
}

u64 trace_log_drain(struct trace_log *log, void (*each)(void *arg, const char *line), void *arg)
{
	char line[FORMAT_TEXT_MAX];
	bool more = true;
	u64 lost;

	/* `each` runs without the lock: it may print, and a program may trace meanwhile. */
	while (more) {
		pthread_mutex_lock(&log->lock);
		more = log_take(log, line, sizeof(line));
		pthread_mutex_unlock(&log->lock);
		if (more)
			each(arg, line);
	}
	pthread_mutex_lock(&log->lock);
	lost = log->lost;
	log->lost = 0;
	pthread_mutex_unlock(&log->lock);
	return lost;
}

static u64 trace_format(const char *fmt, u32 fmt_size, const struct format_args *args)
{
	struct trace_log *log = helper_env->trace;
	char text[FORMAT_TEXT_MAX];
	s64 len = format_text(text, sizeof(text), fmt, fmt_size, args);

	if (len >= 0 && log)
		trace_log_write(log, text, strlen(text));
	return (u64)len;
}

/* r1, r2 = format and its size with the NUL; r3 to r5 = arguments. */
u64 helper_trace_printk(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const u64 values[PRINTK_ARGS_MAX] = {r3, r4, r5};
	const struct format_args args = {.values = values, .nr = PRINTK_ARGS_MAX};

	return trace_format(helper_pointer(r1), (u32)r2, &args);
}

/* Arguments in memory: `size` bytes of 64-bit values. */
static bool load_args(struct format_args *args, u64 values[FORMAT_ARGS_MAX], u64 from, u32 size)
{
	if (size % sizeof(u64) || size > FORMAT_ARGS_MAX * sizeof(u64) || (size && !from))
		return false;
	if (size)
		memcpy(values, helper_pointer(from), size);
	*args = (struct format_args){.values = values, .nr = size / (u32)sizeof(u64)};
	return true;
}

/* r1, r2 = format and its size; r3, r4 = arguments and their size. */
u64 helper_trace_vprintk(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	u64 values[FORMAT_ARGS_MAX];
	struct format_args args;

	if (!load_args(&args, values, r3, (u32)r4))
		return helper_error(-EINVAL);
	return trace_format(helper_pointer(r1), (u32)r2, &args);
}

/*
 * r1, r2 = buffer and its size; r3 = format; r4, r5 = arguments and their size. Returns the size
 * that the whole text needs, its NUL included.
 */
u64 helper_snprintf(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	const char *fmt = helper_pointer(r3);
	u64 values[FORMAT_ARGS_MAX];
	struct format_args args;
	s64 len;

	if (!load_args(&args, values, r4, (u32)r5))
		return helper_error(-EINVAL);
	len = format_text(helper_pointer(r1), (u32)r2, fmt, strlen(fmt) + 1, &args);
	return (u64)(len < 0 ? len : len + 1);
}

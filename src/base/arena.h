/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Memory that is freed all at once: what one object, or one load, needs while it lives.
 * All allocation functions return NULL when out of memory; zeroed unless copied.
 */
#ifndef SKEP_BASE_ARENA_H
#define SKEP_BASE_ARENA_H

#include <stdarg.h>

#include "base/types.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size);
/* n * size bytes; NULL on overflow of the product. */
void *arena_array(struct arena *arena, size_t n, size_t size);
/*
 * Make room for element number `nr` of an arena array (doubling *capacity); returns the possibly
 * moved array (the old copy stays in the arena), NULL when out of memory.
 */
void *arena_grow(struct arena *arena, void *array, size_t nr, size_t *capacity, size_t size);
void *arena_memdup(struct arena *arena, const void *data, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_printf(struct arena *arena, const char *fmt, ...) _printf_(2, 3);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Values by their BTF type: bytes to JSON, as bpftool prints them, and JSON to bytes.
 */
#ifndef SKEP_CTL_TYPED_H
#define SKEP_CTL_TYPED_H

#include <jansson.h>

#include "base/json_writer.h"
#include "base/types.h"

struct btf;
struct skep_diag;

/* Typedefs and qualifiers nested deeper than this, or types that contain themselves: refused. */
#define TYPED_MAX_DEPTH 32

/* Follow typedefs and qualifiers; 0 when there is no such type or no end to them. */
u32 typed_resolve(const struct btf *btf, u32 type_id);

/* Can `size` bytes be shown as this type: does its size agree (a data section may be shorter)? */
bool typed_fits(const struct btf *btf, u32 type_id, size_t size);

/*
 * Write `size` bytes at `data` as a value of the type. What lies outside of the data, or is of a
 * kind that has no value, is written as null.
 */
void typed_write(const struct btf *btf, u32 type_id, const void *data, size_t size,
		 struct json_writer *json);

/*
 * The reverse: set the bytes of a value from JSON, in the form that typed_write() writes; members
 * that are absent keep their bytes. Returns 0, or -EINVAL with words that start with `what`.
 */
int typed_read(const struct btf *btf, u32 type_id, const json_t *json, const char *what, void *data,
	       size_t size, struct skep_diag *diag);

/* An integer of 1, 2, 4 or 8 bytes in host order from a JSON number, boolean or "0x" string. */
int typed_read_integer(const json_t *json, const char *what, void *data, size_t size,
		       struct skep_diag *diag);

/* Bytes from "01 02 0a", "01:02:0a" or "01020a"; exactly `size` of them. */
int typed_read_hex(const char *text, const char *what, void *data, size_t size,
		   struct skep_diag *diag);

/* Is a JSON string for this type a name or text (an enumerator, a char array), not bytes? */
bool typed_takes_text(const struct btf *btf, u32 type_id);

#endif

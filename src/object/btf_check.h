/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Is a .BTF section sound enough to be handed to libbpf and walked without further questions?
 *
 * Promise, once btf_check() has returned 0: type ids and name offsets are in range, counts fit
 * the section, no type contains itself (also not as a pointer to itself by typedefs alone), no
 * chain of types is deeper than BTF_DEPTH_MAX, members lie inside their struct.
 */
#ifndef SKEP_OBJECT_BTF_CHECK_H
#define SKEP_OBJECT_BTF_CHECK_H

#include "base/types.h"

struct arena;
struct btf_type;

#define BTF_DEPTH_MAX 200 /* far beyond the kernel's 32, and safe to walk by recursion */

/* Where types and strings are in a checked section. */
struct btf_table {
	u8 *types;
	u32 types_size;
	const char *strings;
	u32 strings_size;
	u32 *offsets; /* of each type in types; [0] is void, unused */
	u64 *sizes;   /* bytes of each type, 0 for those without a size; saturated */
	u32 nr;       /* void included */
};

/* What is wrong: words, and where in the section. */
struct btf_fault {
	char text[160];
	u32 off;
};

/*
 * Check size bytes of a .BTF section and fill *table, whose arrays live on the arena and point
 * into raw. Returns 0, -EINVAL with *fault, -ENOMEM.
 */
int btf_check(struct arena *arena, u8 *raw, size_t size, struct btf_table *table,
	      struct btf_fault *fault);

struct btf_type *btf_table_type(const struct btf_table *table, u32 id);
const char *btf_table_name(const struct btf_table *table, u32 name_off);

#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The rows of helper.def as an array that the id indexes, and search by name. */
#include <string.h>

#include "insn/helper.h"

/* Longest helper name, and the most edits in which a misspelt name is still recognised. */
#define NAME_MAX_LENGTH 64
#define SUGGEST_EDITS_MAX 4

static const struct helper_desc helpers[] = {
#define HELPER(id_, name_, ret_, args_, flags_, hooks_)                                            \
	[id_] = {.id = id_,                                                                        \
		 .name = #name_,                                                                   \
		 .ret = RET_##ret_,                                                                \
		 .args = args_,                                                                    \
		 .flags = flags_,                                                                  \
		 .hooks = hooks_},
#define HELPER_SIZED(id_, name_, ret_, args_, flags_, hooks_, sizes_)                              \
	[id_] = {.id = id_,                                                                        \
		 .name = #name_,                                                                   \
		 .ret = RET_##ret_,                                                                \
		 .args = args_,                                                                    \
		 .flags = flags_,                                                                  \
		 .hooks = hooks_,                                                                  \
		 .sizes = sizes_},
#include "insn/helper.def"
};

#define HELPER(id, name, ...)                                                                      \
	_Static_assert(sizeof(#name) <= NAME_MAX_LENGTH, "name of helper " #id " is too long");
#include "insn/helper.def"

u32 helper_count(void)
{
	return ARRAY_SIZE(helpers) - 1;
}

const struct helper_desc *helper_find(s64 id)
{
	return id > 0 && id < (s64)ARRAY_SIZE(helpers) ? &helpers[id] : NULL;
}

static const char *helper_name_stem(const char *name)
{
	return strncmp(name, "bpf_", 4) == 0 ? name + 4 : name;
}

const struct helper_desc *helper_find_name(const char *name)
{
	name = helper_name_stem(name);
	for (u32 id = 1; id < ARRAY_SIZE(helpers); id++) {
		if (strcmp(helpers[id].name, name) == 0)
			return &helpers[id];
	}
	return NULL;
}

static u32 min3(u32 a, u32 b, u32 c)
{
	u32 least = a < b ? a : b;

	return least < c ? least : c;
}

/* Edits (insert, delete, replace) that turn a into b; both shorter than NAME_MAX_LENGTH. */
static u32 edit_distance(const char *a, const char *b)
{
	u32 row[NAME_MAX_LENGTH + 1];
	u32 length = (u32)strlen(b);

	for (u32 j = 0; j <= length; j++)
		row[j] = j;
	for (u32 i = 1; a[i - 1]; i++) {
		u32 diagonal = row[0];

		row[0] = i;
		for (u32 j = 1; j <= length; j++) {
			u32 replaced = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1, replaced);
		}
	}
	return row[length];
}

const char *helper_suggest(const char *name)
{
	const char *nearest = NULL;
	size_t length;
	u32 least;

	name = helper_name_stem(name);
	length = strlen(name);
	if (length < 3 || length >= NAME_MAX_LENGTH)
		return NULL;
	least = (u32)(length / 3) + 1;
	if (least > SUGGEST_EDITS_MAX + 1)
		least = SUGGEST_EDITS_MAX + 1;
	for (u32 id = 1; id < ARRAY_SIZE(helpers); id++) {
		u32 edits = edit_distance(name, helpers[id].name);

		if (edits < least) {
			least = edits;
			nearest = helpers[id].name;
		}
	}
	return nearest;
}

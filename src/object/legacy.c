/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Maps of before BTF: sections "maps" and "maps/NAME" with one struct of numbers for each symbol.
 *
 * All layouts begin with libbpf's struct bpf_map_def (type, key size, value size, entries, flags).
 * Longer ones are told apart by their size: the kernel samples' (28 bytes: index of the inner map,
 * NUMA node) and iproute2's bpf_elf_map (36: id, pinning, id of the inner map, its slot). Any other
 * tail must be zero, so that nothing is ignored in silence.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "object/opening.h"

enum { WORD_TYPE, WORD_KEY, WORD_VALUE, WORD_ENTRIES, WORD_FLAGS, WORDS_PLAIN };
enum { WORD_SAMPLE_INNER = WORDS_PLAIN, WORD_SAMPLE_NUMA, WORDS_SAMPLE };
enum {
	WORD_ELF_ID = WORDS_PLAIN,
	WORD_ELF_PINNING,
	WORD_ELF_INNER_ID,
	WORD_ELF_INNER_KEY,
	WORDS_ELF
};

#define WORD sizeof(u32)
#define SHORTEST (WORD_FLAGS * WORD)    /* the oldest have no flags */
#define KEY_VALUE_PREFIX "____btf_map_" /* BPF_ANNOTATE_KV_PAIR() */

/* One legacy map, as the file has it. */
struct legacy {
	const struct elf_symbol *symbol;
	u64 size;
	u32 words[WORDS_ELF];
	u32 map; /* index into object->maps */
};

/* The key and value types of a map: a struct of two members. */
struct pair {
	const char *map;
	const struct btf_type *type;
};

/* A program in section "ID/KEY". */
struct tail {
	u32 id, key, prog;
};

struct legacy_section {
	struct opening *o;
	const struct elf_section *section;
	struct legacy *list;
	size_t nr;
	struct tail *tails;
	struct pair *pairs;
	size_t nr_tails, nr_pairs;
};

static int fail_legacy(struct legacy_section *s, const struct legacy *legacy, int err,
		       const char *problem)
{
	return opening_fail(s->o, err,
			    spot_at(s->section->name, legacy->symbol->name, legacy->symbol->value),
			    "map '%s' in section '%s' %s", legacy->symbol->name, s->section->name,
			    problem);
}

static int compare_legacy(const void *a, const void *b)
{
	const struct legacy *x = a, *y = b;

	return x->symbol->value < y->symbol->value ? -1 : x->symbol->value > y->symbol->value;
}

static bool symbol_is_map(const struct legacy_section *s, const struct elf_symbol *symbol)
{
	return symbol->section == s->section->number && symbol->type != STT_SECTION &&
	       symbol->type != STT_FILE && *symbol->name;
}

static int collect(struct legacy_section *s)
{
	size_t nr = 0;

	for (u32 i = 0; i < s->o->nr_symbols; i++)
		nr += symbol_is_map(s, &s->o->symbols[i]);
	s->list = arena_array(s->o->object->arena, nr, sizeof(*s->list));
	if (!s->list)
		return -ENOMEM;
	for (u32 i = 0; i < s->o->nr_symbols; i++)
		if (symbol_is_map(s, &s->o->symbols[i]))
			s->list[s->nr++].symbol = &s->o->symbols[i];
	qsort(s->list, s->nr, sizeof(*s->list), compare_legacy);
	return 0;
}

/* Where the definition ends: its own size, or the next one's start. */
static int measure(struct legacy_section *s, size_t i)
{
	struct legacy *legacy = &s->list[i];
	u64 start = legacy->symbol->value, end = s->section->size;

	if (i + 1 < s->nr)
		end = s->list[i + 1].symbol->value;
	if (start > end || end > s->section->size)
		return fail_legacy(s, legacy, -EINVAL, "lies outside the section");
	legacy->size = end - start;
	if (legacy->symbol->size && legacy->symbol->size < legacy->size)
		legacy->size = legacy->symbol->size;
	if (legacy->size < SHORTEST)
		return fail_legacy(s, legacy, -EINVAL,
				   legacy->size ? "is too short for a definition"
						: "has two names or no size");
	return 0;
}

static int definition_read(struct legacy_section *s, struct legacy *legacy)
{
	const u8 *data = s->section->data + legacy->symbol->value;
	size_t known = WORDS_PLAIN * WORD;

	if (legacy->size == WORDS_SAMPLE * WORD || legacy->size == WORDS_ELF * WORD ||
	    legacy->size < known)
		known = legacy->size / WORD * WORD;
	memcpy(legacy->words, data, known);
	for (u64 i = known; i < legacy->size; i++)
		if (data[i])
			return fail_legacy(s, legacy, -EOPNOTSUPP,
					   "has attributes that only its own loader knows; "
					   "define it in .maps instead");
	return 0;
}

static int map_make(struct legacy_section *s, struct legacy *legacy)
{
	const u32 *words = legacy->words;
	struct object_map *map;
	int err = map_add(s->o, s->section->number, legacy->symbol->value, &map);

	if (err)
		return err;
	legacy->map = (u32)(s->o->object->nr_maps - 1);
	map->kind = OBJECT_MAP_USER;
	map_set_name(map, legacy->symbol->name);
	map->def.type = words[WORD_TYPE];
	map->def.key_size = words[WORD_KEY];
	map->def.value_size = words[WORD_VALUE];
	map->def.max_entries = words[WORD_ENTRIES];
	map->def.map_flags = words[WORD_FLAGS];
	if (legacy->size == WORDS_SAMPLE * WORD)
		map->def.numa_node = words[WORD_SAMPLE_NUMA];
	if (legacy->size == WORDS_ELF * WORD && words[WORD_ELF_PINNING])
		map->pinning = OBJECT_PIN_BY_NAME; /* iproute2's object and global scopes */
	return 0;
}

/* The inner map that a map of maps names, by index or by id; NULL = none. */
static const struct legacy *find_inner(const struct legacy_section *s, const struct legacy *outer)
{
	if (outer->size == WORDS_SAMPLE * WORD) {
		u32 index = outer->words[WORD_SAMPLE_INNER];

		return index < s->nr && &s->list[index] != outer ? &s->list[index] : NULL;
	}
	if (outer->size != WORDS_ELF * WORD || !outer->words[WORD_ELF_INNER_ID])
		return NULL;
	for (size_t i = 0; i < s->nr; i++)
		if (s->list[i].size == WORDS_ELF * WORD && &s->list[i] != outer &&
		    s->list[i].words[WORD_ELF_ID] == outer->words[WORD_ELF_INNER_ID])
			return &s->list[i];
	return NULL;
}

/* Template of a map of maps; iproute2 also puts the inner map itself into a slot. */
static int inner_set(struct legacy_section *s, const struct legacy *outer)
{
	struct object_map *maps = s->o->object->maps, *map = &maps[outer->map];
	const struct legacy *inner;

	if (map->def.type != SKEP_MAP_ARRAY_OF_MAPS && map->def.type != SKEP_MAP_HASH_OF_MAPS)
		return 0;
	inner = find_inner(s, outer);
	if (!inner)
		return 0;
	map->inner = arena_memdup(s->o->object->arena, &maps[inner->map], sizeof(*map));
	if (!map->inner)
		return -ENOMEM;
	if (outer->size != WORDS_ELF * WORD)
		return 0;
	return map_add_slot(s->o, outer->map,
			    &(struct object_slot){.key = outer->words[WORD_ELF_INNER_KEY],
						  .index = inner->map});
}

/* The programs in sections named "ID/KEY". */
static int tails_collect(struct legacy_section *s)
{
	struct opening *o = s->o;
	size_t capacity = 0;

	for (size_t i = 0; i < o->nr_functions; i++) {
		const struct function *function = &o->functions[i];
		const char *section = o->sections[function->section].name;
		struct tail tail = {.prog = (u32)function->prog};
		int end = 0;

		if (function->prog < 0 ||
		    sscanf(section, "%i/%i%n", (int *)&tail.id, (int *)&tail.key, &end) != 2 ||
		    section[end])
			continue;
		s->tails = arena_grow(o->object->arena, s->tails, s->nr_tails, &capacity,
				      sizeof(*s->tails));
		if (!s->tails)
			return -ENOMEM;
		s->tails[s->nr_tails++] = tail;
	}
	return 0;
}

/* iproute2: a program in section "ID/KEY" goes into slot KEY of the prog array with that id. */
static int tail_calls_set(struct legacy_section *s, const struct legacy *array)
{
	int err = 0;

	if (s->o->object->maps[array->map].def.type != SKEP_MAP_PROG_ARRAY ||
	    array->size != WORDS_ELF * WORD || !array->words[WORD_ELF_ID])
		return 0;
	for (size_t i = 0; i < s->nr_tails && !err; i++)
		if (s->tails[i].id == array->words[WORD_ELF_ID])
			err = map_add_slot(s->o, array->map,
					   &(struct object_slot){.key = s->tails[i].key,
								 .is_prog = true,
								 .index = s->tails[i].prog});
	return err;
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return strcmp(x->map, y->map);
}

/* The structs that BPF_ANNOTATE_KV_PAIR(map, key, value) left in the BTF, by map. */
static int pairs_collect(struct legacy_section *s)
{
	const struct btf *btf = s->o->object->btf;
	size_t prefix = strlen(KEY_VALUE_PREFIX), capacity = 0;
	u32 nr = btf ? btf__type_cnt(btf) : 0;

	for (u32 id = 1; id < nr; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf_name(s->o, type->name_off);

		if (!btf_is_struct(type) || btf_vlen(type) < 2 ||
		    strncmp(name, KEY_VALUE_PREFIX, prefix) != 0)
			continue;
		s->pairs = arena_grow(s->o->object->arena, s->pairs, s->nr_pairs, &capacity,
				      sizeof(*s->pairs));
		if (!s->pairs)
			return -ENOMEM;
		s->pairs[s->nr_pairs++] = (struct pair){name + prefix, type};
	}
	if (s->nr_pairs)
		qsort(s->pairs, s->nr_pairs, sizeof(*s->pairs), compare_pairs);
	return 0;
}

static void annotate(const struct legacy_section *s, const struct legacy *legacy)
{
	struct object_map *map = &s->o->object->maps[legacy->map];
	const struct pair key = {.map = legacy->symbol->name}, *found = NULL;
	const struct btf *btf = s->o->object->btf;
	const struct btf_member *members;

	if (s->nr_pairs)
		found = bsearch(&key, s->pairs, s->nr_pairs, sizeof(key), compare_pairs);
	if (!found)
		return;
	members = btf_members(found->type);
	if (btf__resolve_size(btf, members[0].type) != map->def.key_size ||
	    btf__resolve_size(btf, members[1].type) != map->def.value_size)
		return;
	map->btf_key_type_id = members[0].type;
	map->btf_value_type_id = members[1].type;
}

static int section_read(struct legacy_section *s)
{
	int err = collect(s);

	for (size_t i = 0; i < s->nr && !err; i++) {
		err = measure(s, i);
		err = err ?: definition_read(s, &s->list[i]);
		err = err ?: map_make(s, &s->list[i]);
		if (!err)
			annotate(s, &s->list[i]);
	}
	for (size_t i = 0; i < s->nr && !err; i++) {
		err = inner_set(s, &s->list[i]);
		err = err ?: tail_calls_set(s, &s->list[i]);
	}
	return err;
}

int legacy_maps_read(struct opening *o)
{
	struct legacy_section common = {.o = o};
	u32 nr = 0;
	int err = 0;

	for (u32 i = 1; i < o->nr_sections && !err; i++) {
		struct legacy_section s;

		if (o->sections[i].role != ROLE_LEGACY_MAPS || !o->sections[i].data)
			continue;
		if (nr++ == OPENING_MAPS_MAX)
			return opening_fail(o, -E2BIG, spot_in(o->sections[i].name, NULL),
					    "'%s' has more than %d sections of maps",
					    o->object->name, OPENING_MAPS_MAX);
		if (nr == 1) {
			err = pairs_collect(&common);
			err = err ?: tails_collect(&common);
		}
		s = common;
		s.section = &o->sections[i];
		err = err ?: section_read(&s);
	}
	return err;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Filling a map: see map_fill.h. A file is parsed and its shape checked on opening; bytes are
 * made when the map is there, one entry after the other. Words name the entry, from 1.
 */
#include "ctl/map_fill.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "ctl/names.h"
#include "ctl/typed.h"
#include "load/load.h"
#include "map/map.h"

/* Bytes of a file that are read at most. */
#define MAX_FILE ((size_t)1 << 30)

struct map_fill {
	char *path;
	size_t map;
	const struct object_map *def;
	json_t *entries;
	const char **progs; /* borrowed from entries */
	size_t nr_progs;
};

/* One entry on its way into the map. */
struct entry {
	const struct map_fill *fill;
	struct skep_map *map;
	const struct loaded *loaded;
	struct skep_diag *diag;
	size_t nr;
	u8 *key, *value;
};

static const struct object_map *find_map(const struct skep_object *object, const char *name)
{
	const struct object_map *map = object_find_map(object, name), *found = NULL;

	if (map)
		return map;
	for (size_t i = 0; i < object->nr_maps; i++) {
		const struct object_map *candidate = &object->maps[i];

		if (candidate->kind == OBJECT_MAP_USER || !candidate->section ||
		    strcmp(candidate->section, name))
			continue;
		if (found)
			return NULL;
		found = candidate;
	}
	return found;
}

static bool holds_programs(u32 type)
{
	return type == SKEP_MAP_PROG_ARRAY;
}

static bool holds_devices(u32 type)
{
	return type == SKEP_MAP_DEVMAP || type == SKEP_MAP_DEVMAP_HASH;
}

bool map_fill_is_late(const struct map_fill *fill)
{
	u32 type = fill->def->def.type;

	return holds_programs(type) || holds_devices(type) || map_type_is_nested(type);
}

/* The program that an entry's value names, NULL when it names none. */
static const char *named_program(const struct map_fill *fill, const json_t *entry)
{
	const json_t *value = json_object_get(entry, "value");

	if (holds_programs(fill->def->def.type))
		return json_string_value(value);
	if (holds_devices(fill->def->def.type))
		return json_string_value(json_object_get(value, "prog"));
	return NULL;
}

static int check_entry(struct map_fill *fill, size_t nr, json_t *entry, struct skep_diag *diag)
{
	const char *name;
	json_t *member;

	if (!json_is_object(entry) || !json_object_get(entry, "key"))
		return diag_fail(diag, -EINVAL,
				 "entry %zu of %s is no {\"key\": .., \"value\": ..} object",
				 nr + 1, fill->path);
	if (!json_object_get(entry, "value") && !json_object_get(entry, "values"))
		return diag_fail(diag, -EINVAL, "entry %zu of %s has no \"value\"", nr + 1,
				 fill->path);
	json_object_foreach(
		entry, name,
		member) if (strcmp(name, "key") && strcmp(name, "value") &&
			    strcmp(name, "values") &&
			    strcmp(name, "formatted")) return diag_fail(diag, -EINVAL,
									"entry %zu of %s has an "
									"unknown member \"%s\"",
									nr + 1, fill->path, name);
	name = named_program(fill, entry);
	if (name)
		fill->progs[fill->nr_progs++] = name;
	return 0;
}

static int check_entries(struct map_fill *fill, struct skep_diag *diag)
{
	size_t nr;
	json_t *entry;
	int err;

	if (!json_is_array(fill->entries))
		return diag_fail(diag, -EINVAL,
				 "%s is no JSON array of {\"key\": .., \"value\": ..}", fill->path);
	fill->progs = calloc(json_array_size(fill->entries) + 1, sizeof(fill->progs[0]));
	if (!fill->progs)
		return diag_fail(diag, -ENOMEM, "no memory for %s", fill->path);
	json_array_foreach(fill->entries, nr, entry)
	{
		err = check_entry(fill, nr, entry, diag);
		if (err)
			return err;
	}
	return 0;
}

/*
 * jansson knows integers up to INT64_MAX. Copy JSON text with larger ones, which a map may well
 * hold, as "0x.." strings; they are read like numbers.
 */
static void quote_large_integers(const struct buf *from, struct buf *to)
{
	const char *at = from->data, *end = from->data + from->len;
	bool in_string = false;

	while (at < end) {
		size_t digits = in_string ? 0 : strspn(at, "0123456789");
		char *after = NULL;
		u64 value = 0;

		errno = 0;
		if (digits >= 19)
			value = strtoull(at, &after, 10);
		if (value > INT64_MAX && !errno && !strchr(".eE", *after)) {
			buf_printf(to, "\"0x%" PRIx64 "\"", value);
		} else {
			digits = digits ? digits : 1;
			if (in_string && *at == '\\' && at + 1 < end)
				digits = 2;
			else if (*at == '"')
				in_string = !in_string;
			buf_add(to, at, digits);
		}
		at += digits;
	}
}

static int parse_file(struct map_fill *fill, struct skep_diag *diag)
{
	struct buf file = {0}, text = {0};
	json_error_t error;
	int err;

	err = buf_read_file(&file, fill->path, MAX_FILE);
	if (err)
		return diag_fail(diag, err, "cannot read %s: %s", fill->path, strerror(-err));
	if (file.len)
		quote_large_integers(&file, &text);
	err = text.err;
	if (err)
		diag_fail(diag, err, "no memory for %s", fill->path);
	else
		fill->entries = json_loadb(buf_text(&text), text.len,
					   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!err && !fill->entries)
		err = diag_fail(diag, -EINVAL, "%s, line %d, is no valid JSON: %s", fill->path,
				error.line, error.text);
	buf_free(&file);
	buf_free(&text);
	return err;
}

int map_fill_open(const struct skep_object *object, const char *name, const char *path,
		  struct map_fill **ret, struct skep_diag *diag)
{
	const struct object_map *map = find_map(object, name);
	struct map_fill *fill;
	int err;

	if (!map)
		return names_no_map(object, name, diag);
	fill = calloc(1, sizeof(*fill));
	if (!fill)
		return diag_fail(diag, -ENOMEM, "no memory for %s", path);
	fill->def = map;
	fill->map = (size_t)(map - object->maps);
	fill->path = strdup(path);
	err = fill->path ? parse_file(fill, diag) : -ENOMEM;
	err = err ?: check_entries(fill, diag);
	if (err) {
		diag_category(diag, "map");
		diag_symbol(diag, map->def.name);
		map_fill_free(fill);
		return err;
	}
	*ret = fill;
	return 0;
}

void map_fill_free(struct map_fill *fill)
{
	if (!fill)
		return;
	json_decref(fill->entries);
	free(fill->progs);
	free(fill->path);
	free(fill);
}

size_t map_fill_map(const struct map_fill *fill)
{
	return fill->map;
}

const char *map_fill_prog(const struct map_fill *fill, size_t nr)
{
	return nr < fill->nr_progs ? fill->progs[nr] : NULL;
}

static int read_byte_array(const struct entry *entry, const json_t *json, const char *what,
			   u8 *data, size_t size)
{
	size_t nr = json_array_size(json);
	int err = 0;

	if (nr != size)
		return diag_fail(entry->diag, -EINVAL, "%s has %zu %s, %zu are wanted", what, nr,
				 nr == 1 ? "byte" : "bytes", size);
	for (size_t i = 0; !err && i < nr; i++)
		err = typed_read_integer(json_array_get(json, i), what, &data[i], 1, entry->diag);
	return err;
}

/* A key or one value, of `size` bytes; zeroed or holding what the map has. */
static int read_datum(const struct entry *entry, const json_t *json, u32 type_id, const char *what,
		      u8 *data, size_t size)
{
	const struct btf *btf = entry->map->btf;
	const char *text = json_string_value(json);
	bool is_bytes = json_is_array(json) && json_array_size(json) == size;
	bool typed = typed_fits(btf, type_id, size);

	if (text && typed && typed_takes_text(btf, type_id))
		return typed_read(btf, type_id, json, what, data, size, entry->diag);
	if (text && strncasecmp(text, "0x", 2))
		return typed_read_hex(text, what, data, size, entry->diag);
	if (json_is_object(json) && !typed)
		return diag_fail(entry->diag, -EINVAL,
				 "%s: map %s has no BTF types; give a number or bytes", what,
				 entry->map->def.name);
	if (json_is_object(json) || (json_is_array(json) && typed && !is_bytes))
		return typed_read(btf, type_id, json, what, data, size, entry->diag);
	if (json_is_array(json))
		return read_byte_array(entry, json, what, data, size);
	return typed_read_integer(json, what, data, size, entry->diag);
}

static int read_program(const struct entry *entry, const char *name, const char *what, u32 *ret)
{
	const struct skep_object *object = entry->loaded->object;
	const struct object_prog *prog = object_find_prog(object, name);
	const struct image *image = prog ? entry->loaded->images[prog - object->progs] : NULL;

	if (!image)
		return diag_fail(entry->diag, -ENOENT, "%s: there is no program %s in %s", what,
				 name, object->name);
	*ret = image->id;
	return 0;
}

static int read_inner_map(const struct entry *entry, const char *name, const char *what, u32 *ret)
{
	const struct skep_object *object = entry->loaded->object;
	const struct object_map *map = object_find_map(object, name);
	const struct skep_map *inner = map ? entry->loaded->maps[map - object->maps] : NULL;

	if (!inner)
		return diag_fail(entry->diag, -ENOENT, "%s: there is no map %s in this run", what,
				 name);
	*ret = inner->id;
	return 0;
}

/* struct bpf_devmap_val of the uapi: ifindex, then the program where the value has 8 bytes */
static int read_device(const struct entry *entry, const json_t *json, const char *what)
{
	size_t size = entry->map->def.value_size;
	const char *prog = json_string_value(json_object_get(json, "prog"));
	const json_t *ifindex = json_object_get(json, "ifindex");
	u32 id = 0;
	int err;

	if (!json_is_object(json) && !json_is_integer(json))
		return read_datum(entry, json, 0, what, entry->value, size);
	err = typed_read_integer(ifindex ? ifindex : json, what, entry->value, 4, entry->diag);
	if (err || !prog)
		return err;
	if (size < 8)
		return diag_fail(entry->diag, -EINVAL,
				 "%s: values of map %s have 4 bytes, too few to hold a program",
				 what, entry->map->def.name);
	err = read_program(entry, prog, what, &id);
	memcpy(entry->value + 4, &id, sizeof(id));
	return err;
}

static int read_one_value(const struct entry *entry, const json_t *json, const char *what, u8 *to)
{
	u32 type = entry->map->def.type, id = 0;
	const char *name = json_string_value(json);
	int err;

	if (name && (holds_programs(type) || map_type_is_nested(type))) {
		err = holds_programs(type) ? read_program(entry, name, what, &id)
					   : read_inner_map(entry, name, what, &id);
		memcpy(to, &id, sizeof(id));
		return err;
	}
	if (holds_devices(type))
		return read_device(entry, json, what);
	return read_datum(entry, json, entry->map->btf_value_type_id, what, to,
			  entry->map->def.value_size);
}

/* "values": [{"cpu": N, "value": ..}, ..]: CPUs that are absent stay zero */
static int read_cpu_values(const struct entry *entry, const json_t *values, const char *what)
{
	size_t nr;
	json_t *item;

	if (!map_type_is_percpu(entry->map->def.type))
		return diag_fail(entry->diag, -EINVAL, "%s: map %s is not per-CPU; use \"value\"",
				 what, entry->map->def.name);
	json_array_foreach((json_t *)values, nr, item)
	{
		u32 cpu = 0;
		int err;

		if (!json_object_get(item, "cpu") || !json_object_get(item, "value"))
			return diag_fail(entry->diag, -EINVAL,
					 "%s: element %zu is no {\"cpu\": N, \"value\": ..}", what,
					 nr + 1);
		err = typed_read_integer(json_object_get(item, "cpu"), what, &cpu, sizeof(cpu),
					 entry->diag);
		if (err)
			return err;
		if (cpu >= entry->map->nr_cpus)
			return diag_fail(entry->diag, -ERANGE,
					 "%s: there is no CPU %u, only 0 to %u", what, cpu,
					 entry->map->nr_cpus - 1);
		err = read_one_value(entry, json_object_get(item, "value"), what,
				     entry->value + (size_t)cpu * entry->map->value_stride);
		if (err)
			return err;
	}
	return 0;
}

static int read_value(const struct entry *entry, const json_t *json, const char *what)
{
	const json_t *values = json_object_get(json, "values");
	u32 stride = entry->map->value_stride;
	int err;

	if (values)
		return read_cpu_values(entry, values, what);
	err = read_one_value(entry, json_object_get(json, "value"), what, entry->value);
	for (u32 cpu = 1; !err && cpu < entry->map->nr_cpus; cpu++)
		memcpy(entry->value + (size_t)cpu * stride, entry->value, stride);
	return err;
}

/* What an update's errno means, in words. */
static const char *update_problem(const struct skep_map *map, int err)
{
	switch (err) {
	case -E2BIG:
		return map->def.type == SKEP_MAP_HASH || map->def.type == SKEP_MAP_PERCPU_HASH ||
				       map->def.type == SKEP_MAP_DEVMAP_HASH
			       ? "the map is full"
			       : "the index is beyond the last entry";
	case -EPERM:
		return "the map may not be written";
	case -EINVAL:
		return "the map does not take this value";
	default:
		return strerror(-err);
	}
}

static int update(const struct entry *entry)
{
	int err = skep_map_update(entry->map, entry->key, entry->value, SKEP_ANY);

	if (err)
		diag_fail(entry->diag, err, "entry %zu of %s: map %s (max_entries %u): %s",
			  entry->nr + 1, entry->fill->path, entry->map->def.name,
			  entry->map->def.max_entries, update_problem(entry->map, err));
	return err;
}

/* Only global data keeps what an entry does not mention. */
static void start_value(const struct entry *entry)
{
	memset(entry->value, 0, skep_map_value_bytes(entry->map));
	if (entry->fill->def->kind != OBJECT_MAP_USER)
		skep_map_lookup(entry->map, entry->key, entry->value);
}

/* Keys already given, in hexadecimal, with the number of their entry: is this one among them? */
static int check_twice(const struct entry *entry, json_t *seen)
{
	struct buf hex = {0};
	json_t *before;
	int err = 0;

	for (u32 i = 0; i < entry->map->def.key_size; i++)
		buf_printf(&hex, "%02x", entry->key[i]);
	before = json_object_get(seen, buf_text(&hex));
	if (before)
		err = diag_fail(entry->diag, -EEXIST,
				"entry %zu of %s has the same key as entry %" JSON_INTEGER_FORMAT,
				entry->nr + 1, entry->fill->path, json_integer_value(before));
	else
		json_object_set_new(seen, buf_text(&hex), json_integer((json_int_t)entry->nr + 1));
	buf_free(&hex);
	return err;
}

static int apply_entry(const struct entry *entry, const json_t *json, json_t *seen)
{
	const struct skep_map_def *def = &entry->map->def;
	char what[SKEP_NAME_MAX + 64];
	int err;

	memset(entry->key, 0, def->key_size);
	snprintf(what, sizeof(what), "entry %zu: the key of map %s", entry->nr + 1, def->name);
	err = read_datum(entry, json_object_get(json, "key"), entry->map->btf_key_type_id, what,
			 entry->key, def->key_size);
	err = err ?: check_twice(entry, seen);
	if (err)
		return err;
	snprintf(what, sizeof(what), "entry %zu: the value of map %s", entry->nr + 1, def->name);
	start_value(entry);
	err = read_value(entry, json, what);
	return err ?: update(entry);
}

int map_fill_apply(const struct map_fill *fill, struct skep_map *map, const struct loaded *loaded,
		   struct skep_diag *diag)
{
	struct entry entry = {.fill = fill, .map = map, .loaded = loaded, .diag = diag};
	json_t *seen = json_object(), *json;
	int err = 0;

	entry.key = calloc(1, (size_t)map->def.key_size + 1);
	entry.value = calloc(1, skep_map_value_bytes(map) + 1);
	if (!entry.key || !entry.value || !seen)
		err = diag_fail(diag, -ENOMEM, "no memory to fill map %s", map->def.name);
	for (; !err && entry.nr < json_array_size(fill->entries); entry.nr++) {
		json = json_array_get(fill->entries, entry.nr);
		err = apply_entry(&entry, json, seen);
	}
	if (err) {
		diag_category(diag, "map");
		diag_object(diag, fill->path);
		diag_symbol(diag, map->def.name);
	}
	free(entry.key);
	free(entry.value);
	json_decref(seen);
	return err;
}

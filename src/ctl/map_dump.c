/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Maps as `bpftool map dump` prints them: see skep_map_dump() and map_dump.h.
 */
#include "ctl/map_dump.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "ctl/typed.h"
#include "map/map.h"
#include "skep/text.h"

/* bpftool breaks lines when a key or value is longer than this, or both than the second. */
#define LINE_BYTES 16
#define LINE_BYTES_BOTH 24

struct element {
	struct skep_map *map;
	u8 *key, *value;
	bool percpu;
	bool typed; /* BTF describes keys and values */
};

static bool map_is_typed(const struct skep_map *map)
{
	const struct skep_map_def *def = &map->def;

	if (!map->btf || !typed_fits(map->btf, map->btf_value_type_id, def->value_size))
		return false;
	return !map->btf_key_type_id || typed_fits(map->btf, map->btf_key_type_id, def->key_size);
}

static int element_init(struct element *element, struct skep_map *map)
{
	*element = (struct element){
		.map = map,
		.percpu = map_type_is_percpu(map->def.type),
		.typed = map_is_typed(map),
		.key = calloc(1, (size_t)map->def.key_size + 1),
		.value = calloc(1, skep_map_value_bytes(map) + 1),
	};
	if (element->key && element->value)
		return 0;
	free(element->key);
	free(element->value);
	return -ENOMEM;
}

static void element_free(struct element *element)
{
	free(element->key);
	free(element->value);
}

/* The next element that has a value; false after the last. `first`: start again. */
static bool element_next(struct element *element, bool first)
{
	const u8 *previous = first ? NULL : element->key;

	while (!skep_map_next_key(element->map, previous, element->key)) {
		if (!skep_map_lookup(element->map, element->key, element->value))
			return true;
		previous = element->key;
	}
	return false;
}

static const u8 *cpu_value(const struct element *element, u32 cpu)
{
	return element->value + (size_t)cpu * element->map->value_stride;
}

static void write_hex_bytes(const u8 *data, size_t size, struct json_writer *json)
{
	emit_begin_array(json);
	for (size_t i = 0; i < size; i++)
		emit_printf(json, "\"0x%02x\"", data[i]);
	emit_end_array(json);
}

static void write_value(const struct element *element, const u8 *value, bool typed,
			struct json_writer *json)
{
	const struct skep_map *map = element->map;

	if (typed)
		typed_write(map->btf, map->btf_value_type_id, value, map->def.value_size, json);
	else
		write_hex_bytes(value, map->def.value_size, json);
}

static void write_key(const struct element *element, bool typed, struct json_writer *json)
{
	const struct skep_map *map = element->map;

	if (typed && !map->btf_key_type_id)
		return;
	emit_name(json, "key");
	if (typed)
		typed_write(map->btf, map->btf_key_type_id, element->key, map->def.key_size, json);
	else
		write_hex_bytes(element->key, map->def.key_size, json);
}

/* "key": .., and "value": .. or "values": [{"cpu": 0, "value": ..}, ..] */
static void write_members(const struct element *element, bool typed, struct json_writer *json)
{
	write_key(element, typed, json);
	if (!element->percpu) {
		emit_name(json, "value");
		write_value(element, element->value, typed, json);
		return;
	}
	emit_name(json, "values");
	emit_begin_array(json);
	for (u32 cpu = 0; cpu < element->map->nr_cpus; cpu++) {
		emit_begin_object(json);
		emit_u64_member(json, "cpu", cpu);
		emit_name(json, "value");
		write_value(element, cpu_value(element, cpu), typed, json);
		emit_end_object(json);
	}
	emit_end_array(json);
}

bool map_has_more_than(struct skep_map *map, size_t limit)
{
	struct element element;
	const u8 *previous = NULL;
	size_t nr = 0;

	if (element_init(&element, map))
		return false;
	while (nr <= limit && !skep_map_next_key(map, previous, element.key)) {
		previous = element.key;
		nr++;
	}
	element_free(&element);
	return nr > limit;
}

int map_dump_json(struct skep_map *map, struct json_writer *json)
{
	struct element element;
	bool first = true;
	int err = element_init(&element, map);

	if (err)
		return err;
	emit_begin_array(json);
	for (; element_next(&element, first); first = false) {
		emit_begin_object(json);
		if (json->plain) {
			write_members(&element, true, json);
		} else {
			write_members(&element, false, json);
			if (element.typed) {
				emit_name(json, "formatted");
				emit_begin_object(json);
				write_members(&element, true, json);
				emit_end_object(json);
			}
		}
		emit_end_object(json);
	}
	emit_end_array(json);
	element_free(&element);
	return 0;
}

/* bpftool's hex dump: 16 bytes a line, a wider gap in the middle */
static void print_bytes(FILE *to, const u8 *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (i && i % 16 == 0)
			fputc('\n', to);
		else if (i && i % 8 == 0)
			fputs("  ", to);
		else if (i)
			fputc(' ', to);
		fprintf(to, "%02x", data[i]);
	}
}

static void print_element(const struct element *element, FILE *to)
{
	const struct skep_map_def *def = &element->map->def;
	bool broken = def->key_size > LINE_BYTES || def->value_size > LINE_BYTES;
	bool one_line = !broken && def->key_size + def->value_size <= LINE_BYTES_BOTH;

	fprintf(to, "key:%c", broken ? '\n' : ' ');
	print_bytes(to, element->key, def->key_size);
	fputs(one_line ? "  " : "\n", to);
	fprintf(to, "value:%c", broken ? '\n' : ' ');
	print_bytes(to, element->value, def->value_size);
	fputc('\n', to);
}

static void print_percpu_element(const struct element *element, FILE *to)
{
	const struct skep_map_def *def = &element->map->def;

	fputs("key:\n", to);
	print_bytes(to, element->key, def->key_size);
	fputc('\n', to);
	for (u32 cpu = 0; cpu < element->map->nr_cpus; cpu++) {
		fprintf(to, "value (CPU %02u):%c", cpu, def->value_size > LINE_BYTES ? '\n' : ' ');
		print_bytes(to, cpu_value(element, cpu), def->value_size);
		fputc('\n', to);
	}
}

static int dump_plain(struct skep_map *map, FILE *to)
{
	struct element element;
	bool first = true;
	u32 nr = 0;
	int err = element_init(&element, map);

	if (err)
		return err;
	for (; element_next(&element, first); first = false, nr++) {
		if (element.percpu)
			print_percpu_element(&element, to);
		else
			print_element(&element, to);
	}
	fprintf(to, "Found %u element%s\n", nr, nr == 1 ? "" : "s");
	element_free(&element);
	return 0;
}

int skep_map_dump(struct skep_map *map, FILE *to, uint32_t form)
{
	struct json_writer json = {.to = to, .pretty = form & SKEP_TEXT_PRETTY};
	int err;

	if (!(form & SKEP_TEXT_JSON)) {
		if (!map_is_typed(map))
			return dump_plain(map, to);
		json.pretty = json.plain = true;
	}
	err = map_dump_json(map, &json);
	fputc('\n', to);
	return err;
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What an object file holds, and what helpers there are, as text and JSON. Each row is written
 * once, by functions that both forms share where the form allows it.
 */
#include <bpf/libbpf.h>

#include "base/json_writer.h"
#include "insn/helper.h"
#include "object/object.h"
#include "skep/text.h"

const char *skep_version(void)
{
	return SKEP_VERSION;
}

/* bpftool's word for the type of a program. */
static const char *prog_type_name(const struct object_prog *prog)
{
	const char *name = prog->prog_type ? libbpf_bpf_prog_type_str(prog->prog_type) : NULL;

	return name ? name : "unspec";
}

static const char *map_type_word(const struct object_map *map)
{
	const char *name = skep_map_type_name(map->def.type);

	return name ? name : "unknown";
}

static void write_prog(const struct skep_object *object, const struct object_prog *prog,
		       struct json_writer *json)
{
	emit_begin_object(json);
	emit_string_member(json, "type", prog_type_name(prog));
	emit_string_member(json, "name", prog->name);
	emit_string_member(json, "section", prog->section);
	emit_string_member(json, "hook", skep_hook_name(prog->hook));
	emit_string_member(json, "license", object->license);
	emit_name(json, "gpl_compatible");
	emit_bool(json, object_is_gpl(object));
	emit_u64_member(json, "insns", prog->nr_insns);
	emit_u64_member(json, "bytes_xlated", prog->nr_insns * sizeof(struct skep_insn));
	emit_name(json, "functions");
	emit_begin_array(json);
	for (u32 i = 0; i < prog->nr_funcs; i++)
		emit_string(json, prog->funcs[i].name);
	emit_end_array(json);
	emit_name(json, "maps");
	emit_begin_array(json);
	for (size_t m = 0; m < object->nr_maps; m++)
		if (prog->uses_map[m])
			emit_string(json, object->maps[m].def.name);
	emit_end_array(json);
	if (prog->unsupported)
		emit_string_member(json, "unsupported", prog->unsupported);
	emit_end_object(json);
}

static void print_prog(const struct skep_object *object, const struct object_prog *prog, FILE *to)
{
	const char *comma = "  maps ";

	fprintf(to, "%s: %s  section %s  hook %s  license %s%s\n", prog->name, prog_type_name(prog),
		prog->section, skep_hook_name(prog->hook),
		object->license[0] ? object->license : "none",
		object_is_gpl(object) ? " (gpl compatible)" : "");
	fprintf(to, "\txlated %zuB  insns %u  functions %u",
		prog->nr_insns * sizeof(struct skep_insn), prog->nr_insns, prog->nr_funcs);
	for (size_t m = 0; m < object->nr_maps; m++) {
		if (!prog->uses_map[m])
			continue;
		fprintf(to, "%s%s", comma, object->maps[m].def.name);
		comma = ",";
	}
	fputc('\n', to);
	if (prog->unsupported)
		fprintf(to, "\tunsupported: %s\n", prog->unsupported);
}

void skep_prog_show(const struct skep_object *object, FILE *to, uint32_t form)
{
	struct json_writer json = {.to = to, .pretty = form & SKEP_TEXT_PRETTY};

	if (!(form & SKEP_TEXT_JSON)) {
		for (size_t p = 0; p < object->nr_progs; p++)
			print_prog(object, &object->progs[p], to);
		return;
	}
	emit_begin_array(&json);
	for (size_t p = 0; p < object->nr_progs; p++)
		write_prog(object, &object->progs[p], &json);
	emit_end_array(&json);
	fputc('\n', to);
}

static const char *slot_content(const struct skep_object *object, const struct object_slot *slot)
{
	return slot->is_prog ? object->progs[slot->index].name : object->maps[slot->index].def.name;
}

static void write_map(const struct skep_object *object, const struct object_map *map,
		      struct json_writer *json)
{
	emit_begin_object(json);
	emit_string_member(json, "type", map_type_word(map));
	emit_string_member(json, "name", map->def.name);
	emit_u64_member(json, "flags", map->def.map_flags);
	emit_u64_member(json, "bytes_key", map->def.key_size);
	emit_u64_member(json, "bytes_value", map->def.value_size);
	emit_u64_member(json, "max_entries", map->def.max_entries);
	if (map->section)
		emit_string_member(json, "section", map->section);
	if (map->pinning == OBJECT_PIN_BY_NAME)
		emit_string_member(json, "pinning", "by_name");
	if (map->inner)
		emit_string_member(json, "inner", map_type_word(map->inner));
	if (map->nr_slots) {
		emit_name(json, "slots");
		emit_begin_array(json);
		for (size_t s = 0; s < map->nr_slots; s++) {
			emit_begin_object(json);
			emit_u64_member(json, "key", map->slots[s].key);
			emit_string_member(json, map->slots[s].is_prog ? "prog" : "map",
					   slot_content(object, &map->slots[s]));
			emit_end_object(json);
		}
		emit_end_array(json);
	}
	emit_end_object(json);
}

static void print_map(const struct skep_object *object, const struct object_map *map, FILE *to)
{
	fprintf(to, "%s: %s  flags 0x%x\n", map->def.name, map_type_word(map), map->def.map_flags);
	fprintf(to, "\tkey %uB  value %uB  max_entries %u", map->def.key_size, map->def.value_size,
		map->def.max_entries);
	if (map->section)
		fprintf(to, "  section %s", map->section);
	if (map->pinning == OBJECT_PIN_BY_NAME)
		fputs("  pinning by_name", to);
	if (map->inner)
		fprintf(to, "  inner %s", map_type_word(map->inner));
	fputc('\n', to);
	for (size_t s = 0; s < map->nr_slots; s++)
		fprintf(to, "\tslot %u: %s\n", map->slots[s].key,
			slot_content(object, &map->slots[s]));
}

void skep_map_show(const struct skep_object *object, FILE *to, uint32_t form)
{
	struct json_writer json = {.to = to, .pretty = form & SKEP_TEXT_PRETTY};

	if (!(form & SKEP_TEXT_JSON)) {
		for (size_t m = 0; m < object->nr_maps; m++)
			print_map(object, &object->maps[m], to);
		return;
	}
	emit_begin_array(&json);
	for (size_t m = 0; m < object->nr_maps; m++)
		write_map(object, &object->maps[m], &json);
	emit_end_array(&json);
	fputc('\n', to);
}

static const char *helper_state(const struct helper_desc *helper)
{
	if (helper->flags & HELPER_IMPL)
		return "implemented";
	return helper->flags & HELPER_MEANINGLESS ? "meaningless" : "missing";
}

static void write_helper(const struct helper_desc *helper, struct json_writer *json)
{
	emit_begin_object(json);
	emit_u64_member(json, "id", helper->id);
	emit_string_member(json, "name", helper->name);
	emit_string_member(json, "state", helper_state(helper));
	emit_name(json, "gpl_only");
	emit_bool(json, helper->flags & HELPER_GPL);
	emit_name(json, "hooks");
	emit_begin_array(json);
	for (u32 hook = SKEP_HOOK_NONE + 1; hook < SKEP_HOOK_MAX; hook++)
		if (helper->hooks & 1u << hook)
			emit_string(json, skep_hook_name(hook));
	emit_end_array(json);
	emit_end_object(json);
}

static void print_helper(const struct helper_desc *helper, FILE *to)
{
	const char *comma = "";

	fprintf(to, "%4u  %-30s %-12s ", helper->id, helper->name, helper_state(helper));
	for (u32 hook = SKEP_HOOK_NONE + 1; hook < SKEP_HOOK_MAX; hook++) {
		if (!(helper->hooks & 1u << hook))
			continue;
		fprintf(to, "%s%s", comma, skep_hook_name(hook));
		comma = ", ";
	}
	fputc('\n', to);
}

void skep_helper_show(FILE *to, uint32_t form, bool implemented_only)
{
	struct json_writer json = {.to = to, .pretty = form & SKEP_TEXT_PRETTY};
	bool as_json = form & SKEP_TEXT_JSON;

	if (as_json)
		emit_begin_array(&json);
	for (u32 id = 1; id <= helper_count(); id++) {
		const struct helper_desc *helper = helper_find(id);

		if (implemented_only && !(helper->flags & HELPER_IMPL))
			continue;
		if (as_json)
			write_helper(helper, &json);
		else
			print_helper(helper, to);
	}
	if (as_json) {
		emit_end_array(&json);
		fputc('\n', to);
	}
}

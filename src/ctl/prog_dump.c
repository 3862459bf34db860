/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Listings of programs in an object file, in the layout of `bpftool prog dump`.
 */
#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_writer.h"
#include "ctl/names.h"
#include "insn/helper.h"
#include "insn/insn.h"
#include "object/object.h"
#include "skep/text.h"

struct listing {
	const struct skep_object *object;
	const struct object_prog *prog;
	bool with_source;
	struct buf text; /* of the instruction at hand */
};

static const char *name_helper(void *arg, s32 id)
{
	const struct helper_desc *helper = helper_find(id);

	return helper ? helper->name : NULL;
}

static const char *name_map(void *arg, s32 index)
{
	const struct skep_object *object = ((const struct listing *)arg)->object;

	return index >= 0 && (size_t)index < object->nr_maps ? object->maps[index].def.name : NULL;
}

/* The function that starts at an instruction, NULL when none does. */
static const char *name_func(void *arg, u32 insn)
{
	const struct object_prog *prog = ((const struct listing *)arg)->prog;

	for (u32 i = 0; i < prog->nr_funcs; i++)
		if (prog->funcs[i].insn == insn)
			return prog->funcs[i].name;
	return NULL;
}

/* "(b7) r0 = 2"; valid until the next call */
static const char *insn_text(struct listing *listing, u32 at)
{
	const struct insn_names names = {
		.helper = name_helper, .map = name_map, .func = name_func, .arg = listing};
	const struct object_prog *prog = listing->prog;

	listing->text.len = 0;
	buf_printf(&listing->text, "(%02x) ", prog->insns[at].code);
	if (insn_decode(&prog->insns[at]) == INSN_INVALID)
		listing->text.len = 0; /* insn_print() begins with the opcode itself */
	insn_print(&listing->text, prog->insns, prog->nr_insns, at, &names);
	return buf_text(&listing->text);
}

static u32 insn_slots(const struct skep_insn *insn)
{
	u8 slots = insn_descs[insn_decode(insn)].slots;

	return slots ? slots : 1;
}

/* The source line of an instruction when it is another one than that of the instruction before. */
static const struct object_line *new_line(const struct listing *listing, u32 at)
{
	const struct object_line *line = object_line_at(listing->prog, at);

	if (!line || !line->text[0])
		return NULL;
	return line->insn == at ? line : NULL;
}

static void print_prog(struct listing *listing, FILE *to)
{
	const struct object_prog *prog = listing->prog;

	for (u32 at = 0; at < prog->nr_insns; at += insn_slots(&prog->insns[at])) {
		const struct object_line *line = new_line(listing, at);
		const char *name = name_func(listing, at);

		if (name)
			fprintf(to, "%s:\n", name);
		if (listing->with_source && line)
			fprintf(to, "; %s\n", line->text + strspn(line->text, " \t"));
		fprintf(to, "%4u: %s\n", at, insn_text(listing, at));
	}
}

static void write_insn(struct listing *listing, u32 at, struct json_writer *json)
{
	const struct object_line *line = object_line_at(listing->prog, at);
	const char *name = name_func(listing, at);

	emit_begin_object(json);
	if (name)
		emit_string_member(json, "func", name);
	emit_u64_member(json, "insn", at);
	emit_string_member(json, "disasm", insn_text(listing, at));
	if (listing->with_source && line) {
		emit_string_member(json, "src", line->text + strspn(line->text, " \t"));
		emit_string_member(json, "file", line->file);
		emit_u64_member(json, "line", line->line);
	}
	emit_end_object(json);
}

static void write_prog(struct listing *listing, struct json_writer *json)
{
	const struct object_prog *prog = listing->prog;

	emit_begin_object(json);
	emit_string_member(json, "name", prog->name);
	emit_name(json, "insns");
	emit_begin_array(json);
	for (u32 at = 0; at < prog->nr_insns; at += insn_slots(&prog->insns[at]))
		write_insn(listing, at, json);
	emit_end_array(json);
	emit_end_object(json);
}

int skep_prog_dump(const struct skep_object *object, const char *prog, enum skep_listing kind,
		   FILE *to, uint32_t form, struct skep_diag *diag)
{
	struct listing listing = {.object = object, .with_source = kind == SKEP_LISTING_SOURCE};
	struct json_writer json = {.to = to, .pretty = form & SKEP_TEXT_PRETTY};
	int err;

	if (prog && !object_find_prog(object, prog))
		return names_no_prog(object, prog, diag);
	if (form & SKEP_TEXT_JSON)
		emit_begin_array(&json);
	for (size_t p = 0; p < object->nr_progs; p++) {
		listing.prog = &object->progs[p];
		if (prog && strcmp(listing.prog->name, prog))
			continue;
		if (form & SKEP_TEXT_JSON)
			write_prog(&listing, &json);
		else
			print_prog(&listing, to);
	}
	if (form & SKEP_TEXT_JSON) {
		emit_end_array(&json);
		fputc('\n', to);
	}
	err = listing.text.err;
	buf_free(&listing.text);
	return err;
}

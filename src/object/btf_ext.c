/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * .BTF.ext: which instructions belong to which function type and source line, and CO-RE
 * relocations.
 *
 * CO-RE adapts accesses of kernel structs to the running kernel. A network card has none, so the
 * object's own types are the truth: offsets, sizes and enum values stay as the compiler wrote
 * them, whatever is asked for exists, and a type id is that of the object's BTF. Accesses of the
 * hook's context (xdp_md, __sk_buff) come out right, because those structs are fixed uapi.
 *
 * A segment is a record size and then, for each ELF section, a name, a count and the records.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "object/opening.h"

struct ext_header {
	u16 magic;
	u8 version, flags;
	u32 hdr_len;
	struct {
		u32 off, len;
	} segments[3]; /* functions, lines, CO-RE; the last only with a longer header */
};
#define EXT_HEADER_SHORT offsetof(struct ext_header, segments[2])
#define BTF_EXT_MAGIC 0xeb9f

struct func_record {
	u32 off, type_id;
};

struct line_record {
	u32 off, file, text;
	u32 line_column; /* column in the low 10 bits */
};

struct core_record {
	u32 off, type_id, access, kind;
};

/* What CO-RE asks for: the kernel's enum bpf_core_relo_kind. */
enum core_kind {
	CORE_FIELD_BYTE_OFFSET,
	CORE_FIELD_BYTE_SIZE,
	CORE_FIELD_EXISTS,
	CORE_FIELD_SIGNED,
	CORE_FIELD_LSHIFT,
	CORE_FIELD_RSHIFT,
	CORE_TYPE_ID_LOCAL,
	CORE_TYPE_ID_TARGET,
	CORE_TYPE_EXISTS,
	CORE_TYPE_SIZE,
	CORE_ENUMVAL_EXISTS,
	CORE_ENUMVAL_VALUE,
	CORE_TYPE_MATCHES,
	CORE_KIND_MAX
};

/* One record, its place checked: insn lies in the section. */
struct ext_record {
	struct elf_section *section;
	u32 insn;
	const u8 *data;
	u32 at; /* byte offset in .BTF.ext, for messages */
};

struct segment {
	const char *what;
	u32 record_min;
	int (*record)(struct opening *o, const struct ext_record *record);
};

static int fail_ext(struct opening *o, u64 at, const char *what, const char *problem)
{
	return opening_fail(o, -EINVAL, spot_at(".BTF.ext", NULL, at),
			    "%s at 0x%" PRIx64 " of .BTF.ext %s", what, at, problem);
}

static u32 read_u32(const u8 *data)
{
	u32 value;

	memcpy(&value, data, sizeof(value));
	return value;
}

/* A string of the BTF; NULL when the offset lies outside. */
static const char *ext_string(const struct opening *o, u32 off)
{
	return btf__str_by_offset(o->object->btf, off);
}

static int func_read(struct opening *o, const struct ext_record *record)
{
	struct elf_section *section = record->section;
	struct func_record raw;

	memcpy(&raw, record->data, sizeof(raw));
	if (raw.type_id >= btf__type_cnt(o->object->btf) ||
	    !btf_is_func(btf__type_by_id(o->object->btf, raw.type_id)))
		return fail_ext(o, record->at, "function record",
				"names a type that is no function");
	section->notes = arena_grow(o->object->arena, section->notes, section->nr_notes,
				    &section->note_capacity, sizeof(*section->notes));
	if (!section->notes)
		return -ENOMEM;
	section->notes[section->nr_notes++] = (struct func_note){record->insn, raw.type_id};
	return 0;
}

static int line_read(struct opening *o, const struct ext_record *record)
{
	struct elf_section *section = record->section;
	struct line_record raw;
	const char *file, *text;

	memcpy(&raw, record->data, sizeof(raw));
	file = ext_string(o, raw.file);
	text = ext_string(o, raw.text);
	if (!file || !text)
		return fail_ext(o, record->at, "line record",
				"has a string outside the BTF strings");
	section->lines = arena_grow(o->object->arena, section->lines, section->nr_lines,
				    &section->line_capacity, sizeof(*section->lines));
	if (!section->lines)
		return -ENOMEM;
	section->lines[section->nr_lines++] = (struct object_line){
		.insn = record->insn,
		.line = raw.line_column >> 10,
		.column = raw.line_column & 0x3ff,
		.file = file,
		.text = text,
	};
	return 0;
}

static bool insn_is_wide_immediate(const struct skep_insn *insn)
{
	return insn->code == (SKEP_LD | SKEP_IMM | SKEP_DW);
}

/* Can the instruction carry a relocated number: an immediate, a memory offset, a wide immediate? */
static bool insn_takes_core(const struct elf_section *section, u32 insn)
{
	u8 code = section->insns[insn].code;

	switch (SKEP_CLASS(code)) {
	case SKEP_ALU:
	case SKEP_ALU64:
		return SKEP_SRC(code) == SKEP_K;
	case SKEP_LDX:
	case SKEP_ST:
	case SKEP_STX:
		return true;
	case SKEP_LD:
		return insn_is_wide_immediate(&section->insns[insn]) &&
		       insn + 1 < section->nr_insns;
	default:
		return false;
	}
}

/* Write a number into the instruction, if the kind of question has an answer of its own. */
static void core_apply(struct skep_insn *insn, const struct core_record *raw)
{
	u32 value;

	switch (raw->kind) {
	case CORE_FIELD_EXISTS:
	case CORE_TYPE_EXISTS:
	case CORE_TYPE_MATCHES:
	case CORE_ENUMVAL_EXISTS:
		value = 1;
		break;
	case CORE_TYPE_ID_LOCAL:
	case CORE_TYPE_ID_TARGET:
		value = raw->type_id;
		break;
	default:
		return;
	}
	insn[0].imm = (s32)value;
	if (insn_is_wide_immediate(insn))
		insn[1].imm = 0;
}

static int core_read(struct opening *o, const struct ext_record *record)
{
	struct core_record raw;

	memcpy(&raw, record->data, sizeof(raw));
	if (raw.kind >= CORE_KIND_MAX)
		return opening_fail(o, -EOPNOTSUPP,
				    spot_at(record->section->name, NULL, record->insn * 8),
				    "CO-RE relocation of instruction %u is of unknown kind %u",
				    record->insn, raw.kind);
	if (!raw.type_id || raw.type_id >= btf__type_cnt(o->object->btf))
		return fail_ext(o, record->at, "CO-RE relocation",
				"names a type that does not exist");
	if (!ext_string(o, raw.access))
		return fail_ext(o, record->at, "CO-RE relocation",
				"has a string outside the BTF strings");
	if (!insn_takes_core(record->section, record->insn))
		return opening_fail(o, -EINVAL,
				    spot_at(record->section->name, NULL, record->insn * 8),
				    "CO-RE relocation of instruction %u, which holds no number",
				    record->insn);
	core_apply(&record->section->insns[record->insn], &raw);
	return 0;
}

static const struct segment segments[] = {
	{"function info", sizeof(struct func_record), func_read},
	{"line info", sizeof(struct line_record), line_read},
	{"CO-RE info", sizeof(struct core_record), core_read},
};

/* The records for one ELF section, which start at `at`. */
static int records_read(struct opening *o, const struct segment *segment, const char *name, u32 at,
			u32 count, u32 record_size)
{
	const u8 *data = o->sections[o->btf_ext].data;
	struct elf_section *section = elf_find_code(o, name);
	int err = 0;

	for (u32 i = 0; section && i < count && !err; i++, at += record_size) {
		struct ext_record record = {.section = section, .data = data + at, .at = at};
		u32 off = read_u32(record.data);

		if (off % sizeof(struct skep_insn) || off >= section->size)
			return opening_fail(o, -EINVAL, spot_at(".BTF.ext", name, at),
					    "%s names offset 0x%x, which is no instruction of "
					    "section '%s'",
					    segment->what, off, name);
		record.insn = off / sizeof(struct skep_insn);
		err = segment->record(o, &record);
	}
	return err;
}

/* One segment: bytes [at, end) of .BTF.ext, known to lie inside the section. */
static int segment_read(struct opening *o, const struct segment *segment, u32 at, u32 end)
{
	const u8 *data = o->sections[o->btf_ext].data;
	u32 record_size;

	if (at == end)
		return 0;
	if (end - at < sizeof(u32))
		return fail_ext(o, at, segment->what, "is cut off");
	record_size = read_u32(data + at);
	at += sizeof(u32);
	if (record_size < segment->record_min || record_size % 4)
		return fail_ext(o, at, segment->what, "has records of an impossible size");
	while (at < end) {
		u32 count, start = at;
		const char *name;
		int err;

		if (end - at < 2 * sizeof(u32))
			return fail_ext(o, at, segment->what, "is cut off");
		name = ext_string(o, read_u32(data + at));
		count = read_u32(data + at + sizeof(u32));
		at += 2 * sizeof(u32);
		if (!name)
			return fail_ext(o, start, segment->what,
					"has a section name outside the BTF strings");
		if (!count || (u64)count * record_size > end - at)
			return fail_ext(o, start, segment->what,
					"claims more records than there are, or none");
		err = records_read(o, segment, name, at, count, record_size);
		if (err)
			return err;
		at += count * record_size;
	}
	return 0;
}

static int header_read(struct opening *o, struct ext_header *header)
{
	const struct elf_section *section = &o->sections[o->btf_ext];

	*header = (struct ext_header){0};
	if (section->size < EXT_HEADER_SHORT || section->size > UINT32_MAX || !section->data)
		return fail_ext(o, 0, "header", "is cut off");
	memcpy(header, section->data, EXT_HEADER_SHORT);
	if (header->magic != BTF_EXT_MAGIC || header->version != BTF_VERSION)
		return fail_ext(o, 0, "header", "has an unknown magic number or version");
	if (header->hdr_len < EXT_HEADER_SHORT || header->hdr_len > section->size ||
	    header->hdr_len % 4)
		return fail_ext(o, 0, "header", "claims an impossible length");
	if (header->hdr_len >= sizeof(*header))
		memcpy(header, section->data, sizeof(*header));
	for (size_t i = 0; i < ARRAY_SIZE(segments); i++) {
		u64 start = (u64)header->hdr_len + header->segments[i].off;

		if (header->segments[i].off % 4 || start + header->segments[i].len > section->size)
			return fail_ext(o, start, segments[i].what, "does not fit");
	}
	return 0;
}

static int compare_lines(const void *a, const void *b)
{
	const struct object_line *x = a, *y = b;

	return x->insn < y->insn ? -1 : x->insn > y->insn;
}

static int compare_notes(const void *a, const void *b)
{
	const struct func_note *x = a, *y = b;

	return x->insn < y->insn ? -1 : x->insn > y->insn;
}

/* Sort by instruction and keep one record for each. */
static void section_tidy(struct elf_section *section)
{
	size_t nr = 0;

	if (section->nr_notes)
		qsort(section->notes, section->nr_notes, sizeof(*section->notes), compare_notes);
	if (section->nr_lines)
		qsort(section->lines, section->nr_lines, sizeof(*section->lines), compare_lines);
	for (size_t i = 0; i < section->nr_lines; i++)
		if (!i || section->lines[i].insn != section->lines[nr - 1].insn)
			section->lines[nr++] = section->lines[i];
	section->nr_lines = nr;
}

/* Tell each function its BTF type. */
static void functions_note(struct opening *o)
{
	for (size_t i = 0; i < o->nr_functions; i++) {
		struct function *function = &o->functions[i];
		const struct elf_section *section = &o->sections[function->section];
		const struct func_note key = {.insn = function->first}, *note = NULL;
		const struct btf_type *type;

		if (section->nr_notes)
			note = bsearch(&key, section->notes, section->nr_notes, sizeof(key),
				       compare_notes);
		if (!note)
			continue;
		function->btf_type_id = note->type_id;
		type = btf__type_by_id(o->object->btf, note->type_id);
		function->btf_global = btf_vlen(type) == BTF_FUNC_GLOBAL;
	}
}

int btf_ext_read(struct opening *o)
{
	const struct elf_section *section = &o->sections[o->btf_ext];
	struct ext_header header;
	int err;

	if (!o->btf_ext || !o->object->btf)
		return 0;
	err = header_read(o, &header);
	for (size_t i = 0; i < ARRAY_SIZE(segments) && !err; i++) {
		u32 start = header.hdr_len + header.segments[i].off;

		err = segment_read(o, &segments[i], start, start + header.segments[i].len);
	}
	if (err)
		return err;
	for (size_t i = 0; i < o->nr_code; i++)
		section_tidy(o->code[i]);
	functions_note(o);
	o->object->btf_ext = btf_ext__new(section->data, (u32)section->size);
	if (!o->object->btf_ext)
		return opening_fail(o, -errno, spot_in(section->name, NULL),
				    "libbpf cannot read .BTF.ext: %s", strerror(errno));
	return 0;
}

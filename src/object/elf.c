/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The ELF file itself: headers through libelf, everything they point at checked here.
 *
 * A section is used only after its bytes were found inside the file and apart from every other
 * section's, so that later steps can read data without asking again.
 */
#include <errno.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "object/opening.h"

#ifndef EM_BPF
#define EM_BPF 247
#endif
#ifndef SHT_LLVM_ADDRSIG
#define SHT_LLVM_ADDRSIG 0x6fff4c03
#endif

#define NAME_MAX_BYTES 4096

static void elf_release(Elf **elf)
{
	elf_end(*elf);
}

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* NAME or NAME.anything */
static bool is_or_under(const char *name, const char *stem)
{
	size_t len = strlen(stem);

	return has_prefix(name, stem) && (name[len] == '\0' || name[len] == '.');
}

static int fail_file(struct opening *o, const char *problem)
{
	return opening_fail(o, -EINVAL, NOWHERE, "'%s' %s", o->object->name, problem);
}

static int check_ident(struct opening *o)
{
	const u8 *ident = o->image;

	if (o->image_size < EI_NIDENT || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return fail_file(o, "is not an ELF file");
	if (ident[EI_CLASS] != ELFCLASS64)
		return fail_file(o, "is not a 64-bit ELF file");
	if (ident[EI_DATA] == ELFDATA2MSB)
		return fail_file(o, "is big-endian; compile it with -target bpfel");
	if (ident[EI_DATA] != ELFDATA2LSB)
		return fail_file(o, "has an unknown byte order");
	if (o->image_size < sizeof(Elf64_Ehdr))
		return fail_file(o, "ends inside the ELF header");
	return 0;
}

static int check_header(struct opening *o)
{
	Elf64_Ehdr header;
	u64 end;

	memcpy(&header, o->image, sizeof(header));
	if (header.e_machine != EM_BPF && header.e_machine != EM_NONE)
		return opening_fail(o, -EINVAL, NOWHERE,
				    "'%s' is not a BPF object: it is for machine %u, BPF is %u",
				    o->object->name, header.e_machine, EM_BPF);
	if (header.e_type != ET_REL)
		return fail_file(o, "is not a relocatable object (compile with -c, do not link)");
	if (!header.e_shoff)
		return fail_file(o, "has no sections");
	if (header.e_shentsize != sizeof(Elf64_Shdr))
		return opening_fail(o, -EINVAL, NOWHERE,
				    "section headers of '%s' are %u bytes, not %zu",
				    o->object->name, header.e_shentsize, sizeof(Elf64_Shdr));
	if (__builtin_add_overflow(header.e_shoff, (header.e_shnum ?: 1) * sizeof(Elf64_Shdr),
				   &end) ||
	    end > o->image_size)
		return opening_fail(o, -EINVAL, spot_at(NULL, NULL, header.e_shoff),
				    "the section headers of '%s' lie beyond its end (%zu bytes): "
				    "the file is truncated",
				    o->object->name, o->image_size);
	return 0;
}

/*
 * The string at an offset of a string table; NULL when it does not end inside, or only after
 * NAME_MAX_BYTES: names are compared often, and a hostile file could make that costly.
 */
static const char *string_at(const struct elf_section *table, u64 off)
{
	size_t max;

	if (table->type != SHT_STRTAB || !table->data || off >= table->size)
		return NULL;
	max = table->size - off < NAME_MAX_BYTES ? table->size - off : NAME_MAX_BYTES;
	if (!memchr(table->data + off, 0, max))
		return NULL;
	return (const char *)table->data + off;
}

static int section_read(struct opening *o, Elf *elf, u32 number)
{
	struct elf_section *section = &o->sections[number];
	Elf_Scn *scn = elf_getscn(elf, number);
	GElf_Shdr header;
	u64 end;

	if (!scn || !gelf_getshdr(scn, &header))
		return opening_fail(o, -EINVAL, NOWHERE, "cannot read the header of section %u: %s",
				    number, elf_errmsg(-1));
	*section = (struct elf_section){.name = "",
					.number = number,
					.type = header.sh_type,
					.link = header.sh_link,
					.info = header.sh_info,
					.flags = header.sh_flags,
					.size = header.sh_size,
					.entsize = header.sh_entsize,
					.offset = header.sh_offset};
	if (section->type == SHT_NOBITS || section->type == SHT_NULL || !section->size)
		return 0;
	if (__builtin_add_overflow(section->offset, section->size, &end) || end > o->image_size)
		return opening_fail(o, -EINVAL, spot_at(NULL, NULL, section->offset),
				    "section %u claims 0x%" PRIx64 " bytes at 0x%" PRIx64
				    " of a file of 0x%zx bytes",
				    number, section->size, section->offset, o->image_size);
	section->data = o->image + section->offset;
	return 0;
}

/* What a relocation section relocates must be there; 0, nothing, is for linked files. */
static int check_relocated(struct opening *o)
{
	for (u32 i = 1; i < o->nr_sections; i++) {
		const struct elf_section *section = &o->sections[i];

		if ((section->type == SHT_REL || section->type == SHT_RELA) &&
		    section->info >= o->nr_sections)
			return opening_fail(o, -EINVAL,
					    spot_at(section->name, NULL, section->offset),
					    "'%s' relocates section %u of %u", section->name,
					    section->info, o->nr_sections);
	}
	return 0;
}

static int sections_read(struct opening *o, Elf *elf)
{
	size_t nr, names;
	int err = 0;

	if (elf_getshdrnum(elf, &nr) || elf_getshdrstrndx(elf, &names))
		return opening_fail(o, -EINVAL, NOWHERE, "cannot read the sections of '%s': %s",
				    o->object->name, elf_errmsg(-1));
	if (!nr || nr > o->image_size / sizeof(Elf64_Shdr) || names >= nr)
		return opening_fail(o, -EINVAL, NOWHERE,
				    "'%s' claims %zu sections, with names in section %zu",
				    o->object->name, nr, names);
	o->sections = arena_array(o->object->arena, nr, sizeof(*o->sections));
	if (!o->sections)
		return -ENOMEM;
	o->nr_sections = (u32)nr;
	o->sections[0].name = "";
	for (u32 i = 1; i < nr && !err; i++)
		err = section_read(o, elf, i);
	for (u32 i = 1; i < nr && !err; i++) {
		GElf_Shdr header;
		const char *name = NULL;

		if (gelf_getshdr(elf_getscn(elf, i), &header))
			name = string_at(&o->sections[names], header.sh_name);
		if (!name)
			return opening_fail(o, -EINVAL, NOWHERE, "section %u has no valid name", i);
		o->sections[i].name = name;
	}
	return err;
}

static int compare_offset(const void *a, const void *b)
{
	const struct elf_section *const *x = a, *const *y = b;

	return (*x)->offset < (*y)->offset ? -1 : (*x)->offset > (*y)->offset;
}

/* No two sections may share bytes, nor any with the ELF header. */
static int check_overlap(struct opening *o)
{
	struct elf_section **order = arena_array(o->object->arena, o->nr_sections, sizeof(*order));
	u64 end = sizeof(Elf64_Ehdr);
	const char *before = "the ELF header";
	size_t nr = 0;

	if (!order)
		return -ENOMEM;
	for (u32 i = 1; i < o->nr_sections; i++)
		if (o->sections[i].data)
			order[nr++] = &o->sections[i];
	qsort(order, nr, sizeof(*order), compare_offset);
	for (size_t i = 0; i < nr; i++) {
		if (order[i]->offset < end)
			return opening_fail(o, -EINVAL,
					    spot_at(order[i]->name, NULL, order[i]->offset),
					    "section '%s' overlaps %s in the file", order[i]->name,
					    before);
		end = order[i]->offset + order[i]->size;
		before = order[i]->name;
	}
	return 0;
}

/* Names and their roles, for sections with contents. */
static const struct {
	const char *name;
	enum section_role role;
} named_roles[] = {
	{"license", ROLE_LICENSE},
	{"version", ROLE_VERSION},
	{".maps", ROLE_MAPS},
	{"maps", ROLE_LEGACY_MAPS},
	{".BTF", ROLE_BTF},
	{".BTF.ext", ROLE_BTF_EXT},
	{".struct_ops", ROLE_STRUCT_OPS},
	{".struct_ops.link", ROLE_STRUCT_OPS},
	{"?.struct_ops", ROLE_STRUCT_OPS},
	{"?.struct_ops.link", ROLE_STRUCT_OPS},
};

static bool is_ignored(const struct elf_section *section)
{
	const char *name = section->name;

	if (section->type == SHT_STRTAB || section->type == SHT_SYMTAB ||
	    section->type == SHT_LLVM_ADDRSIG || section->type == SHT_NULL)
		return true;
	if (has_prefix(name, ".rel"))
		name += strlen(".rel");
	return has_prefix(name, ".debug_") || (name != section->name && has_prefix(name, ".BTF"));
}

static enum section_role section_role(const struct elf_section *section)
{
	const char *name = section->name;

	if (is_ignored(section))
		return ROLE_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(named_roles); i++)
		if (!strcmp(name, named_roles[i].name))
			return named_roles[i].role;
	if (has_prefix(name, "maps/"))
		return ROLE_LEGACY_MAPS;
	if (section->type == SHT_REL || section->type == SHT_RELA)
		return ROLE_RELOCATIONS;
	if (!section->size)
		return ROLE_NONE;
	if (section->type == SHT_NOBITS)
		return is_or_under(name, ".bss") ? ROLE_BSS : ROLE_NONE;
	if (section->type != SHT_PROGBITS)
		return ROLE_NONE;
	if (section->flags & SHF_EXECINSTR)
		return ROLE_CODE;
	if (is_or_under(name, ".data"))
		return ROLE_DATA;
	return is_or_under(name, ".rodata") ? ROLE_RODATA : ROLE_NONE;
}

/* Remember the one section of a kind. */
static int note_single(struct opening *o, const struct elf_section *section, u32 *number)
{
	if (*number)
		return opening_fail(o, -EINVAL, spot_in(section->name, NULL),
				    "there is more than one '%s' section", section->name);
	*number = section->number;
	return 0;
}

static int code_read(struct opening *o, struct elf_section *section)
{
	if (section->size % sizeof(struct skep_insn) || section->size > UINT32_MAX)
		return opening_fail(o, -EINVAL, spot_in(section->name, NULL),
				    "section '%s' has 0x%" PRIx64
				    " bytes, which is not a whole number of 8-byte instructions",
				    section->name, section->size);
	section->nr_insns = (u32)(section->size / sizeof(struct skep_insn));
	section->insns = arena_memdup(o->object->arena, section->data, section->size);
	if (!section->insns)
		return -ENOMEM;
	return strcmp(section->name, ".text") ? 0 : note_single(o, section, &o->text);
}

static int section_classify(struct opening *o, struct elf_section *section)
{
	section->role = section_role(section);
	if (section->role != ROLE_NONE && section->flags & SHF_COMPRESSED)
		return opening_fail(o, -EOPNOTSUPP, spot_in(section->name, NULL),
				    "section '%s' is compressed", section->name);
	switch (section->role) {
	case ROLE_CODE:
		return code_read(o, section);
	case ROLE_MAPS:
		return note_single(o, section, &o->maps);
	case ROLE_BTF:
		return note_single(o, section, &o->btf);
	case ROLE_BTF_EXT:
		return note_single(o, section, &o->btf_ext);
	default:
		return 0;
	}
}

static int symbol_read(struct opening *o, const struct elf_section *table, u32 number)
{
	const struct elf_section *strings = &o->sections[table->link];
	struct elf_symbol *symbol = &o->symbols[number];
	Elf64_Sym raw;

	memcpy(&raw, table->data + number * sizeof(raw), sizeof(raw));
	*symbol = (struct elf_symbol){.name = string_at(strings, raw.st_name),
				      .bind = ELF64_ST_BIND(raw.st_info),
				      .type = ELF64_ST_TYPE(raw.st_info),
				      .visibility = ELF64_ST_VISIBILITY(raw.st_other),
				      .section = raw.st_shndx,
				      .value = raw.st_value,
				      .size = raw.st_size,
				      .external = -1};
	if (!symbol->name)
		return opening_fail(
			o, -EINVAL, spot_in(table->name, NULL),
			"symbol %u has its name at 0x%x, where section '%s' has no string of "
			"less than 4096 characters",
			number, raw.st_name, strings->name);
	if (raw.st_shndx < SHN_LORESERVE && raw.st_shndx >= o->nr_sections)
		return opening_fail(o, -EINVAL, spot_in(table->name, symbol->name),
				    "symbol %u '%s' is in section %u of %u", number, symbol->name,
				    raw.st_shndx, o->nr_sections);
	if (symbol->type == STT_SECTION && !*symbol->name && raw.st_shndx < SHN_LORESERVE)
		symbol->name = o->sections[raw.st_shndx].name;
	return 0;
}

static int symbols_read(struct opening *o)
{
	const struct elf_section *table = NULL;
	int err = 0;

	for (u32 i = 1; i < o->nr_sections; i++) {
		if (o->sections[i].type != SHT_SYMTAB)
			continue;
		if (table)
			return fail_file(o, "has more than one symbol table");
		table = &o->sections[i];
	}
	if (!table || !table->data)
		return fail_file(o, "has no symbol table (a stripped file?)");
	if (table->entsize != sizeof(Elf64_Sym) || table->size % sizeof(Elf64_Sym))
		return opening_fail(o, -EINVAL, spot_in(table->name, NULL),
				    "the symbol table is not made of %zu-byte entries",
				    sizeof(Elf64_Sym));
	if (table->link >= o->nr_sections || o->sections[table->link].type != SHT_STRTAB)
		return opening_fail(o, -EINVAL, spot_in(table->name, NULL),
				    "the symbol table has its names in section %u, "
				    "which is no string table",
				    table->link);
	o->nr_symbols = (u32)(table->size / sizeof(Elf64_Sym));
	o->symbols = arena_array(o->object->arena, o->nr_symbols, sizeof(*o->symbols));
	if (!o->symbols)
		return -ENOMEM;
	for (u32 i = 0; i < o->nr_symbols && !err; i++)
		err = symbol_read(o, table, i);
	return err;
}

static int compare_names(const void *a, const void *b)
{
	const struct elf_section *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

static int compare_rel_tables(const void *a, const void *b)
{
	const struct elf_section *const *x = a, *const *y = b;

	if ((*x)->info != (*y)->info)
		return (*x)->info < (*y)->info ? -1 : 1;
	return (*x)->number < (*y)->number ? -1 : (*x)->number > (*y)->number;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct elf_symbol *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	if (order)
		return order;
	order = ((*x)->bind == STB_LOCAL) - ((*y)->bind == STB_LOCAL);
	return order ? order : *x < *y ? -1 : *x > *y;
}

/* Sorted lists, so that no lookup by name is linear in what the file chooses. */
static int index_names(struct opening *o)
{
	o->code = arena_array(o->object->arena, o->nr_sections, sizeof(*o->code));
	o->data_symbols = arena_array(o->object->arena, o->nr_symbols, sizeof(*o->data_symbols));
	o->named = arena_array(o->object->arena, o->nr_sections, sizeof(*o->named));
	o->rel_tables = arena_array(o->object->arena, o->nr_sections, sizeof(*o->rel_tables));
	if (!o->code || !o->named || !o->rel_tables || !o->data_symbols)
		return -ENOMEM;
	for (u32 i = 1; i < o->nr_sections; i++) {
		o->named[o->nr_named++] = &o->sections[i];
		if (o->sections[i].role == ROLE_CODE)
			o->code[o->nr_code++] = &o->sections[i];
		if (o->sections[i].role == ROLE_RELOCATIONS)
			o->rel_tables[o->nr_rel_tables++] = &o->sections[i];
	}
	qsort(o->code, o->nr_code, sizeof(*o->code), compare_names);
	qsort(o->named, o->nr_named, sizeof(*o->named), compare_names);
	qsort(o->rel_tables, o->nr_rel_tables, sizeof(*o->rel_tables), compare_rel_tables);
	for (u32 i = 0; i < o->nr_symbols; i++) {
		const struct elf_symbol *symbol = &o->symbols[i];

		if (symbol->section != SHN_UNDEF && symbol->section < SHN_LORESERVE &&
		    symbol->type == STT_OBJECT)
			o->data_symbols[o->nr_data_symbols++] = symbol;
	}
	qsort(o->data_symbols, o->nr_data_symbols, sizeof(*o->data_symbols), compare_symbols);
	return 0;
}

int elf_read(struct opening *o)
{
	_cleanup_(elf_release) Elf *elf = NULL;
	int err = check_ident(o);

	err = err ?: check_header(o);
	if (err)
		return err;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return opening_fail(o, -EINVAL, NOWHERE, "libelf: %s", elf_errmsg(-1));
	elf = elf_memory((char *)o->image, o->image_size);
	if (!elf)
		return opening_fail(o, -EINVAL, NOWHERE, "'%s' cannot be read as ELF: %s",
				    o->object->name, elf_errmsg(-1));
	err = sections_read(o, elf);
	err = err ?: check_relocated(o);
	err = err ?: check_overlap(o);
	for (u32 i = 1; i < o->nr_sections && !err; i++)
		err = section_classify(o, &o->sections[i]);
	err = err ?: symbols_read(o);
	return err ?: index_names(o);
}

static struct elf_section *find_named(struct elf_section **sorted, size_t nr, const char *name)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(sorted[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nr && !strcmp(sorted[low]->name, name) ? sorted[low] : NULL;
}

struct elf_section *elf_find_section(const struct opening *o, const char *name)
{
	return find_named(o->named, o->nr_named, name);
}

struct elf_section *elf_find_code(const struct opening *o, const char *name)
{
	return find_named(o->code, o->nr_code, name);
}

const struct elf_symbol *elf_find_data_symbol(const struct opening *o, const char *name)
{
	size_t low = 0, high = o->nr_data_symbols;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(o->data_symbols[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == o->nr_data_symbols || strcmp(o->data_symbols[low]->name, name) != 0)
		return NULL;
	return o->data_symbols[low];
}

static size_t rel_size(const struct elf_section *table)
{
	return table->type == SHT_RELA ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel);
}

static int rel_table_check(struct opening *o, const struct elf_section *table)
{
	if (table->entsize == rel_size(table) && !(table->size % rel_size(table)))
		return 0;
	return opening_fail(o, -EINVAL, spot_in(table->name, NULL),
			    "relocations of '%s' are not %zu-byte entries",
			    o->sections[table->info].name, rel_size(table));
}

static int rel_read(struct opening *o, const struct elf_section *table, size_t i,
		    struct elf_rel *rel)
{
	Elf64_Rela raw = {0};

	memcpy(&raw, table->data + i * rel_size(table), rel_size(table));
	if (ELF64_R_SYM(raw.r_info) >= o->nr_symbols)
		return opening_fail(o, -EINVAL, spot_at(table->name, NULL, raw.r_offset),
				    "relocation %zu of '%s' refers to symbol %" PRIu64 " of %u", i,
				    o->sections[table->info].name, (u64)ELF64_R_SYM(raw.r_info),
				    o->nr_symbols);
	*rel = (struct elf_rel){.table = table,
				.off = raw.r_offset,
				.type = (u32)ELF64_R_TYPE(raw.r_info),
				.symbol = (u32)ELF64_R_SYM(raw.r_info),
				.has_addend = table->type == SHT_RELA,
				.addend = raw.r_addend};
	return 0;
}

/* The first relocation table for a section, as a position in rel_tables. */
static size_t first_rel_table(const struct opening *o, u32 section)
{
	size_t low = 0, high = o->nr_rel_tables;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->rel_tables[middle]->info < section)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int elf_each_rel(struct opening *o, u32 section, elf_rel_fn *visit, void *arg)
{
	size_t i = first_rel_table(o, section);
	int err = 0;

	for (; i < o->nr_rel_tables && o->rel_tables[i]->info == section && !err; i++) {
		const struct elf_section *table = o->rel_tables[i];

		err = rel_table_check(o, table);
		for (size_t n = 0; !err && n < table->size / rel_size(table); n++) {
			struct elf_rel rel;

			err = rel_read(o, table, n, &rel);
			err = err ?: visit(o, &rel, arg);
		}
	}
	return err;
}

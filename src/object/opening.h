/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What is known of a file while it is opened: sections, symbols, functions, relocations. It all
 * lives on the object's arena, as does the file image, so names and data need no copies.
 *
 * Invariants once elf_read() has returned 0: a section's data lies inside the image; every
 * symbol's name is a terminated string; a symbol's section is below nr_sections or special.
 */
#ifndef SKEP_OBJECT_OPENING_H
#define SKEP_OBJECT_OPENING_H

#include <elf.h>

#include "base/types.h"
#include "object/object.h"

struct btf_type;
struct skep_diag;

/* More than any real object has; they bound what a hostile one can cost. */
#define OPENING_MAPS_MAX 4096
#define OPENING_PROGS_MAX 16384

enum section_role {
	ROLE_NONE, /* nothing a loader looks at */
	ROLE_CODE,
	ROLE_MAPS,        /* .maps */
	ROLE_LEGACY_MAPS, /* maps, maps/NAME */
	ROLE_DATA,
	ROLE_RODATA,
	ROLE_BSS,
	ROLE_STRUCT_OPS,
	ROLE_LICENSE,
	ROLE_VERSION,
	ROLE_BTF,
	ROLE_BTF_EXT,
	ROLE_RELOCATIONS,
};

#define INSN_BYTES sizeof(struct skep_insn)

static inline bool insn_is_call(const struct skep_insn *insn)
{
	return insn->code == (SKEP_JMP | SKEP_CALL);
}

static inline bool insn_is_wide(const struct skep_insn *insn)
{
	return insn->code == (SKEP_LD | SKEP_IMM | SKEP_DW);
}

/* One REL entry of a code section. */
struct reloc {
	u32 insn; /* in the section */
	u32 type; /* R_BPF_* */
	u32 symbol;
};

struct elf_section {
	const char *name;
	u32 number;
	enum section_role role;
	u32 type, link, info;
	u64 flags, size, entsize, offset;
	const u8 *data; /* NULL for SHT_NOBITS and empty sections */

	/* its maps: consecutive in object->maps, by offset */
	u32 first_map, nr_maps;

	/* ROLE_CODE */
	struct skep_insn *insns; /* writable copy */
	u32 nr_insns;
	bool has_functions;   /* STT_FUNC symbols */
	struct reloc *relocs; /* by insn */
	size_t nr_relocs;
	struct object_line *lines; /* by insn of the section */
	size_t nr_lines, line_capacity;
	struct func_note *notes; /* func_info, by insn of the section */
	size_t nr_notes, note_capacity;
};

/* One func_info record: the BTF type of the function that starts at an instruction. */
struct func_note {
	u32 insn, type_id;
};

struct elf_symbol {
	const char *name; /* the section's name for a section symbol */
	u8 bind, type, visibility;
	u32 section; /* SHN_* when special */
	u64 value, size;
	s32 external; /* index into opening->externs, -1 = none */
};

/* A STT_FUNC symbol: a program when is_entry, else a subprogram. */
struct function {
	const char *name;
	u32 section, first, nr; /* instructions of the section */
	bool is_local, is_hidden, is_entry;
	bool is_referred_to; /* by an instruction */
	u32 btf_type_id;
	bool btf_global; /* BTF gives it global linkage */
	u32 placed_in;   /* 1 + number of the program it was last linked into */
	u32 placed_at;   /* its first instruction there */
	s32 prog;        /* index into object->progs, -1 = not an entry */
};

/* A DATASEC of the BTF. */
struct datasec {
	const char *name;
	u32 id;
};

enum extern_kind { EXTERN_UNKNOWN, EXTERN_KSYM, EXTERN_KFUNC, EXTERN_KCONFIG };

struct external {
	const char *name;
	enum extern_kind kind;
	bool weak;
	u32 btf_id;
	u32 off; /* EXTERN_KCONFIG: in the .kconfig map */
	u32 size;
};

/* Where a map is in the file; parallel to object->maps. */
struct map_place {
	u32 section;
	u64 off;
	size_t slot_capacity; /* of the map's slots */
};

struct opening {
	struct skep_object *object;
	struct skep_diag *diag;
	const u8 *image;
	size_t image_size;
	struct elf_section *sections; /* [0] is ELF's null section */
	u32 nr_sections;
	struct elf_symbol *symbols;
	u32 nr_symbols;
	struct elf_section **code;              /* code sections by name, then number */
	struct elf_section **named;             /* all of them, likewise */
	const struct elf_symbol **data_symbols; /* by name, globals first */
	struct elf_section **rel_tables;        /* by the section they are for, then number */
	size_t nr_code, nr_named, nr_rel_tables, nr_data_symbols;
	u32 text, maps, btf, btf_ext; /* section numbers, 0 = absent */
	struct function *functions;   /* by section, then first instruction */
	size_t nr_functions;
	struct datasec *datasecs; /* by name */
	size_t nr_datasecs;
	struct external *externs;
	size_t nr_externs;
	struct map_place *places;
	size_t map_capacity, place_capacity, struct_ops_capacity;
	s32 kconfig_map;  /* -1 = none */
	u64 linked_insns; /* so far, over all programs */
};

/* Where a failure is; NULL and -1 are unknown. */
struct spot {
	const char *section, *symbol;
	s64 off;
};
#define NOWHERE ((struct spot){.off = -1})

static inline struct spot spot_in(const char *section, const char *symbol)
{
	return (struct spot){section, symbol, -1};
}

static inline struct spot spot_at(const char *section, const char *symbol, u64 off)
{
	return (struct spot){section, symbol, (s64)(off & INT64_MAX)};
}

/* Fail with words, in category "object", naming the file and the spot. Returns err. */
int opening_fail(struct opening *o, int err, struct spot spot, const char *fmt, ...) _printf_(4, 5);

/* elf.c: headers, sections and symbols of o->image. 0, -EINVAL with words, -ENOMEM. */
int elf_read(struct opening *o);
/* The section of that name with the lowest number, the first of all or of code. NULL = absent. */
struct elf_section *elf_find_section(const struct opening *o, const char *name);
struct elf_section *elf_find_code(const struct opening *o, const char *name);
/* The defined data symbol of that name, global ones first; NULL when absent. */
const struct elf_symbol *elf_find_data_symbol(const struct opening *o, const char *name);
/* One relocation of a section; table is the section that it stands in. */
struct elf_rel {
	const struct elf_section *table;
	u64 off;
	u32 type; /* R_BPF_* */
	u32 symbol;
	bool has_addend; /* RELA: here, not in the section */
	s64 addend;
};
typedef int elf_rel_fn(struct opening *o, const struct elf_rel *rel, void *arg);
/* Call visit for each relocation of a section in file order, until it returns non-zero. */
int elf_each_rel(struct opening *o, u32 section, elf_rel_fn *visit, void *arg);

/*
 * btf.c: .BTF into object->btf, with the section sizes and variable offsets that only the ELF file
 * knows filled in. btf_ext.c: .BTF.ext into the lines and function types of sections and
 * functions, and CO-RE relocations into their instructions.
 */
int btf_read(struct opening *o);
int btf_ext_read(struct opening *o);
/* Type after typedefs and modifiers, and its id; NULL when void. */
const struct btf_type *btf_skip(const struct opening *o, u32 id, u32 *ret_id);
/* A name in the BTF strings, "" when there is none. Never NULL. */
const char *btf_name(const struct opening *o, u32 name_off);
/* Id of the DATASEC of that name, 0 when absent. */
u32 btf_find_datasec(const struct opening *o, const char *name);

/* extern.c: undefined symbols. */
int extern_collect(struct opening *o);

/* maps.c, legacy.c, slots.c. Slots come last: they refer to programs. */
int maps_read(struct opening *o);
int legacy_maps_read(struct opening *o);
int slots_read(struct opening *o);
/* A new, zeroed map, whose address changes with the next one. 0, -E2BIG with words, -ENOMEM. */
int map_add(struct opening *o, u32 section, u64 off, struct object_map **ret);
/* Fill one slot of a map; slots_read() finds keys that are filled twice. 0 or -ENOMEM. */
int map_add_slot(struct opening *o, u32 map, const struct object_slot *slot);
/* Copy a name into a definition, cut at SKEP_NAME_MAX - 1. */
void map_set_name(struct object_map *map, const char *name);
/* The map at an offset of a section; -1 = none. */
s32 map_find_at(const struct opening *o, u32 section, u64 off);
/* The map that holds a section's global data; -1 = none. */
s32 map_find_data(const struct opening *o, u32 section);

/* function.c: function symbols, then the relocations of code sections. */
int functions_read(struct opening *o);
/* The function that contains an instruction of a section; NULL = none. */
struct function *function_at(const struct opening *o, u32 section, u64 insn);
/* The relocation of an instruction of a section; NULL = none. */
const struct reloc *reloc_at(const struct elf_section *section, u32 insn);

/* entry.c: set is_entry and prog of every function; relocations are known. */
int entries_choose(struct opening *o);

/* link.c: one object_prog per entry function. */
int link_programs(struct opening *o);

/* struct_ops.c: maps before linking, members after. */
int struct_ops_add_maps(struct opening *o);
int struct_ops_read(struct opening *o);

#endif

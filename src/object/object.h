/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What an ELF file says, after linking: programs as flat instruction arrays (subprograms
 * appended), map definitions with their initial contents, BTF, and where each instruction came
 * from. Everything hangs on the object's arena and lives until skep_object_close().
 *
 * Linked instructions refer to maps by index into object->maps: a wide immediate with src
 * SKEP_PSEUDO_MAP_IDX (imm = index) or SKEP_PSEUDO_MAP_IDX_VALUE (imm = index, second imm =
 * offset into the single value). Calls of subprograms are SKEP_CALL_LOCAL with imm relative to
 * the next slot; addresses of functions are SKEP_PSEUDO_FUNC wide immediates, imm likewise.
 *
 * Undefined symbols are kernel symbols, which a network card does not have. Weak variables are
 * zero. A call of an undefined function keeps SKEP_CALL_KFUNC, imm = index into object->externs
 * (weak ones are guarded by a test that is false, so that the call is never reached); a strong
 * variable keeps SKEP_PSEUDO_BTF_ID, imm likewise.
 */
#ifndef SKEP_OBJECT_OBJECT_H
#define SKEP_OBJECT_OBJECT_H

#include "base/types.h"
#include "skep/object.h"

struct arena;
struct btf;
struct btf_ext;

enum object_map_kind {
	OBJECT_MAP_USER,    /* .maps or legacy maps */
	OBJECT_MAP_DATA,    /* .data*: one value, initialised */
	OBJECT_MAP_RODATA,  /* .rodata*: the same, SKEP_F_RDONLY_PROG, frozen after load */
	OBJECT_MAP_BSS,     /* .bss*: zeroed */
	OBJECT_MAP_KCONFIG, /* only weak externs, all zero */
	OBJECT_MAP_STRUCT_OPS,
};

enum object_pinning {
	OBJECT_PIN_NONE = 0,
	OBJECT_PIN_BY_NAME = 1,
	OBJECT_PIN_REPLACE = 16, /* Cilium's: by name, in place of what is pinned there */
};

/* A slot that the object fills statically: { .values = { [key] = &prog_or_map } }. */
struct object_slot {
	u32 key;
	bool is_prog;
	u32 index; /* into object->progs or object->maps */
};

struct object_map {
	struct skep_map_def
		def; /* def.name: the symbol's, or ".rodata" etc. with libbpf's prefix */
	enum object_map_kind kind;
	enum object_pinning pinning;
	u32 btf_key_type_id, btf_value_type_id; /* 0 = unknown */
	u32 btf_datasec_id;                     /* of the section, for global data; 0 = none */
	const char *section;                    /* ELF section it comes from */
	struct object_map *inner;               /* template of a map-in-map; NULL = none */
	struct object_slot *slots;
	size_t nr_slots;
	const void *data; /* initial value (value_size bytes); NULL = zero */
};

/* Where instructions come from; sorted by insn. */
struct object_line {
	u32 insn;
	u32 line, column;
	const char *file; /* never NULL */
	const char *text; /* the source line, "" when not recorded */
};

struct object_func {
	u32 insn; /* first instruction, in the linked program */
	u32 nr_insns;
	const char *name;
	bool is_global;  /* linkage: verified on its own by its BTF signature */
	u32 btf_type_id; /* BTF_KIND_FUNC; 0 = unknown */
};

struct object_prog {
	const char *name;
	const char *section;       /* as written, e.g. "xdp.frags/devmap" */
	const char *attach_target; /* what follows the section's '/', or NULL */
	u32 prog_type;             /* enum bpf_prog_type, 0 = section name unknown */
	u32 expected_attach_type;  /* enum bpf_attach_type */
	enum skep_hook hook;       /* SKEP_HOOK_NONE when no NIC hook runs this type */
	bool frags;                /* xdp.frags */
	bool sleepable;
	bool autoload;           /* false for SEC("?...") */
	struct skep_insn *insns; /* linked */
	u32 nr_insns;
	struct object_func *funcs; /* [0] is the program itself; by insn */
	u32 nr_funcs;
	struct object_line *lines;
	u32 nr_lines;
	bool *uses_map; /* [object->nr_maps]: referenced by an instruction */
	/*
	 * What it needs that no network card has ("it needs the kernel function 'x'"); NULL =
	 * nothing. Ask object_prog_check() before loading. unsupported_insn: where.
	 */
	const char *unsupported;
	u32 unsupported_insn;
};

/* One member of a struct_ops map that points at a program. */
struct object_struct_ops_member {
	const char *name;
	u32 off;  /* bytes into the map's data */
	s32 prog; /* index into object->progs, -1 = none */
};

struct object_struct_ops {
	u32 map; /* index into object->maps */
	const char *type_name;
	u32 btf_type_id;
	bool link; /* .struct_ops.link */
	struct object_struct_ops_member *members;
	size_t nr_members;
};

struct skep_object {
	struct arena *arena;
	const char *name;    /* file name as the user gave it */
	const char *license; /* "" when the object has none */
	u32 kern_version;
	struct btf *btf;         /* NULL when absent */
	struct btf_ext *btf_ext; /* NULL when absent */
	struct object_map *maps;
	size_t nr_maps;
	struct object_prog *progs;
	size_t nr_progs;
	struct object_struct_ops *struct_ops;
	size_t nr_struct_ops;
	const char **externs; /* undefined symbols, by name */
	size_t nr_externs;
};

/*
 * May a network card run the program? 0, or -EOPNOTSUPP with words when it needs a kernel symbol
 * or its type belongs to no network hook. A program whose section name is unknown passes: its
 * hook is the caller's choice.
 */
int object_prog_check(const struct skep_object *object, const struct object_prog *prog,
		      struct skep_diag *diag);

/* By name; NULL when absent. */
struct object_prog *object_find_prog(const struct skep_object *object, const char *name);
struct object_map *object_find_map(const struct skep_object *object, const char *name);
/* The line an instruction comes from (the last one at or before it), NULL when unknown. */
const struct object_line *object_line_at(const struct object_prog *prog, u32 insn);
/* The function an instruction belongs to; never NULL for an instruction inside the program. */
const struct object_func *object_func_at(const struct object_prog *prog, u32 insn);
/* Is the licence one that may call GPL-only helpers (the kernel's license_is_gpl_compatible)? */
bool object_is_gpl(const struct skep_object *object);

#endif

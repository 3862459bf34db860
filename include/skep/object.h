/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * An object: an ELF file from clang or gcc with programs, map definitions, BTF and global data.
 * Opening an object needs no privilege and creates nothing; see skep/load.h for that.
 */
#ifndef SKEP_OBJECT_H
#define SKEP_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "skep/hook.h"
#include "skep/insn.h"
#include "skep/map.h"

#ifdef __cplusplus
extern "C" {
#endif

struct skep_object;
struct btf; /* libbpf's */

/*
 * Read and link an object. Returns 0 and *ret (free with skep_object_close()), or -errno:
 * -ENOENT/-EACCES/... from open(2), -EINVAL for what is no BPF object or is broken,
 * -EOPNOTSUPP for a feature skep lacks; diag names section, symbol and offset.
 */
SKEP_API int skep_object_open(const char *path, struct skep_object **ret, struct skep_diag *diag);
/* The same for a file in memory; data is copied; name is what messages call it. */
SKEP_API int skep_object_open_mem(const void *data, size_t size, const char *name,
				  struct skep_object **ret, struct skep_diag *diag);
SKEP_API void skep_object_close(struct skep_object *object);

/* The object as a whole. What is returned lives until skep_object_close(). */
SKEP_API const char *skep_object_name(const struct skep_object *object);
SKEP_API const char *skep_object_license(const struct skep_object *object); /* "" = none */
SKEP_API bool skep_object_is_gpl(const struct skep_object *object);
SKEP_API uint32_t skep_object_kern_version(const struct skep_object *object); /* 0 = none */
/* For libbpf's btf__* functions; NULL = none. Data sections have their sizes and offsets. */
SKEP_API const struct btf *skep_object_btf(const struct skep_object *object);
SKEP_API size_t skep_object_nr_progs(const struct skep_object *object);
SKEP_API size_t skep_object_nr_maps(const struct skep_object *object);

/* "xdp", "sched_cls", ... as bpftool spells them; NULL for an unknown number. Static. */
SKEP_API const char *skep_prog_type_name(uint32_t type);

/*
 * Details. The caller sets sz to the size of its struct; fields that the library does not know
 * stay as they are. All return 0, or -ENOENT when there is no such index.
 */
struct skep_object_prog_info {
	size_t sz;
	const char *name;
	const char *section;       /* without a leading '?' */
	const char *attach_target; /* what follows the section's '/'; NULL = nothing */
	uint32_t type;             /* enum bpf_prog_type; 0 = the section name is unknown */
	const char *type_name;
	uint32_t attach_type; /* enum bpf_attach_type */
	enum skep_hook hook;  /* SKEP_HOOK_NONE = not for a network card, or unknown */
	bool frags;           /* may see packets in several buffers */
	bool sleepable;
	bool autoload;                 /* false for SEC("?...") */
	const char *unsupported;       /* what it needs that no network card has; NULL = nothing */
	const struct skep_insn *insns; /* linked: subprograms follow */
	uint32_t nr_insns;
	size_t nr_funcs, nr_lines;
};
SKEP_API int skep_object_prog(const struct skep_object *object, size_t index,
			      struct skep_object_prog_info *ret);

/* A function of a program; number 0 is the program itself. */
struct skep_object_func_info {
	size_t sz;
	const char *name;
	uint32_t insn, nr_insns; /* in the linked program */
	uint32_t btf_type_id;    /* 0 = unknown */
	bool is_global;
};
SKEP_API int skep_object_func(const struct skep_object *object, size_t prog, size_t index,
			      struct skep_object_func_info *ret);

/* A source line; it holds from insn up to the next one's. */
struct skep_object_line_info {
	size_t sz;
	uint32_t insn, line, column;
	const char *file;
	const char *text; /* "" = not recorded */
};
SKEP_API int skep_object_line(const struct skep_object *object, size_t prog, size_t index,
			      struct skep_object_line_info *ret);
/* The line of an instruction; -ENOENT when unknown. */
SKEP_API int skep_object_line_at(const struct skep_object *object, size_t prog, uint32_t insn,
				 struct skep_object_line_info *ret);

struct skep_object_map_info {
	size_t sz;
	const struct skep_map_def *def;
	const char *kind;    /* "map", "data", "rodata", "bss", "kconfig", "struct_ops" */
	const char *section; /* ELF section */
	bool pin_by_name;
	const struct skep_map_def *inner;            /* template of a map of maps; NULL = none */
	const void *data;                            /* initial value; NULL = zero */
	uint32_t btf_key_type_id, btf_value_type_id; /* 0 = unknown */
	size_t nr_slots;
};
SKEP_API int skep_object_map(const struct skep_object *object, size_t index,
			     struct skep_object_map_info *ret);
/*
 * Give a map that many entries, before it is loaded: some objects leave the number to those who
 * load them. -ENOENT when there is no such map, -EINVAL for 0, with words.
 */
SKEP_API int skep_object_resize_map(struct skep_object *object, const char *map,
				    uint32_t max_entries, struct skep_diag *diag);
SKEP_API bool skep_object_prog_uses_map(const struct skep_object *object, size_t prog, size_t map);

/* A slot that the object itself fills. */
struct skep_object_slot_info {
	size_t sz;
	uint32_t key;
	bool is_prog;
	size_t index; /* of the program or map */
	const char *name;
};
SKEP_API int skep_object_slot(const struct skep_object *object, size_t map, size_t index,
			      struct skep_object_slot_info *ret);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Maps, programs and helpers as text or JSON, in the forms of bpftool.
 */
#ifndef SKEP_TEXT_H
#define SKEP_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "skep/diag.h"
#include "skep/map.h"
#include "skep/object.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Forms of text: plain, or with these bits. */
#define SKEP_TEXT_JSON (1u << 0)
#define SKEP_TEXT_PRETTY (1u << 1) /* JSON over several lines */

/* The version of the library: "0.1.0". Static. */
SKEP_API const char *skep_version(void);

/*
 * A map's contents as `bpftool map dump` prints them: hexadecimal bytes, or with BTF values by
 * type; in JSON both. Returns 0 or -ENOMEM.
 */
SKEP_API int skep_map_dump(struct skep_map *map, FILE *to, uint32_t form);

enum skep_listing {
	SKEP_LISTING_XLATED, /* linked instructions */
	SKEP_LISTING_SOURCE, /* the same below the source lines they come from */
};

/*
 * The instructions of a program of the object, or of all when prog is NULL. Returns 0, or
 * -ENOENT with words that list the programs, or -ENOMEM.
 */
SKEP_API int skep_prog_dump(const struct skep_object *object, const char *prog,
			    enum skep_listing listing, FILE *to, uint32_t form,
			    struct skep_diag *diag);

/* The programs and the maps of an object file. */
SKEP_API void skep_prog_show(const struct skep_object *object, FILE *to, uint32_t form);
SKEP_API void skep_map_show(const struct skep_object *object, FILE *to, uint32_t form);

/* The helper functions of the uapi: number, name, whether skep implements them, and hooks. */
SKEP_API void skep_helper_show(FILE *to, uint32_t form, bool implemented_only);

#ifdef __cplusplus
}
#endif
#endif

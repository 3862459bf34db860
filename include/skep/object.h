/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * An object: an ELF file from clang or gcc with programs, map definitions, BTF and global data.
 * Opening an object needs no privilege and creates nothing; see skep/load.h for that.
 */
#ifndef SKEP_OBJECT_H
#define SKEP_OBJECT_H

#include <stddef.h>
#include <stdint.h>

#include "skep/hook.h"
#include "skep/insn.h"
#include "skep/map.h"

#ifdef __cplusplus
extern "C" {
#endif

struct skep_object;

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

#ifdef __cplusplus
}
#endif
#endif

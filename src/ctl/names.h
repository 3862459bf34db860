/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What there is, for messages about what there is not.
 */
#ifndef SKEP_CTL_NAMES_H
#define SKEP_CTL_NAMES_H

#include "object/object.h"

struct skep_diag;

/* Fail: the object has no such program or map; the words list those that it has. -ENOENT. */
int names_no_prog(const struct skep_object *object, const char *name, struct skep_diag *diag);
int names_no_map(const struct skep_object *object, const char *name, struct skep_diag *diag);

#endif

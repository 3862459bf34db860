/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a program asks of skep: refused before anything runs when skep does not have it.
 */
#ifndef SKEP_LOAD_CHECK_H
#define SKEP_LOAD_CHECK_H

#include "object/object.h"

struct skep_diag;

/* The program's name, section, instruction and source line go into a diag that has failed. */
void check_blame(const struct skep_object *object, const struct object_prog *prog, u32 insn,
		 struct skep_diag *diag);

/*
 * Can a network card run this program at `hook`: does each instruction decode, and is each helper
 * it calls known, implemented and allowed there? Returns 0 or -errno with words.
 */
int check_program(const struct skep_object *object, const struct object_prog *prog,
		  enum skep_hook hook, struct skep_diag *diag);

#endif

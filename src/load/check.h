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
 * Does the program need nothing that no network card has? Returns 0 or -errno with words.
 */
int check_program(const struct skep_object *object, const struct object_prog *prog,
		  struct skep_diag *diag);

/* When a helper is called at `at`: does skep have it? */
int check_helper(const struct object_prog *prog, u32 at, struct skep_diag *diag);

/*
 * For a program that is not verified: does skep have each helper that it calls, and do hook and
 * licence allow it?
 */
int check_helpers(const struct skep_object *object, const struct object_prog *prog,
		  enum skep_hook hook, struct skep_diag *diag);

#endif

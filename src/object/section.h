/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What a section name says about the programs in it (libbpf's SEC() convention).
 */
#ifndef SKEP_OBJECT_SECTION_H
#define SKEP_OBJECT_SECTION_H

#include "base/types.h"
#include "skep/hook.h"

enum prog_type {
#define PROG_TYPE(id, number, ...) PROG_TYPE_##id = number,
#include "object/section.def"
};

struct section_rule {
	const char *name;
	bool extra; /* "name/anything" matches too */
	u32 prog_type;
	u32 attach_type;
	enum skep_hook hook;
	bool frags, sleepable;
};

/* The rule for a section name without its '?'; NULL when libbpf knows none. Static. */
const struct section_rule *section_find_rule(const char *section);

/* The known name whose spelling is nearest, for "did you mean"; NULL when none is near. */
const char *section_suggest(const char *section);

#endif

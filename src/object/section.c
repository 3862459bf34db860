/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Lookups in section.def.
 */
#include "object/section.h"

#include <string.h>

#include "skep/object.h"

enum attach_type {
	ATTACH_NONE = 0, /* libbpf passes 0 where a type needs no attach type */
#define ATTACH(id, number) ATTACH_##id = number,
#include "object/section.def"
};

enum { EXACT = false, EXTRA = true };
enum { FRAGS = 1 << 0, SLEEPABLE = 1 << 1 };

static const struct section_rule rules[] = {
#define SECTION(text, match, type, attach, where, flags)                                           \
	{.name = text,                                                                             \
	 .extra = match,                                                                           \
	 .prog_type = PROG_TYPE_##type,                                                            \
	 .attach_type = ATTACH_##attach,                                                           \
	 .hook = SKEP_HOOK_##where,                                                                \
	 .frags = ((flags)&FRAGS) != 0,                                                            \
	 .sleepable = ((flags)&SLEEPABLE) != 0},
#include "object/section.def"
};

static const char *const type_names[] = {
#define PROG_TYPE(id, number, word) [number] = word,
#include "object/section.def"
};

static bool rule_matches(const struct section_rule *rule, const char *section)
{
	size_t len = strlen(rule->name);

	if (strncmp(section, rule->name, len) != 0)
		return false;
	return section[len] == '\0' || (rule->extra && section[len] == '/');
}

const struct section_rule *section_find_rule(const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (rule_matches(&rules[i], section))
			return &rules[i];
	return NULL;
}

/* How many leading characters two names share. */
static size_t common_prefix(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] && a[n] == b[n])
		n++;
	return n;
}

const char *section_suggest(const char *section)
{
	const char *best = NULL;
	size_t most = 2; /* two letters in common prove nothing */

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		size_t shared = common_prefix(rules[i].name, section);

		if (shared > most) {
			most = shared;
			best = rules[i].name;
		}
	}
	return best;
}

const char *skep_prog_type_name(uint32_t type)
{
	return type < ARRAY_SIZE(type_names) ? type_names[type] : NULL;
}

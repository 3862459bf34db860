/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Names of hooks and verdicts, from hook.def. */
#include "skep/hook.h"
#include "base/types.h"

struct verdict {
	enum skep_hook hook;
	s64 value;
	const char *name;
};

static const char *const hook_names[SKEP_HOOK_MAX] = {
#define HOOK(id, name) [SKEP_HOOK_##id] = name,
#include "insn/hook.def"
};

static const struct verdict verdicts[] = {
#define VERDICT(hook, value, name) {SKEP_HOOK_##hook, value, name},
#include "insn/hook.def"
};

const char *skep_hook_name(enum skep_hook hook)
{
	return (u32)hook < SKEP_HOOK_MAX ? hook_names[hook] : "?";
}

const char *skep_verdict_name(enum skep_hook hook, s64 value)
{
	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++) {
		if (verdicts[i].hook == hook && verdicts[i].value == value)
			return verdicts[i].name;
	}
	return NULL;
}

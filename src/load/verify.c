/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The input of the verifier is made here: what a program is by its section or by the caller's
 * word, and copies of the object's maps that say what the live maps are.
 */
#include "load/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/bpf.h>

#include "base/diag.h"
#include "load/check.h"
#include "map/map.h"
#include "target/target.h"

/* What counts beside the verifier's own rules. */
struct extra_rules {
	const struct load_verify *how;
	struct target_input input;
};

/* Asked when a path first reaches an instruction: what is dead needs neither body nor target. */
static int check_extra(void *arg, u32 at, struct skep_diag *diag)
{
	const struct extra_rules *rules = arg;
	const struct target *target = rules->how->target;
	int err = 0;

	if (!rules->how->any_helper)
		err = check_helper(rules->input.prog, at, diag);
	if (!err && target && target->check_insn)
		err = target->check_insn(&rules->input, at, diag);
	return err;
}

static u32 usual_type(enum skep_hook hook)
{
	static const u32 types[SKEP_HOOK_MAX] = {
		[SKEP_HOOK_XDP] = BPF_PROG_TYPE_XDP,
		[SKEP_HOOK_TC_INGRESS] = BPF_PROG_TYPE_SCHED_CLS,
		[SKEP_HOOK_TC_EGRESS] = BPF_PROG_TYPE_SCHED_CLS,
		[SKEP_HOOK_SOCKET] = BPF_PROG_TYPE_SOCKET_FILTER,
	};

	return types[hook];
}

static bool is_constant(const struct object_map *map)
{
	return map->kind == OBJECT_MAP_RODATA || map->kind == OBJECT_MAP_KCONFIG;
}

/* The object's maps with the sizes and constants of the live ones; NULL without memory. */
static struct object_map *copy_maps(const struct skep_object *object, struct skep_map *const *live)
{
	struct object_map *maps = calloc(object->nr_maps + 1, sizeof(*maps));
	u32 stride;

	for (size_t m = 0; maps && m < object->nr_maps; m++) {
		maps[m] = object->maps[m];
		if (!live || !live[m])
			continue;
		maps[m].def = live[m]->def;
		if (is_constant(&maps[m]) && live[m]->ops->direct)
			maps[m].data = live[m]->ops->direct(live[m], &stride);
	}
	return maps;
}

int load_verify(const struct skep_object *object, const struct object_prog *prog,
		const struct load_verify *how, struct verify_result *result, struct skep_diag *diag)
{
	struct object_map *maps = copy_maps(object, how->maps);
	struct extra_rules rules = {.how = how};
	struct verify_input in;
	int err;

	memset(result, 0, sizeof(*result));
	if (!maps)
		return diag_fail(diag, -ENOMEM, "out of memory while verifying %s", prog->name);
	verify_input_of(object, prog, &in);
	in.maps = maps;
	in.flags |= how->flags;
	in.log_level = how->log_level;
	if (!prog->prog_type) {
		in.hook = how->hook;
		in.prog_type = how->prog_type ? how->prog_type : usual_type(how->hook);
		in.expected_attach_type = how->attach_type;
	}
	rules.input = (struct target_input){.prog = prog,
					    .hook = in.hook,
					    .insns = in.insns,
					    .nr_insns = in.nr_insns,
					    .maps = (struct skep_map **)how->maps,
					    .nr_maps = how->maps ? (u32)object->nr_maps : 0};
	in.check_insn = check_extra;
	in.check_arg = &rules;
	err = verify_program(&in, result, diag);
	free(maps);
	diag_object(diag, object->name);
	diag_section(diag, prog->section);
	diag_symbol(diag, prog->name);
	return err;
}

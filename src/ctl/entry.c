/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where a run starts when nobody says so: see skep_run_entry().
 */
#include <errno.h>
#include <linux/bpf.h>

#include "base/buf.h"
#include "base/diag.h"
#include "object/object.h"
#include "skep/run.h"

/* Does a slot of some map name the program? */
static bool is_in_slot(const struct skep_object *object, u32 prog)
{
	for (size_t m = 0; m < object->nr_maps; m++)
		for (size_t s = 0; s < object->maps[m].nr_slots; s++)
			if (object->maps[m].slots[s].is_prog &&
			    object->maps[m].slots[s].index == prog)
				return true;
	return false;
}

/*
 * Programs of a devmap or cpumap entry run behind another program, never first; those of
 * SEC("?...") only when they are asked for.
 */
static bool can_be_entry(const struct object_prog *prog)
{
	return prog->autoload && prog->hook == SKEP_HOOK_XDP &&
	       prog->expected_attach_type != BPF_XDP_DEVMAP &&
	       prog->expected_attach_type != BPF_XDP_CPUMAP;
}

static const char *no_entry(const struct skep_object *object, u32 nr_candidates,
			    struct skep_diag *diag)
{
	struct buf names = {0};
	int err = nr_candidates ? -EINVAL : -ENOENT;
	u32 nr = 0;

	for (size_t p = 0; p < object->nr_progs; p++) {
		const struct object_prog *prog = &object->progs[p];

		if (!nr_candidates || can_be_entry(prog))
			buf_printf(&names, "%s%s (%s)", nr++ ? ", " : "", prog->name,
				   prog->section);
	}
	if (nr_candidates) {
		diag_fail(diag, err, "%s has %u XDP programs that a run could start with",
			  object->name, nr_candidates);
		diag_try(diag, "choose one with -P: %s", buf_text(&names));
		if (diag)
			diag->exit = SKEP_EXIT_USAGE;
	} else {
		diag_fail(diag, err, "%s has no XDP program; its programs: %s", object->name,
			  nr ? buf_text(&names) : "none");
	}
	diag_object(diag, object->name);
	buf_free(&names);
	return NULL;
}

const char *skep_run_entry(const struct skep_object *object, struct skep_diag *diag)
{
	const char *any = NULL, *outside = NULL;
	u32 nr_any = 0, nr_outside = 0;

	for (size_t p = 0; p < object->nr_progs; p++) {
		if (!can_be_entry(&object->progs[p]))
			continue;
		any = object->progs[p].name;
		nr_any++;
		if (is_in_slot(object, (u32)p))
			continue;
		outside = any;
		nr_outside++;
	}
	if (nr_any == 1)
		return any;
	if (nr_outside == 1)
		return outside;
	return no_entry(object, nr_any, diag);
}

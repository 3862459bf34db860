/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Runs of a verified record on the interpreter in checked mode, observed by the soundness oracle:
 * an access outside of what the program may reach, or a register outside of what the verifier
 * claims, is a wrong run, whatever the program returns.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/env.h"
#include "map/map.h"
#include "peer_packet.h"
#include "peers.h"
#include "records.h"
#include "target/interp/oracle.h"
#include "target/target.h"

static struct skep_map **create_maps(struct peer_program *program, const struct record *record,
				     struct skep_diag *diag)
{
	struct skep_map **live = calloc(program->nr_maps + 1, sizeof(*live));
	u32 key = 0;

	program->live = live;
	for (u32 i = 0; i < program->nr_maps; i++) {
		const struct object_map *map = &program->maps[i];
		int err = map->inner
				  ? map_create_nested(&map->def, &map->inner->def, &live[i], diag)
				  : map_create(&map->def, &live[i], diag);

		if (err)
			return NULL;
		if (record->maps[i].filled)
			skep_map_update(live[i], &key, record->maps[i].value, 0);
	}
	return live;
}

static enum skep_hook hook_of(u32 prog_type)
{
	return prog_type == 6   ? SKEP_HOOK_XDP
	       : prog_type == 1 ? SKEP_HOOK_SOCKET
				: SKEP_HOOK_TC_INGRESS;
}

static struct image *translate(struct peer_program *program, const char *name, u32 prog_type,
			       const struct skep_insn *insns, u32 nr_insns,
			       const struct verifier_facts *facts, struct skep_diag *diag)
{
	struct object_func func = {.name = name, .nr_insns = nr_insns};
	struct object_prog prog = {.name = name,
				   .insns = (struct skep_insn *)insns,
				   .nr_insns = nr_insns,
				   .funcs = &func,
				   .nr_funcs = 1};
	struct target_input in = {.prog = &prog,
				  .hook = hook_of(prog_type),
				  .insns = insns,
				  .nr_insns = nr_insns,
				  .maps = program->live,
				  .nr_maps = program->nr_maps,
				  .facts = facts,
				  .checked = true};
	struct image *image = NULL;

	return target_interp.translate(&in, &image, diag) ? NULL : image;
}

/* Programs in prog arrays refer to maps by the record's "fds", as its own instructions did. */
static int fill_prog_array(struct peer_program *program, const struct record *record, u32 map,
			   struct skep_diag *diag)
{
	const struct record_map *from = &record->maps[map];

	for (int i = 0; i < from->nr_slots; i++) {
		const struct record_prog *prog = &record->progs[from->slots[i].prog];
		struct skep_insn *insns = calloc(prog->nr_insns, sizeof(*insns));
		struct image *image;
		u32 id;

		memcpy(insns, prog->insns, prog->nr_insns * sizeof(*insns));
		for (u32 at = 0; at < prog->nr_insns; at++) {
			if (insns[at].code != (SKEP_LD | SKEP_IMM | SKEP_DW) || !insns[at].src)
				continue;
			insns[at].src = SKEP_PSEUDO_MAP_IDX;
			insns[at++].imm -= RECORD_FD_BASE;
		}
		image = translate(program, "slot", prog->prog_type, insns, prog->nr_insns, NULL,
				  diag);
		free(insns);
		if (!image)
			return skep_diag_error(diag);
		id = image->id;
		skep_map_update(program->live[map], &from->slots[i].key, &id, 0);
		image_put(image);
	}
	return 0;
}

static int prepare(struct peer_program *program, const struct record *record,
		   struct skep_diag *diag)
{
	if (program->image)
		return 0;
	if (!create_maps(program, record, diag))
		return skep_diag_error(diag);
	for (u32 i = 0; i < program->nr_maps; i++)
		if (record->maps[i].nr_slots && fill_prog_array(program, record, i, diag))
			return skep_diag_error(diag);
	program->image = translate(program, record->name, record->prog_type, program->insns,
				   record->nr_insns, program->result.facts, diag);
	return program->image ? 0 : skep_diag_error(diag);
}

static enum peer_run run_and_compare(struct peer_program *program, const struct record *record,
				     u32 run, struct skep_diag *diag)
{
	static struct peer_packet packet;
	struct oracle oracle = {.image = program->image,
				.facts = program->result.facts,
				.insns = program->insns,
				.maps = program->live,
				.nr_maps = program->nr_maps,
				.hook = hook_of(record->prog_type),
				.diag = diag};
	const struct interp_observer observer = {oracle_look, &oracle};
	struct helper_env env;
	u32 r0;

	if (!packet.memory && peer_packet_init(&packet)) {
		diag_fail(diag, -ENOMEM, "no packet memory");
		return PEER_RUN_WRONG;
	}
	peer_packet_fill(&packet, hook_of(record->prog_type), record->runs[run].data, RECORD_DATA);
	helper_env_init(&env, 1);
	helper_env = &env;
	r0 = (u32)interp_run_observed(program->image, &packet.ctx, &observer);
	helper_env = NULL;
	if (oracle.violations)
		return PEER_RUN_WRONG;
	if (env.aborted == TARGET_ABORT_HELPER)
		return PEER_RUN_SKIPPED;
	if (target_explain_abort(&env, diag))
		return PEER_RUN_WRONG;
	if (r0 == record->runs[run].retval || record->any_retval)
		return PEER_RUN_RIGHT;
	diag_fail(diag, -EINVAL, "returned %d (0x%x), not %d", (s32)r0, r0,
		  (s32)record->runs[run].retval);
	return PEER_RUN_WRONG;
}

enum peer_run peer_run(struct peer_program *program, const struct record *record, u32 run,
		       char *words, size_t size)
{
	struct skep_diag *diag = skep_diag_new();
	enum peer_run outcome;
	int err = prepare(program, record, diag);

	if (err == -EOPNOTSUPP)
		outcome = PEER_RUN_SKIPPED;
	else if (err)
		outcome = PEER_RUN_WRONG;
	else
		outcome = run_and_compare(program, record, run, diag);
	snprintf(words, size, "%s", skep_diag_problem(diag));
	skep_diag_free(diag);
	return outcome;
}

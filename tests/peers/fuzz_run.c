/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Random programs through skep. Maps are made once; each run starts from contents of its own. */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fuzz_peers.h"
#include "helper/env.h"
#include "map/map.h"
#include "peer_packet.h"
#include "target/interp/oracle.h"
#include "target/target.h"

/*
 * More than any program without callbacks here takes: these may loop 2^23 times, in each other, and
 * are then stopped.
 */
#define BUDGET (1u << 16)
#define HELPER_LOOP 181
/* Loops that the verifier must walk for longer are refused: programs a second are what counts. */
#define WALK_MAX 20000

static struct {
	struct object_map maps[FUZZ_MAPS];
	struct skep_map *live[FUZZ_MAPS];
	struct skep_map *progs[SKEP_HOOK_MAX]; /* a prog array belongs to one hook */
	struct image *slot[SKEP_HOOK_MAX];     /* what its first slot holds */
	struct peer_packet packet;
	struct helper_env env;
	struct btf *btf;
} bed;

/* What tail calls reach: a program that returns 1. */
static int fill_progs(enum skep_hook hook)
{
	static const struct skep_insn insns[] = {{.code = SKEP_ALU64 | SKEP_MOV, .imm = 1},
						 {.code = SKEP_JMP | SKEP_EXIT}};
	struct target_input in = {.hook = hook, .insns = insns, .nr_insns = 2, .checked = true};
	u32 key = 0;
	int err = map_create(&bed.maps[FUZZ_PROGS].def, &bed.progs[hook], NULL);

	if (!err)
		err = target_interp.translate(&in, &bed.slot[hook], NULL);
	return err ? err : skep_map_update(bed.progs[hook], &key, &bed.slot[hook]->id, 0);
}

int fuzz_run_init(void)
{
	static const enum skep_hook hooks[] = {SKEP_HOOK_XDP, SKEP_HOOK_TC_INGRESS,
					       SKEP_HOOK_SOCKET};
	u32 key = 0;
	int err = peer_packet_init(&bed.packet);

	for (u32 i = 0; i < FUZZ_MAPS && !err; i++) {
		struct skep_map_def *def = &bed.maps[i].def;

		snprintf(def->name, sizeof(def->name), "map%u", i);
		def->type = fuzz_maps[i].type;
		def->key_size = fuzz_maps[i].key_size;
		def->value_size = fuzz_maps[i].value_size;
		def->max_entries = fuzz_maps[i].max_entries;
		def->map_flags = fuzz_maps[i].flags;
		bed.maps[i].section = ".maps";
		if (i != FUZZ_PROGS)
			err = map_create(def, &bed.live[i], NULL);
	}
	for (u32 i = 0; i < ARRAY_SIZE(hooks) && !err; i++)
		err = fill_progs(hooks[i]);
	if (err)
		return err;
	bed.maps[FUZZ_FROZEN].kind = OBJECT_MAP_RODATA;
	bed.maps[FUZZ_FROZEN].data = fuzz_frozen_value;
	skep_map_update(bed.live[FUZZ_FROZEN], &key, fuzz_frozen_value, 0);
	skep_map_freeze(bed.live[FUZZ_FROZEN]);
	bed.btf = fuzz_btf();
	return bed.btf ? 0 : -ENOMEM;
}

void fuzz_run_exit(void)
{
	for (u32 i = 0; i < SKEP_HOOK_MAX; i++) {
		map_put(bed.progs[i]);
		image_put(bed.slot[i]);
	}
	for (u32 i = 0; i < FUZZ_MAPS; i++)
		if (i != FUZZ_PROGS)
			map_put(bed.live[i]);
	btf__free(bed.btf);
}

int fuzz_verify(const struct fuzz_program *program, u32 log_level, struct verify_result *result,
		struct skep_diag *diag)
{
	struct object_func funcs[FUZZ_FUNCS];
	struct verify_input in = {.name = "random",
				  .insns = program->insns,
				  .nr_insns = program->nr_insns,
				  .prog_type = program->prog_type,
				  .hook = program->hook,
				  .maps = bed.maps,
				  .nr_maps = FUZZ_MAPS,
				  .flags = program->flags,
				  .log_level = log_level,
				  .limits = {.insns = WALK_MAX}};

	for (u32 i = 0; i < program->nr_funcs; i++) {
		const struct fuzz_func *func = &program->funcs[i];
		u32 end = i + 1 < program->nr_funcs ? func[1].insn : program->nr_insns;

		funcs[i] = (struct object_func){.insn = func->insn,
						.nr_insns = end - func->insn,
						.name = i ? "function" : "program",
						.is_global = !i || func->is_global,
						.btf_type_id = !i                ? FUZZ_BTF_MAIN
							       : func->is_global ? FUZZ_BTF_GLOBAL
										 : FUZZ_BTF_STATIC};
	}
	if (program->nr_funcs > 1) {
		in.funcs = funcs;
		in.nr_funcs = program->nr_funcs;
		in.btf = bed.btf;
	}
	memset(result, 0, sizeof(*result));
	return verify_program(&in, result, diag);
}

static void fill_random(u8 *to, u32 size, u64 *random)
{
	memset(to, fuzz_chance(random, 70) ? 0 : 0xff, size);
	for (u32 i = 0; i < size; i += 4) {
		u32 pick = fuzz_below(random, 4);
		s64 value = pick == 0 ? fuzz_constant(random) : (s64)fuzz_random(random);
		u32 room = size - i < 4 ? size - i : 4;

		if (pick == 3)
			continue;
		if (pick == 2)
			value &= 0x0f;
		memcpy(to + i, &value, room);
	}
}

void fuzz_input(struct fuzz_input *input, u64 *random, bool plain)
{
	static const u16 sizes[] = {14, 15, 16, 20, 28, 34, 35,  42,
				    48, 54, 60, 64, 65, 78, 128, 1000};

	input->packet_size = sizes[fuzz_below(random, ARRAY_SIZE(sizes))];
	if (!plain && fuzz_chance(random, 20))
		input->packet_size = fuzz_below(random, 14);
	input->meta_size = plain ? 0 : 4 * fuzz_below(random, 9);
	fill_random(input->packet, input->packet_size < 128 ? input->packet_size : 128, random);
	if (input->packet_size > 128)
		memset(input->packet + 128, 0x5a, input->packet_size - 128);
	fill_random((u8 *)input->words, sizeof(input->words), random);
	fill_random(input->maps, sizeof(input->maps), random);
}

static void fill_maps(const struct fuzz_input *input)
{
	for (u32 key = 0; key < 4; key++)
		skep_map_update(bed.live[FUZZ_ARRAY], &key, input->maps + key * 64, 0);
	for (u64 key = 0; key < 6; key++) {
		if (input->maps[key] & 1)
			skep_map_update(bed.live[FUZZ_HASH], &key, input->maps + key * 8, 0);
		else
			skep_map_delete(bed.live[FUZZ_HASH], &key);
	}
	for (u32 key = 0; key < 1; key++)
		skep_map_update(bed.live[FUZZ_SINGLE], &key, input->maps + 256, 0);
}

static void fill_context(const struct fuzz_program *program, const struct fuzz_input *input)
{
	struct sk_buff_md *md = &bed.packet.ctx.skb.md;

	peer_packet_fill(&bed.packet, program->hook, input->packet, input->packet_size);
	if (program->hook == SKEP_HOOK_XDP) {
		struct xdp_md *xdp = &bed.packet.ctx.xdp.md;

		memset(bed.packet.memory + PACKET_HEADROOM - input->meta_size, 0x7f,
		       input->meta_size);
		xdp->data_meta -= input->meta_size;
		if (input->meta_size) { /* not a plain input */
			xdp->ingress_ifindex = input->words[0];
			xdp->rx_queue_index = input->words[1];
		}
		return;
	}
	md->data_meta -= input->meta_size;
	md->mark = input->words[0];
	md->queue_mapping = input->words[1] & 0xffff;
	md->priority = input->words[2];
	md->hash = input->words[3];
	memcpy(md->cb, &input->words[2], sizeof(md->cb));
	md->tstamp = (u64)input->words[4] << 32 | input->words[5];
	md->tc_index = input->words[6] & 0xffff;
}

struct image *fuzz_translate(const struct fuzz_program *program, const struct verifier_facts *facts,
			     struct skep_diag *diag)
{
	struct target_input in = {.hook = program->hook,
				  .insns = program->insns,
				  .nr_insns = program->nr_insns,
				  .maps = bed.live,
				  .nr_maps = FUZZ_MAPS,
				  .facts = facts,
				  .checked = true,
				  .budget = BUDGET};
	struct image *image = NULL;

	bed.live[FUZZ_PROGS] = bed.progs[program->hook];
	return target_interp.translate(&in, &image, diag) ? NULL : image;
}

/* Is it fine that the run took so long? */
static bool may_be_long(const struct fuzz_program *program)
{
	for (u32 i = 0; i < program->nr_insns; i++)
		if (program->insns[i].code == (SKEP_JMP | SKEP_CALL) &&
		    program->insns[i].src == SKEP_CALL_HELPER &&
		    program->insns[i].imm == HELPER_LOOP)
			return true;
	return false;
}

static void take_output(const struct fuzz_program *program, struct fuzz_output *output, u32 r0)
{
	const struct xdp_md *md = &bed.packet.ctx.xdp.md;

	output->r0 = r0;
	output->packet_size = md->data_end - md->data;
	if (output->packet_size <= sizeof(output->packet))
		memcpy(output->packet, (void *)(uintptr_t)md->data, output->packet_size);
	for (u32 key = 0; key < 4; key++)
		skep_map_lookup(bed.live[FUZZ_ARRAY], &key, output->maps + key * 64);
	skep_map_lookup(bed.live[FUZZ_SINGLE], &(u32){0}, output->maps + 256);
}

int fuzz_run(const struct fuzz_program *program, struct image *image,
	     const struct verifier_facts *facts, const struct fuzz_input *input,
	     struct fuzz_output *output, u64 *checks, struct skep_diag *diag)
{
	struct oracle oracle = {.image = image,
				.facts = facts,
				.insns = program->insns,
				.maps = bed.live,
				.nr_maps = FUZZ_MAPS,
				.hook = program->hook,
				.diag = diag};
	const struct interp_observer observer = {oracle_look, &oracle};
	u32 r0;

	fill_maps(input);
	fill_context(program, input);
	helper_env_init(&bed.env, input->words[7]);
	helper_env = &bed.env;
	r0 = (u32)interp_run_observed(image, &bed.packet.ctx, &observer);
	helper_env = NULL;
	*checks += oracle.checks;
	if (oracle.violations)
		return -ERANGE;
	if (bed.env.aborted == TARGET_ABORT_HELPER ||
	    (bed.env.aborted == TARGET_ABORT_BUDGET && may_be_long(program)))
		return 1;
	if (bed.env.aborted)
		return target_explain_abort(&bed.env, diag);
	if (output)
		take_output(program, output, r0);
	return 0;
}

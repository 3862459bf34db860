/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Cases on skep's own targets, through the same path as everything else: an object (from ELF, or
 * put together from the case's instructions), load_object(), image->run().
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "base/arena.h"
#include "base/cpu.h"
#include "base/diag.h"
#include "base/lowmem.h"
#include "helper/context.h"
#include "helper/env.h"
#include "insn/insn.h"
#include "load/load.h"
#include "map/map.h"
#include "target/interp/interp.h"
#include "target/interp/oracle.h"

#define TRACE_BYTES 65536
#define FRAME_BYTES 4096
#define ETHER_HEADER 14

/* enum bpf_prog_type of the uapi */
static const u32 prog_types[SKEP_HOOK_MAX] = {
	[SKEP_HOOK_XDP] = 6,
	[SKEP_HOOK_TC_INGRESS] = 3,
	[SKEP_HOOK_TC_EGRESS] = 3,
	[SKEP_HOOK_SOCKET] = 1,
};

struct session {
	const struct plan *plan;
	struct skep_object *object;
	struct skep_object made; /* object points here when there is no ELF */
	struct loaded *loaded;
	struct image *entry;        /* borrowed from loaded, but for plain memory */
	bool observed;              /* by the oracle */
	struct oracle *oracles;     /* [object->nr_progs]; facts NULL: not verified */
	struct skep_diag *surprise; /* words of the first claim that did not hold */
	struct helper_env env;
	void *frame;
	size_t frame_bytes;
};

static int fail_diag(struct failure *failure, int err, struct skep_diag *diag)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);

	failure->kind =
		skep_diag_exit(diag) == SKEP_EXIT_REJECTED ? FAILURE_REJECTED : FAILURE_REFUSED;
	failure->err = err;
	if (to) {
		skep_diag_print(diag, to);
		fclose(to);
	}
	snprintf(failure->text, sizeof(failure->text), "%s", text ?: "");
	free(text);
	return -1;
}

static int func_compare(const void *a, const void *b)
{
	const struct object_func *x = a, *y = b;

	return (x->insn > y->insn) - (x->insn < y->insn);
}

/* A function starts at slot 0 and wherever a local call or a function's address leads. */
static void funcs_find(struct object_prog *prog, struct arena *arena)
{
	u32 nr = 0;

	prog->funcs = arena_array(arena, prog->nr_insns + 1, sizeof(*prog->funcs));
	prog->funcs[nr++] = (struct object_func){.name = prog->name};
	for (u32 at = 0; at < prog->nr_insns; at++) {
		enum insn_id id = insn_decode(&prog->insns[at]);
		bool seen = false;
		s64 target;

		if (id != INSN_CALL_LOCAL && id != INSN_LD_FUNC)
			continue;
		target = insn_target(prog->insns, at);
		for (u32 i = 0; i < nr; i++)
			seen |= prog->funcs[i].insn == target;
		if (seen || target < 0 || target >= prog->nr_insns)
			continue;
		prog->funcs[nr++] = (struct object_func){
			.insn = target,
			.name = arena_printf(arena, "func_%u", (u32)target),
		};
	}
	qsort(prog->funcs, nr, sizeof(*prog->funcs), func_compare);
	for (u32 i = 0; i < nr; i++)
		prog->funcs[i].nr_insns = (i + 1 < nr ? prog->funcs[i + 1].insn : prog->nr_insns) -
					  prog->funcs[i].insn;
	prog->nr_funcs = nr;
}

static void prog_make(const struct plan *plan, const struct plan_prog *from,
		      struct object_prog *prog, struct arena *arena)
{
	prog->name = from->name;
	prog->section = skep_hook_name(plan->hook);
	prog->prog_type = prog_types[plan->hook];
	prog->hook = plan->hook;
	prog->autoload = true;
	prog->insns = from->insns;
	prog->nr_insns = from->nr_insns;
	prog->uses_map = arena_array(arena, plan->nr_maps + 1, sizeof(bool));
	for (u32 at = 0; at < prog->nr_insns; at++) {
		const struct skep_insn *insn = &prog->insns[at];
		enum insn_id id = insn_decode(insn);

		if ((id == INSN_LD_MAP_IDX || id == INSN_LD_MAP_IDX_VALUE) &&
		    (u32)insn->imm < plan->nr_maps)
			prog->uses_map[insn->imm] = true;
	}
	funcs_find(prog, arena);
}

/* An object as if it came from a file. */
static struct skep_object *object_make(const struct plan *plan, struct skep_object *object)
{
	struct arena *arena = arena_new();

	*object = (struct skep_object){.arena = arena, .name = "case", .license = plan->license};
	object->nr_maps = plan->nr_maps;
	object->maps = arena_array(arena, plan->nr_maps + 1, sizeof(*object->maps));
	for (size_t i = 0; i < plan->nr_maps; i++) {
		object->maps[i].def = plan->maps[i].def;
		object->maps[i].section = ".maps";
	}
	object->nr_progs = plan->nr_progs;
	object->progs = arena_array(arena, plan->nr_progs + 1, sizeof(*object->progs));
	for (size_t i = 0; i < plan->nr_progs; i++)
		prog_make(plan, &plan->progs[i], &object->progs[i], arena);
	return object;
}

/* A program on plain memory is no firmware: nothing loads it, it is only translated. */
static int session_translate(struct session *session, struct failure *failure,
			     struct skep_diag *diag)
{
	const struct object_prog *prog = object_make(session->plan, &session->made)->progs;
	const struct target_input input = {.prog = prog,
					   .hook = SKEP_HOOK_NONE,
					   .insns = prog->insns,
					   .nr_insns = prog->nr_insns,
					   .checked = true,
					   .budget = session->plan->budget};
	int err = target_interp.translate(&input, &session->entry, diag);

	session->object = &session->made;
	return err ? fail_diag(failure, err, diag) : 0;
}

/* What is marked as unsafe must be: the verifier rejects it. */
static int expect_rejection(struct session *session, const struct load_options *options,
			    struct failure *failure)
{
	struct load_options verified = *options;
	struct skep_diag *diag = skep_diag_new();
	struct loaded *loaded = NULL;

	verified.unsafe = false;
	load_object(session->object, &verified, &loaded, diag);
	failure->kind = FAILURE_NONE;
	if (!loaded && skep_diag_exit(diag) != SKEP_EXIT_REJECTED)
		fail_diag(failure, skep_diag_error(diag), diag);
	if (loaded) {
		failure->kind = FAILURE_REFUSED;
		snprintf(failure->text, sizeof(failure->text),
			 "marked as unsafe, but the verifier accepts it");
	}
	loaded_free(loaded);
	skep_diag_free(diag);
	return failure->kind == FAILURE_NONE ? 0 : -1;
}

/* Watch verified programs: what the verifier claims must hold in each run. */
static void oracles_make(struct session *session)
{
	const struct skep_object *object = session->object;
	struct loaded *loaded = session->loaded;

	session->surprise = skep_diag_new();
	session->oracles = must_alloc((object->nr_progs + 1) * sizeof(*session->oracles));
	for (size_t i = 0; i < object->nr_progs; i++)
		if (loaded->images[i])
			session->oracles[i] = (struct oracle){
				.image = loaded->images[i],
				.facts = loaded->verified[i].facts,
				.insns = object->progs[i].insns,
				.maps = loaded->maps,
				.nr_maps = object->nr_maps,
				.hook = loaded->images[i]->hook,
				.diag = session->surprise,
			};
}

static void oracles_look(void *arg, const struct interp_view *view)
{
	const struct session *session = arg;

	for (size_t i = 0; i < session->object->nr_progs; i++)
		if (session->oracles[i].facts && session->oracles[i].image == view->image)
			oracle_look(&session->oracles[i], view);
}

static int session_load(struct session *session, const char *target, struct failure *failure,
			struct skep_diag *diag)
{
	const struct plan *plan = session->plan;
	struct load_options options = {.target = session->observed ? &target_interp
								   : target_find(target),
				       .hook = plan->hook,
				       .budget = plan->budget,
				       .unsafe = plan->unsafe};
	size_t entry = 0;
	int err;

	if (plan->elf.len) {
		err = skep_object_open_mem(plan->elf.data, plan->elf.len, "case.bpf.o",
					   &session->object, diag);
		if (err)
			return fail_diag(failure, err, diag);
	} else {
		session->object = object_make(plan, &session->made);
	}
	if (plan->unsafe && expect_rejection(session, &options, failure))
		return -1;
	err = load_object(session->object, &options, &session->loaded, diag);
	if (err)
		return fail_diag(failure, err, diag);
	oracles_make(session);
	for (; plan->entry && entry < session->object->nr_progs; entry++)
		if (!strcmp(session->object->progs[entry].name, plan->entry))
			break;
	if (entry < session->object->nr_progs)
		session->entry = session->loaded->images[entry];
	return 0;
}

static void skep_close(struct session *session)
{
	if (session->plan->hook == SKEP_HOOK_NONE)
		image_put(session->entry);
	loaded_free(session->loaded);
	skep_diag_free(session->surprise);
	if (session->object == &session->made)
		arena_free(session->made.arena);
	else
		skep_object_close(session->object);
	trace_log_free(session->env.trace);
	if (session->frame)
		lowmem_unmap(session->frame, session->frame_bytes);
	helper_env = NULL;
}

static struct session *skep_open(const struct plan *plan, const char *target,
				 struct failure *failure)
{
	struct session *session = must_alloc(sizeof(*session));
	struct skep_diag *diag = skep_diag_new();
	int err;

	session->plan = plan;
	session->observed = !strcmp(target, BACKEND_ORACLE);
	if (plan->cpus)
		cpu_count_set(plan->cpus);
	cpu_self = plan->cpu;
	helper_env_init(&session->env, 1);
	session->env.trace = trace_log_new(TRACE_BYTES);
	helper_env = &session->env;
	if (plan->hook == SKEP_HOOK_NONE)
		err = session_translate(session, failure, diag);
	else
		err = session_load(session, target, failure, diag);
	skep_diag_free(diag);
	if (err) {
		skep_close(session);
		return NULL;
	}
	return session;
}

/* A fresh frame as BPF_PROG_TEST_RUN lays it out: headroom 256, one page where that is enough. */
static int frame_fill(struct session *session, const struct plan_packet *packet)
{
	size_t bytes = PACKET_HEADROOM + packet->len + PACKET_TAILROOM;

	if (session->frame)
		lowmem_unmap(session->frame, session->frame_bytes);
	session->frame = NULL;
	session->frame_bytes = bytes > FRAME_BYTES ? bytes : FRAME_BYTES;
	if (lowmem_map(session->frame_bytes, &session->frame))
		return -1;
	memcpy((char *)session->frame + PACKET_HEADROOM, packet->data, packet->len);
	return 0;
}

static int run_fails(struct failure *failure, const char *text)
{
	failure->kind = FAILURE_ABORTED;
	snprintf(failure->text, sizeof(failure->text), "%s", text);
	return -1;
}

/* The run does what the verifier said it never would. */
static int run_unsound(struct session *session, struct failure *failure)
{
	fail_diag(failure, skep_diag_error(session->surprise), session->surprise);
	failure->kind = FAILURE_UNSOUND;
	return -1;
}

/* Plain memory as the argument, with its size: r1, r2. */
static int run_memory(struct session *session, const struct plan_packet *packet, struct run *run,
		      struct failure *failure)
{
	void *mem = must_alloc(packet->len);

	memcpy(mem, packet->data, packet->len);
	run->r0 = interp_run_memory(session->entry, mem, packet->len, NULL);
	if (session->env.aborted)
		return run_fails(failure, target_abort_name(session->env.aborted));
	buf_add(&run->out, mem, packet->len);
	return 0;
}

static u64 run_context(struct session *session, void *context)
{
	if (session->observed)
		return interp_run_observed(session->entry, context,
					   &(struct interp_observer){oracles_look, session});
	return session->entry->run(session->entry, context);
}

static u64 run_xdp(struct session *session, const struct plan_packet *packet, struct run *run)
{
	u32 frame = (u32)(uintptr_t)session->frame;
	u32 data = frame + PACKET_HEADROOM;
	struct xdp_context context = {
		.md = {.data = data,
		       .data_meta = data,
		       .data_end = data + packet->len,
		       .ingress_ifindex = session->plan->ifindex,
		       .rx_queue_index = session->plan->rx_queue},
		.hard_start = frame,
		.frame_end = frame + session->frame_bytes - PACKET_TAILROOM,
	};
	u64 r0 = run_context(session, &context);

	buf_add(&run->out, (void *)(uintptr_t)context.md.data,
		context.md.data_end - context.md.data);
	return r0;
}

/* A socket filter sees the packet from behind the Ethernet header. */
static u64 run_skb(struct session *session, const struct plan_packet *packet, struct run *run)
{
	u32 frame = (u32)(uintptr_t)session->frame;
	u32 mac = frame + PACKET_HEADROOM;
	u32 skip = session->plan->hook == SKEP_HOOK_SOCKET ? ETHER_HEADER : 0;
	struct skb_context context = {
		.md = {.len = packet->len - skip,
		       .data = mac + skip,
		       .data_meta = mac + skip,
		       .data_end = mac + packet->len,
		       .ingress_ifindex = session->plan->ifindex,
		       .ifindex = session->plan->ifindex},
		.hard_start = frame,
		.frame_end = frame + session->frame_bytes - PACKET_TAILROOM,
		.mac_header = mac,
		.network_header = mac + ETHER_HEADER,
	};
	u16 protocol;
	u64 r0;

	memcpy(&protocol, packet->data + ETHER_HEADER - sizeof(protocol), sizeof(protocol));
	context.md.protocol = protocol;
	r0 = run_context(session, &context);
	buf_add(&run->out, (void *)(uintptr_t)context.md.data,
		context.md.data_end - context.md.data);
	return r0;
}

static int skep_run(struct session *session, const struct plan_packet *packet, struct run *run,
		    struct failure *failure)
{
	struct helper_env *env = &session->env;

	env->aborted = TARGET_RAN;
	if (session->entry && session->plan->hook == SKEP_HOOK_NONE)
		return run_memory(session, packet, run, failure);
	if (!session->entry || frame_fill(session, packet))
		return run_fails(failure, "nothing to run");
	memset(&env->redirect, 0, sizeof(env->redirect));
	run->r0 = session->plan->hook == SKEP_HOOK_XDP ? run_xdp(session, packet, run)
						       : run_skb(session, packet, run);
	if (env->aborted)
		return run_fails(failure, target_abort_name(env->aborted));
	if (skep_diag_error(session->surprise))
		return run_unsound(session, failure);
	run->redirect_known = true;
	run->redirected = env->redirect.set;
	run->ifindex = env->redirect.to.ifindex;
	return 0;
}

static int skep_map_find(struct session *session, const char *name)
{
	const struct object_map *map = object_find_map(session->object, name);

	return map ? map - session->object->maps : -1;
}

static const struct skep_map_def *session_map_def(struct session *session, int map)
{
	return skep_map_definition(session->loaded->maps[map]);
}

static size_t session_value_bytes(struct session *session, int map)
{
	return skep_map_value_bytes(session->loaded->maps[map]);
}

static int session_lookup(struct session *session, int map, const void *key, void *value)
{
	return skep_map_lookup(session->loaded->maps[map], key, value);
}

static int session_update(struct session *session, int map, const void *key, const void *value,
			  u64 flags)
{
	return skep_map_update(session->loaded->maps[map], key, value, flags);
}

static int session_delete(struct session *session, int map, const void *key)
{
	return skep_map_delete(session->loaded->maps[map], key);
}

static int session_next_key(struct session *session, int map, const void *key, void *next)
{
	return skep_map_next_key(session->loaded->maps[map], key, next);
}

static s64 session_prog_value(struct session *session, const char *name)
{
	for (size_t i = 0; i < session->object->nr_progs; i++)
		if (!strcmp(session->object->progs[i].name, name) && session->loaded->images[i])
			return session->loaded->images[i]->id;
	return -1;
}

static bool session_trace(struct session *session, void (*each)(void *arg, const char *line),
			  void *arg)
{
	trace_log_drain(session->env.trace, each, arg);
	return true;
}

const struct backend backend_skep = {
	.name = "skep",
	.open = skep_open,
	.close = skep_close,
	.run = skep_run,
	.map_find = skep_map_find,
	.map_def = session_map_def,
	.value_bytes = session_value_bytes,
	.lookup = session_lookup,
	.update = session_update,
	.delete = session_delete,
	.next_key = session_next_key,
	.prog_value = session_prog_value,
	.trace = session_trace,
};

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Cases on the running kernel: maps and programs through bpf(2), packets through
 * BPF_PROG_TEST_RUN. Objects are loaded by libbpf.
 *
 * A test run gives back 32 bits of r0. Where a case expects a `-- result`, its program becomes a
 * function that a small program in front of it calls, which keeps all 64 bits in a map.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "case.h"

#define PACKET_OUT_MAX 65536
#define LOG_SIZE (1u << 20)
#define MAX_KERNEL_MAPS (MAX_MAPS + 8)
#define MAX_FUNCTIONS 64
#define RESULT_SLOTS 5 /* instructions of the program in front */

struct kernel_map {
	const char *name;
	struct skep_map_def def;
	int fd;
};

struct session {
	const struct plan *plan;
	struct bpf_object *object;
	struct kernel_map maps[MAX_KERNEL_MAPS];
	int nr_maps;
	int progs[MAX_PROGS];
	const char *prog_names[MAX_PROGS];
	int nr_progs;
	int entry;      /* fd */
	int result_map; /* fd, -1: none */
};

static char libbpf_words[4096];

static int print_words(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	size_t len = strlen(libbpf_words);

	if (level == LIBBPF_WARN)
		vsnprintf(libbpf_words + len, sizeof(libbpf_words) - len, fmt, ap);
	return 0;
}

bool kernel_available(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "probe", 4, 4, 1, NULL);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int fail(struct failure *failure, enum failure_kind kind, int err, const char *text)
{
	size_t len = strlen(text);

	failure->kind = kind;
	failure->err = err;
	if (len >= sizeof(failure->text)) /* the end of a verifier's log says what is wrong */
		text += len - sizeof(failure->text) + 1;
	memcpy(failure->text, text, strlen(text) + 1);
	return -1;
}

static int kernel_map_create(struct session *session, const struct plan_map *from,
			     struct failure *failure)
{
	struct kernel_map *map = &session->maps[session->nr_maps];
	char name[BPF_OBJ_NAME_LEN];
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = from->def.map_flags,
		    .map_extra = from->def.map_extra);

	snprintf(name, sizeof(name), "%.15s", from->def.name);
	map->name = from->name;
	map->def = from->def;
	map->fd = bpf_map_create(from->def.type, name, from->def.key_size, from->def.value_size,
				 from->def.max_entries, &opts);
	if (map->fd < 0)
		return fail(failure, FAILURE_REFUSED, map->fd, "map");
	session->nr_maps++;
	return 0;
}

static enum bpf_prog_type prog_type(enum skep_hook hook)
{
	switch (hook) {
	case SKEP_HOOK_TC_INGRESS:
	case SKEP_HOOK_TC_EGRESS:
		return BPF_PROG_TYPE_SCHED_CLS;
	case SKEP_HOOK_SOCKET:
		return BPF_PROG_TYPE_SOCKET_FILTER;
	default:
		return BPF_PROG_TYPE_XDP;
	}
}

/* Map indices to file descriptors. */
static void insns_link(const struct session *session, struct bpf_insn *insns, u32 nr)
{
	for (u32 i = 0; i < nr; i++) {
		if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if (insns[i].src_reg == BPF_PSEUDO_MAP_IDX && insns[i].imm < session->nr_maps) {
			insns[i].src_reg = BPF_PSEUDO_MAP_FD;
			insns[i].imm = session->maps[insns[i].imm].fd;
		} else if (insns[i].src_reg == BPF_PSEUDO_MAP_IDX_VALUE &&
			   insns[i].imm < session->nr_maps) {
			insns[i].src_reg = BPF_PSEUDO_MAP_VALUE;
			insns[i].imm = session->maps[insns[i].imm].fd;
		}
		i++;
	}
}

static void result_prologue(struct bpf_insn *insns, int map)
{
	insns[0] = (struct bpf_insn){
		.code = BPF_JMP | BPF_CALL, .src_reg = BPF_PSEUDO_CALL, .imm = RESULT_SLOTS - 1};
	insns[1] = (struct bpf_insn){.code = BPF_LD | BPF_IMM | BPF_DW,
				     .dst_reg = 1,
				     .src_reg = BPF_PSEUDO_MAP_VALUE,
				     .imm = map};
	insns[2] = (struct bpf_insn){};
	insns[3] =
		(struct bpf_insn){.code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = 1, .src_reg = 0};
	insns[4] = (struct bpf_insn){.code = BPF_JMP | BPF_EXIT};
}

/* The functions of a program, with types: the kernel wants them for callbacks and tail calls. */
struct functions {
	struct bpf_func_info info[MAX_FUNCTIONS];
	u32 nr;
	int btf; /* fd, -1: none */
};

static void function_add(struct functions *functions, s64 at, u32 nr_insns)
{
	u32 i = functions->nr;

	if (at < 0 || at >= nr_insns || functions->nr == MAX_FUNCTIONS)
		return;
	while (i && functions->info[i - 1].insn_off > at)
		i--;
	if (i && functions->info[i - 1].insn_off == at)
		return;
	memmove(&functions->info[i + 1], &functions->info[i],
		(functions->nr++ - i) * sizeof(functions->info[0]));
	functions->info[i] = (struct bpf_func_info){.insn_off = at};
}

/* All functions get the same type, int (void *): only that of a global one counts. */
static void functions_describe(struct functions *functions)
{
	struct btf *btf = btf__new_empty();
	int number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int type = btf__add_func_proto(btf, number);
	const void *raw;
	u32 size;

	btf__add_func_param(btf, "argument", btf__add_ptr(btf, 0));
	for (u32 i = 0; i < functions->nr; i++)
		functions->info[i].type_id =
			btf__add_func(btf, must_printf("function_%u", i), BTF_FUNC_STATIC, type);
	raw = btf__raw_data(btf, &size);
	functions->btf = bpf_btf_load(raw, size, NULL);
	btf__free(btf);
}

static void functions_find(struct functions *functions, const struct bpf_insn *insns, u32 nr)
{
	functions->nr = 0;
	functions->btf = -1;
	function_add(functions, 0, nr);
	for (u32 i = 0; i < nr; i++) {
		bool call = insns[i].code == (BPF_JMP | BPF_CALL) &&
			    insns[i].src_reg == BPF_PSEUDO_CALL;
		bool wide = insns[i].code == (BPF_LD | BPF_IMM | BPF_DW);

		if (call || (wide && insns[i].src_reg == BPF_PSEUDO_FUNC))
			function_add(functions, (s64)i + 1 + insns[i].imm, nr);
		i += wide;
	}
	if (functions->nr > 1)
		functions_describe(functions);
}

static int kernel_prog_load(struct session *session, const struct plan_prog *prog, bool in_front,
			    struct failure *failure)
{
	static char log[LOG_SIZE];
	u32 extra = in_front ? RESULT_SLOTS : 0;
	u32 nr = prog->nr_insns + extra;
	struct bpf_insn *insns = must_alloc(nr * sizeof(*insns));
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log),
		    .log_level = 0);
	struct functions functions;
	int fd;

	if (in_front)
		result_prologue(insns, session->result_map);
	memcpy(insns + extra, prog->insns, prog->nr_insns * sizeof(*insns));
	insns_link(session, insns + extra, prog->nr_insns);
	functions_find(&functions, insns, nr);
	if (functions.btf >= 0) {
		opts.prog_btf_fd = functions.btf;
		opts.func_info = functions.info;
		opts.func_info_cnt = functions.nr;
		opts.func_info_rec_size = sizeof(functions.info[0]);
	}
	log[0] = '\0';
	fd = bpf_prog_load(prog_type(session->plan->hook), "case", session->plan->license, insns,
			   nr, &opts);
	if (functions.btf >= 0)
		close(functions.btf);
	if (fd < 0)
		return fail(failure, FAILURE_REJECTED, fd, log);
	session->prog_names[session->nr_progs] = prog->name;
	session->progs[session->nr_progs++] = fd;
	return 0;
}

static int open_slots(struct session *session, struct failure *failure)
{
	const struct plan *plan = session->plan;
	bool whole = case_section(plan->test, "result", NULL) &&
		     !case_section(plan->test, "result-low", NULL);

	for (size_t i = 0; i < plan->nr_maps; i++)
		if (kernel_map_create(session, &plan->maps[i], failure))
			return -1;
	if (whole)
		session->result_map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "result", 4, 8, 1, NULL);
	for (size_t i = 0; i < plan->nr_progs; i++)
		if (kernel_prog_load(session, &plan->progs[i], whole && !i, failure))
			return -1;
	session->entry = plan->nr_progs ? session->progs[0] : -1;
	return 0;
}

static void object_collect(struct session *session)
{
	struct bpf_program *prog;
	struct bpf_map *map;

	bpf_object__for_each_map(map, session->object)
	{
		struct kernel_map *to = &session->maps[session->nr_maps++];

		to->name = bpf_map__name(map);
		to->fd = bpf_map__fd(map);
		to->def = (struct skep_map_def){.type = bpf_map__type(map),
						.key_size = bpf_map__key_size(map),
						.value_size = bpf_map__value_size(map),
						.max_entries = bpf_map__max_entries(map)};
	}
	bpf_object__for_each_program(prog, session->object)
	{
		session->prog_names[session->nr_progs] = bpf_program__name(prog);
		session->progs[session->nr_progs++] = bpf_program__fd(prog);
	}
}

static int open_object(struct session *session, struct failure *failure)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "case");
	const struct plan *plan = session->plan;
	int err;

	libbpf_words[0] = '\0';
	session->object = bpf_object__open_mem(buf_text(&plan->elf), plan->elf.len, &opts);
	if (!session->object)
		return fail(failure, FAILURE_REFUSED, -errno, libbpf_words);
	err = bpf_object__load(session->object);
	if (err)
		return fail(failure, FAILURE_REJECTED, err, libbpf_words);
	object_collect(session);
	if (session->nr_progs > 1 && !plan->entry)
		case_bad(plan->test->file, plan->test->line,
			 "several programs: add `-- prog NAME`");
	session->entry = -1;
	for (int i = 0; i < session->nr_progs; i++)
		if (plan->entry ? !strcmp(plan->entry, session->prog_names[i]) : !i)
			session->entry = session->progs[i];
	return 0;
}

static void kernel_close(struct session *session)
{
	if (session->object) {
		bpf_object__close(session->object);
		return;
	}
	for (int i = 0; i < session->nr_maps; i++)
		close(session->maps[i].fd);
	for (int i = 0; i < session->nr_progs; i++)
		close(session->progs[i]);
	if (session->result_map >= 0)
		close(session->result_map);
}

static struct session *kernel_open(const struct plan *plan, const char *target,
				   struct failure *failure)
{
	struct session *session = must_alloc(sizeof(*session));
	int err;

	libbpf_set_print(print_words);
	session->plan = plan;
	session->result_map = -1;
	err = plan->elf.len ? open_object(session, failure) : open_slots(session, failure);
	if (err) {
		kernel_close(session);
		return NULL;
	}
	return session;
}

static int kernel_run(struct session *session, const struct plan_packet *packet, struct run *run,
		      struct failure *failure)
{
	static u8 out[PACKET_OUT_MAX];
	struct xdp_md context = {.data_end = packet->len,
				 .ingress_ifindex = session->plan->ifindex,
				 .rx_queue_index = session->plan->rx_queue};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet->data, .data_size_in = packet->len,
		    .data_out = out, .data_size_out = sizeof(out));
	u32 key = 0;
	int err;

	if (session->plan->has_context) {
		opts.ctx_in = &context;
		opts.ctx_size_in = sizeof(context);
	}
	err = bpf_prog_test_run_opts(session->entry, &opts);
	if (err)
		return fail(failure, FAILURE_ABORTED, err, "test run");
	run->r0 = opts.retval;
	run->r0_low = session->result_map < 0;
	if (!run->r0_low)
		bpf_map_lookup_elem(session->result_map, &key, &run->r0);
	buf_add(&run->out, out, opts.data_size_out);
	return 0;
}

static int kernel_map_find(struct session *session, const char *name)
{
	for (int i = 0; i < session->nr_maps; i++)
		if (!strcmp(session->maps[i].name, name))
			return i;
	return -1;
}

static const struct skep_map_def *kernel_map_def(struct session *session, int map)
{
	return &session->maps[map].def;
}

static size_t kernel_value_bytes(struct session *session, int map)
{
	const struct skep_map_def *def = &session->maps[map].def;

	if (!map_is_percpu(def))
		return def->value_size;
	return (size_t)libbpf_num_possible_cpus() * ALIGN_UP(def->value_size, 8);
}

static int kernel_lookup(struct session *session, int map, const void *key, void *value)
{
	return bpf_map_lookup_elem(session->maps[map].fd, key, value);
}

static int kernel_update(struct session *session, int map, const void *key, const void *value,
			 u64 flags)
{
	return bpf_map_update_elem(session->maps[map].fd, key, value, flags);
}

static int kernel_delete(struct session *session, int map, const void *key)
{
	return bpf_map_delete_elem(session->maps[map].fd, key);
}

static int kernel_next_key(struct session *session, int map, const void *key, void *next)
{
	return bpf_map_get_next_key(session->maps[map].fd, key, next);
}

static s64 kernel_prog_value(struct session *session, const char *name)
{
	for (int i = 0; i < session->nr_progs; i++)
		if (!strcmp(session->prog_names[i], name))
			return session->progs[i];
	return -1;
}

const struct backend backend_kernel = {
	.name = "kernel",
	.open = kernel_open,
	.close = kernel_close,
	.run = kernel_run,
	.map_find = kernel_map_find,
	.map_def = kernel_map_def,
	.value_bytes = kernel_value_bytes,
	.lookup = kernel_lookup,
	.update = kernel_update,
	.delete = kernel_delete,
	.next_key = kernel_next_key,
	.prog_value = kernel_prog_value,
};

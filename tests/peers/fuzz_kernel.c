/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Random programs through the running kernel. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <unistd.h>

#include "fuzz_peers.h"

static int maps[FUZZ_MAPS], progs[SKEP_HOOK_MAX], btf_fd;

static int load_btf(void)
{
	struct btf *btf = fuzz_btf();
	u32 size;
	const void *data = btf ? btf__raw_data(btf, &size) : NULL;
	int fd = data ? bpf_btf_load(data, size, NULL) : -ENOMEM;

	btf__free(btf);
	return fd;
}

static int create_map(enum fuzz_map map)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = fuzz_maps[map].flags);

	return bpf_map_create(fuzz_maps[map].type, NULL, fuzz_maps[map].key_size,
			      fuzz_maps[map].value_size, fuzz_maps[map].max_entries, &opts);
}

/* A prog array belongs to one program type; its first slot holds a program that returns 1. */
static int create_progs(enum skep_hook hook, u32 type)
{
	static const struct bpf_insn insns[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 1},
						{.code = BPF_JMP | BPF_EXIT}};
	int fd = bpf_prog_load(type, NULL, "GPL", insns, 2, NULL), err;
	u32 key = 0;

	progs[hook] = create_map(FUZZ_PROGS);
	if (fd < 0 || progs[hook] < 0)
		return -errno;
	err = bpf_map_update_elem(progs[hook], &key, &fd, 0);
	close(fd);
	return err;
}

int fuzz_kernel_init(void)
{
	u32 key = 0;
	int err;

	for (u32 i = 0; i < FUZZ_MAPS; i++) {
		if (i == FUZZ_PROGS)
			continue;
		maps[i] = create_map(i);
		if (maps[i] < 0)
			return -errno;
	}
	bpf_map_update_elem(maps[FUZZ_FROZEN], &key, fuzz_frozen_value, 0);
	bpf_map_freeze(maps[FUZZ_FROZEN]);
	err = create_progs(SKEP_HOOK_XDP, BPF_PROG_TYPE_XDP);
	if (!err)
		err = create_progs(SKEP_HOOK_TC_INGRESS, BPF_PROG_TYPE_SCHED_CLS);
	if (!err)
		err = create_progs(SKEP_HOOK_SOCKET, BPF_PROG_TYPE_SOCKET_FILTER);
	btf_fd = load_btf();
	return err ? err : btf_fd < 0 ? btf_fd : 0;
}

static void name_maps(struct bpf_insn *insns, u32 nr, enum skep_hook hook)
{
	for (u32 i = 0; i < nr; i++) {
		u32 src = insns[i].src_reg, map = (u32)insns[i].imm;

		if (insns[i].code != (BPF_LD | BPF_IMM | BPF_DW))
			continue;
		if ((src == SKEP_PSEUDO_MAP_IDX || src == SKEP_PSEUDO_MAP_IDX_VALUE) &&
		    map < FUZZ_MAPS) {
			insns[i].src_reg = src == SKEP_PSEUDO_MAP_IDX ? BPF_PSEUDO_MAP_FD
								      : BPF_PSEUDO_MAP_VALUE;
			insns[i].imm = map == FUZZ_PROGS ? progs[hook] : maps[map];
		}
		i++;
	}
}

int fuzz_kernel_load(const struct fuzz_program *program, char *log, size_t size)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts);
	struct bpf_insn insns[FUZZ_INSNS];
	struct bpf_func_info funcs[FUZZ_FUNCS];
	int fd;

	memcpy(insns, program->insns, program->nr_insns * sizeof(insns[0]));
	name_maps(insns, program->nr_insns, program->hook);
	for (u32 i = 0; i < program->nr_funcs; i++)
		funcs[i] = (struct bpf_func_info){program->funcs[i].insn,
						  !i                            ? FUZZ_BTF_MAIN
						  : program->funcs[i].is_global ? FUZZ_BTF_GLOBAL
										: FUZZ_BTF_STATIC};
	opts.prog_flags = (program->flags & VERIFY_STRICT_ALIGNMENT ? BPF_F_STRICT_ALIGNMENT : 0) |
			  (program->flags & VERIFY_ANY_ALIGNMENT ? BPF_F_ANY_ALIGNMENT : 0) |
			  (program->flags & VERIFY_STATE_FREQUENT ? BPF_F_TEST_STATE_FREQ : 0);
	opts.attempts = 1;
	if (program->nr_funcs > 1) {
		opts.prog_btf_fd = (u32)btf_fd;
		opts.func_info = funcs;
		opts.func_info_cnt = program->nr_funcs;
		opts.func_info_rec_size = sizeof(funcs[0]);
	}
	if (log) {
		log[0] = 0;
		opts.log_buf = log;
		opts.log_size = (u32)size;
		opts.log_level = 1;
	}
	fd = bpf_prog_load(program->prog_type, NULL, "GPL", insns, program->nr_insns, &opts);
	return fd < 0 ? -errno : fd;
}

static void fill_maps(const struct fuzz_input *input)
{
	for (u32 key = 0; key < 4; key++)
		bpf_map_update_elem(maps[FUZZ_ARRAY], &key, input->maps + key * 64, 0);
	for (u64 key = 0; key < 6; key++) {
		if (input->maps[key] & 1)
			bpf_map_update_elem(maps[FUZZ_HASH], &key, input->maps + key * 8, 0);
		else
			bpf_map_delete_elem(maps[FUZZ_HASH], &key);
	}
	bpf_map_update_elem(maps[FUZZ_SINGLE], &(u32){0}, input->maps + 256, 0);
}

int fuzz_kernel_run(int fd, const struct fuzz_input *input, struct fuzz_output *output)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = input->packet,
		    .data_size_in = input->packet_size, .data_out = output->packet,
		    .data_size_out = sizeof(output->packet), .repeat = 1);

	fill_maps(input);
	if (bpf_prog_test_run_opts(fd, &opts))
		return -errno;
	output->r0 = opts.retval;
	output->packet_size = opts.data_size_out;
	for (u32 key = 0; key < 4; key++)
		bpf_map_lookup_elem(maps[FUZZ_ARRAY], &key, output->maps + key * 64);
	bpf_map_lookup_elem(maps[FUZZ_SINGLE], &(u32){0}, output->maps + 256);
	return 0;
}

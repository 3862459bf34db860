/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A record as the running kernel sees it: its maps are created, the program is loaded. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "peers.h"
#include "records.h"
#include "skep/insn.h"

static int load_shared_btf(void)
{
	size_t size;
	const void *data = record_btf(&size);

	return bpf_btf_load(data, size, NULL);
}

static int create_map(const struct record *record, int index, const int *fds, int btf_fd)
{
	const struct record_map *map = &record->maps[index];
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = map->flags);
	u32 key = 0;
	int fd;

	if (map->inner >= 0)
		opts.inner_map_fd = (u32)fds[map->inner];
	if (map->btf) {
		opts.btf_fd = (u32)btf_fd;
		opts.btf_key_type_id = map->btf_key;
		opts.btf_value_type_id = map->btf_value;
	}
	fd = bpf_map_create(map->type, NULL, map->key_size, map->value_size, map->max_entries,
			    &opts);
	if (fd >= 0 && map->filled)
		bpf_map_update_elem(fd, &key, map->value, 0);
	return fd;
}

static int load_program(const struct record *record, const int *fds)
{
	struct bpf_insn *insns = calloc(record->nr_insns, sizeof(*insns));
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = record->attach_type);
	int btf_fd = -1, fd;

	memcpy(insns, record->insns, record->nr_insns * sizeof(*insns));
	for (u32 i = 0; i < record->nr_insns; i++) {
		s64 index = (s64)insns[i].imm - RECORD_FD_BASE;

		if (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) && insns[i].src_reg &&
		    index >= 0 && index < record->nr_maps)
			insns[i].imm = fds[index];
	}
	opts.prog_flags = (record->strict ? BPF_F_STRICT_ALIGNMENT : 0) |
			  (record->any_alignment ? BPF_F_ANY_ALIGNMENT : 0) |
			  (record->state_frequent ? BPF_F_TEST_STATE_FREQ : 0) |
			  (record->sleepable ? BPF_F_SLEEPABLE : 0);
	if (record->btf)
		btf_fd = bpf_btf_load(record->btf, record->btf_size, NULL);
	if (btf_fd >= 0)
		opts.prog_btf_fd = (u32)btf_fd;
	if (record->nr_funcs) {
		opts.func_info = record->funcs;
		opts.func_info_cnt = (u32)record->nr_funcs;
		opts.func_info_rec_size = sizeof(record->funcs[0]);
	}
	fd = bpf_prog_load(record->prog_type, NULL, "GPL", insns, record->nr_insns, &opts);
	free(insns);
	if (btf_fd >= 0)
		close(btf_fd);
	return fd;
}

bool peer_kernel_accepts(const struct record *record)
{
	int fds[RECORD_MAPS], btf_fd = -1, fd;

	for (int i = 0; i < record->nr_maps; i++) {
		if (record->maps[i].btf && btf_fd < 0)
			btf_fd = load_shared_btf();
		fds[i] = create_map(record, i, fds, btf_fd);
	}
	fd = load_program(record, fds);
	for (int i = 0; i < record->nr_maps; i++)
		close(fds[i]);
	if (btf_fd >= 0)
		close(btf_fd);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

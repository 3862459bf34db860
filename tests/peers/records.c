/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Takes the tests of a kernel tree by including its test_verifier.c, and answers the calls of its
 * fixup code ourselves: a "map" becomes a line of the record, a "program" an entry of a prog array.
 *
 * Built by kernel_verifier.sh with the tree's folders on the include path.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "records.h"

#define main static __attribute__((unused)) suite_main
#define bpf_map_create record_map_create
#define bpf_map_update_elem record_map_update
#define bpf_prog_load record_prog_load
#define bpf_btf_load record_btf_load
#define libbpf_probe_bpf_map_type record_probe_map
#define close record_close

static int record_map_create(enum bpf_map_type type, const char *name, __u32 key_size,
			     __u32 value_size, __u32 max_entries,
			     const struct bpf_map_create_opts *opts);
static int record_map_update(int fd, const void *key, const void *value, __u64 flags);
static int record_prog_load(enum bpf_prog_type type, const char *name, const char *license,
			    const struct bpf_insn *insns, size_t nr,
			    const struct bpf_prog_load_opts *opts);
static int record_btf_load(const void *data, size_t size, const struct bpf_btf_load_opts *opts);
static int record_probe_map(enum bpf_map_type type, const void *opts);
static int record_close(int fd);

#include "test_verifier.c"

#undef main
#undef close

#define PROG_FD_BASE 200000
#define BTF_FD 300000

static struct record record;
static void *shared_btf;
static size_t shared_btf_size;

static void *copy(const void *data, size_t size)
{
	void *mem = malloc(size);

	return memcpy(mem, data, size);
}

static int record_map_create(enum bpf_map_type type, const char *name, __u32 key_size,
			     __u32 value_size, __u32 max_entries,
			     const struct bpf_map_create_opts *opts)
{
	struct record_map *map = &record.maps[record.nr_maps];

	*map = (struct record_map){.type = type,
				   .key_size = key_size,
				   .value_size = value_size,
				   .max_entries = max_entries,
				   .inner = -1};
	if (opts) {
		map->flags = opts->map_flags;
		map->btf = opts->btf_fd == BTF_FD;
		map->btf_key = opts->btf_key_type_id;
		map->btf_value = opts->btf_value_type_id;
		if (opts->inner_map_fd)
			map->inner = opts->inner_map_fd - RECORD_FD_BASE;
	}
	return RECORD_FD_BASE + record.nr_maps++;
}

static int record_map_update(int fd, const void *key, const void *value, __u64 flags)
{
	struct record_map *map = &record.maps[fd - RECORD_FD_BASE];
	struct record_slot *slot;

	if (map->type != BPF_MAP_TYPE_PROG_ARRAY) {
		memcpy(map->value, value,
		       map->value_size < sizeof(map->value) ? map->value_size : sizeof(map->value));
		map->filled = true;
		return 0;
	}
	slot = &map->slots[map->nr_slots++];
	slot->key = *(const __u32 *)key;
	slot->prog = *(const int *)value - PROG_FD_BASE;
	return 0;
}

static int record_prog_load(enum bpf_prog_type type, const char *name, const char *license,
			    const struct bpf_insn *insns, size_t nr,
			    const struct bpf_prog_load_opts *opts)
{
	record.progs[record.nr_progs] = (struct record_prog){
		.prog_type = type, .insns = copy(insns, nr * sizeof(*insns)), .nr_insns = nr};
	return PROG_FD_BASE + record.nr_progs++;
}

static int record_btf_load(const void *data, size_t size, const struct bpf_btf_load_opts *opts)
{
	free(shared_btf);
	shared_btf = copy(data, size);
	shared_btf_size = size;
	return BTF_FD;
}

static int record_probe_map(enum bpf_map_type type, const void *opts)
{
	return 1;
}

static int record_close(int fd)
{
	return 0;
}

unsigned record_count(void)
{
	return ARRAY_SIZE(tests);
}

const void *record_btf(size_t *ret_size)
{
	if (!shared_btf)
		load_btf();
	*ret_size = shared_btf_size;
	return shared_btf;
}

static void record_reset(void)
{
	for (int i = 0; i < record.nr_progs; i++)
		free(record.progs[i].insns);
	free(record.btf);
	memset(&record, 0, sizeof(record));
}

static void take_runs(struct bpf_test *test)
{
	record.nr_runs = test->runs < 0 ? 0 : test->runs ? test->runs : 1;
	if (!record.accept)
		record.nr_runs = 0;
	for (__u32 i = 0; i < record.nr_runs; i++) {
		record.runs[i].retval = test->retvals[i].retval;
		memcpy(record.runs[i].data, test->retvals[i].data, RECORD_DATA);
		if (record.runs[i].retval == (__u32)POINTER_VALUE)
			record.any_retval = true;
	}
}

static void take_btf(struct bpf_test *test)
{
	record.nr_funcs = test->func_info_cnt;
	for (int i = 0; i < test->func_info_cnt; i++) {
		record.funcs[i].insn = test->func_info[i].insn_off;
		record.funcs[i].type_id = test->func_info[i].type_id;
	}
	if (!test->btf_types[0])
		return;
	load_btf_for_test(test);
	record.btf = shared_btf;
	record.btf_size = shared_btf_size;
	shared_btf = NULL;
}

struct record *record_get(unsigned i)
{
	struct bpf_test *test = &tests[i];
	int map_fds[MAX_NR_MAPS];
	int prog_type = test->prog_type ? test->prog_type : BPF_PROG_TYPE_SOCKET_FILTER;

	record_reset();
	record.name = test->descr;
	record.prog_type = prog_type;
	record.attach_type = test->expected_attach_type;
	record.accept = test->result != REJECT;
	record.errstr = test->errstr ? test->errstr : "";
	record.strict = test->flags & F_LOAD_WITH_STRICT_ALIGNMENT;
	record.any_alignment = test->flags & F_NEEDS_EFFICIENT_UNALIGNED_ACCESS;
	record.state_frequent = test->flags & BPF_F_TEST_STATE_FREQ;
	record.sleepable = test->flags & BPF_F_SLEEPABLE;
	record.kfuncs = test->fixup_kfunc_btf_id[0].kfunc != NULL;
	do_test_fixup(test, prog_type, test->insns, map_fds);
	record.insns = test->fill_insns ? test->fill_insns : test->insns;
	record.nr_insns =
		test->fill_insns ? (__u32)test->prog_len : probe_filter_length(test->insns);
	take_runs(test);
	take_btf(test);
	return &record;
}

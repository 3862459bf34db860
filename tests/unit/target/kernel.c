/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "kernel.h"

#include <bpf/btf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

/* What results of helpers are compared with; older kernels differ (csum_diff, strtol). */
#define REFERENCE_MAJOR 6
#define REFERENCE_MINOR 18
#define MAX_FUNCS 8

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	long ret = syscall(SYS_bpf, cmd, attr, sizeof(*attr));

	return ret < 0 ? -errno : (int)ret;
}

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

const char *kernel_unavailable(void)
{
	const struct skep_insn code[] = {{.code = 0xb7, .imm = 1}, {.code = 0x95}};
	static char reason[200];
	struct utsname name;
	unsigned int major, minor;
	int fd;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2 ||
	    major * 1000 + minor < REFERENCE_MAJOR * 1000 + REFERENCE_MINOR) {
		snprintf(reason, sizeof(reason), "Linux %d.%d or later is the reference, not %s",
			 REFERENCE_MAJOR, REFERENCE_MINOR, name.release);
		return reason;
	}
	fd = kernel_load(KERNEL_XDP, code, 2, NULL, 0);
	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	snprintf(reason, sizeof(reason), "bpf(2) cannot load XDP programs here: %s", strerror(-fd));
	return reason;
}

/* BTF in which every function is static int f(void); 0 or -errno, *ret_func its type id. */
static int load_btf(__u32 *ret_func)
{
	struct btf *btf = btf__new_empty();
	int number, prototype, function, fd;

	if (!btf)
		return -ENOMEM;
	number = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	prototype = btf__add_func_proto(btf, number);
	function = btf__add_func(btf, "f", BTF_FUNC_STATIC, prototype);
	*ret_func = (__u32)function;
	fd = function < 0 ? function : btf__load_into_kernel(btf);
	if (!fd)
		fd = dup(btf__fd(btf));
	btf__free(btf);
	return fd;
}

int kernel_load(enum kernel_prog type, const struct skep_insn *insns, uint32_t nr,
		const uint32_t *funcs, uint32_t nr_funcs)
{
	static char log[1 << 16];
	struct bpf_func_info info[MAX_FUNCS];
	union bpf_attr attr = {0};
	int fd, btf = -1;
	__u32 type_id = 0;

	if (nr_funcs > MAX_FUNCS)
		return -E2BIG;
	if (nr_funcs) {
		btf = load_btf(&type_id);
		if (btf < 0)
			return btf;
		attr.prog_btf_fd = (uint32_t)btf;
		attr.func_info = pointer(info);
		attr.func_info_cnt = nr_funcs;
		attr.func_info_rec_size = sizeof(info[0]);
	}
	for (uint32_t i = 0; i < nr_funcs; i++)
		info[i] = (struct bpf_func_info){.insn_off = funcs[i], .type_id = type_id};

	attr.prog_type = type == KERNEL_XDP ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SOCKET_FILTER;
	attr.insns = pointer(insns);
	attr.insn_cnt = nr;
	attr.license = pointer("GPL");
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (fd != -EINVAL && fd != -EACCES)
		goto out;
	attr.log_level = 1;
	attr.log_size = sizeof(log);
	attr.log_buf = pointer(log);
	fd = bpf(BPF_PROG_LOAD, &attr);
	for (char *line = strtok(log, "\n"); fd < 0 && line; line = strtok(NULL, "\n"))
		fprintf(stderr, "# %s\n", line);
out:
	if (btf >= 0)
		close(btf);
	return fd;
}

int kernel_run(int prog, const void *in, uint32_t in_size, void *out, uint32_t *out_size,
	       uint32_t *retval)
{
	union bpf_attr attr = {0};
	int err;

	attr.test.prog_fd = (uint32_t)prog;
	attr.test.data_in = pointer(in);
	attr.test.data_size_in = in_size;
	attr.test.data_out = pointer(out);
	attr.test.data_size_out = *out_size;
	attr.test.repeat = 1;
	err = bpf(BPF_PROG_TEST_RUN, &attr);
	if (err)
		return err;
	*out_size = attr.test.data_size_out;
	*retval = attr.test.retval;
	return 0;
}

int kernel_map(uint32_t type, uint32_t value_size, uint32_t max_entries, uint32_t flags)
{
	union bpf_attr attr = {0};

	attr.map_type = type;
	attr.key_size = 4;
	attr.value_size = value_size;
	attr.max_entries = max_entries;
	attr.map_flags = flags;
	return bpf(BPF_MAP_CREATE, &attr);
}

int kernel_map_set(int map, uint32_t key, const void *value)
{
	union bpf_attr attr = {0};

	attr.map_fd = (uint32_t)map;
	attr.key = pointer(&key);
	attr.value = pointer(value);
	return bpf(BPF_MAP_UPDATE_ELEM, &attr);
}

int kernel_map_freeze(int map)
{
	union bpf_attr attr = {0};

	attr.map_fd = (uint32_t)map;
	return bpf(BPF_MAP_FREEZE, &attr);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The execution tests of a kernel tree's lib/test_bpf.c as neutral records: the file is included
 * up to where its own runner begins (kernel_exec.sh cuts it), under definitions that make kernel
 * source of user-space source. Only eBPF tests are taken: skep has no classic BPF.
 */
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define __user
#include KERNEL_UAPI_FILTER_H  /* struct sock_filter */
#include KERNEL_TOOLS_FILTER_H /* BPF_* macros for struct bpf_insn */
#include <linux/if_ether.h>

#include "exec_records.h"

#define BIT(n) (1u << (n))
#define GFP_KERNEL 0
#define kmalloc_array(n, size, flags) calloc((n), (size))
#define kcalloc(n, size, flags) calloc((n), (size))
#define kmalloc(size, flags) calloc(1, (size))
#define kzalloc(size, flags) calloc(1, (size))
#define kfree(p) free(p)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define S8_MIN INT8_MIN
#define S8_MAX INT8_MAX
#define S16_MIN INT16_MIN
#define S16_MAX INT16_MAX
#define S32_MIN INT32_MIN
#define S32_MAX INT32_MAX
#define S64_MIN INT64_MIN
#define S64_MAX INT64_MAX
#define U8_MAX UINT8_MAX
#define U16_MAX UINT16_MAX
#define U32_MAX UINT32_MAX
#define U64_MAX UINT64_MAX
/* constant expressions, for initialisers: the host is little endian (kernel_exec.sh checks) */
#define cpu_to_le16(x) ((uint16_t)(x))
#define cpu_to_le32(x) ((uint32_t)(x))
#define cpu_to_le64(x) ((uint64_t)(x))
#define cpu_to_be16(x) __builtin_bswap16(x)
#define cpu_to_be32(x) __builtin_bswap32(x)
#define cpu_to_be64(x) __builtin_bswap64(x)
#define __BPF_STMT(code, k) ((struct sock_filter)BPF_STMT(code, k))
#define __BPF_JUMP(code, k, jt, jf) ((struct sock_filter)BPF_JUMP(code, k, jt, jf))
/* the kernel marks it with imm 1, which no program may contain; the meaning is the same */
#define BPF_ZEXT_REG(reg) BPF_MOV32_REG(reg, reg)
#ifndef SKF_AD_MAX
#define SKF_AD_MAX 64
#endif

#define BUG_ON(condition) ((condition) ? abort() : (void)0)
#define max(a, b) ((a) > (b) ? (a) : (b))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define div64_u64(a, b) ((uint64_t)(a) / (uint64_t)(b))
#define div64_u64_rem(a, b, rem) (*(rem) = (uint64_t)(a) % (uint64_t)(b), div64_u64(a, b))

#undef __BIG_ENDIAN /* the kernel defines one of the two, libc both */

struct rnd_state {
	uint64_t state;
};

static inline void prandom_seed_state(struct rnd_state *rnd, uint64_t seed)
{
	rnd->state = seed;
}

static inline uint32_t prandom_u32_state(struct rnd_state *rnd)
{
	rnd->state = rnd->state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(rnd->state >> 32);
}

#include "test_bpf_tests.c"

unsigned exec_record_count(void)
{
	return ARRAY_SIZE(tests);
}

/*
 * The last instruction that is not all zero ends an inline test. Some end in one that no path
 * reaches: skep wants an exit or a jump there, so they get an exit that no path reaches either.
 */
static unsigned inline_length(struct bpf_insn *insns)
{
	unsigned len = MAX_INSNS;

	while (len && !insns[len - 1].code && !insns[len - 1].imm)
		len--;
	if (len < MAX_INSNS && BPF_CLASS(insns[len - 1].code) != BPF_JMP)
		insns[len++] = BPF_EXIT_INSN();
	return len;
}

bool exec_record_get(unsigned i, struct exec_record *record)
{
	struct bpf_test *test = &tests[i];

	memset(record, 0, sizeof(*record));
	record->name = test->descr;
	if (!(test->aux & INTERNAL))
		return false;
	if (test->fill_helper && test->fill_helper(test) < 0)
		return false;
	record->insns = test->fill_helper ? test->u.ptr.insns : test->u.insns_int;
	record->nr_insns = test->fill_helper ? test->u.ptr.len : inline_length(test->u.insns_int);
	record->expect_error = test->aux & FLAG_EXPECTED_FAIL;
	record->no_data = test->aux & FLAG_NO_DATA;
	record->large_memory = test->aux & FLAG_LARGE_MEM;
	record->fragments = test->aux & FLAG_SKB_FRAG;
	record->allocated = test->fill_helper != NULL;
	memcpy(record->data, test->data, sizeof(record->data));
	memcpy(record->fragment, test->frag_data, sizeof(record->fragment));
	for (unsigned run = 0; run < MAX_SUBTESTS; run++) {
		/* as the suite's runner: data_size 0 and result 0 end the list, behind the first */
		if (run && !test->test[run].data_size && !test->test[run].result)
			break;
		record->runs[record->nr_runs].data_size = test->test[run].data_size;
		record->runs[record->nr_runs++].result = test->test[run].result;
	}
	return true;
}

void exec_record_release(struct exec_record *record)
{
	if (record->allocated)
		free((void *)record->insns);
}

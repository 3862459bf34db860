/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Checked execution: what an unverified program may not do stops it, with a record that says
 * where, and does no harm; what it may do works.
 */
#include "program.h"

#include <errno.h>

#define FRAME_BYTES 2048

/* An XDP packet of 60 bytes with 256 bytes before it, in low memory. */
struct bed {
	struct helper_env env;
	struct xdp_context ctx;
	u8 *buffer;
};

static int bed_up(void **state)
{
	static struct bed bed;
	void *buffer;

	if (lowmem_map(FRAME_BYTES, &buffer))
		return -1;
	bed.buffer = buffer;
	*state = &bed;
	return 0;
}

static int bed_down(void **state)
{
	struct bed *bed = *state;

	helper_env = NULL;
	lowmem_unmap(bed->buffer, FRAME_BYTES);
	return 0;
}

static void bed_reset(struct bed *bed)
{
	u32 start = (u32)(uintptr_t)bed->buffer;

	memset(bed->buffer, 0x5a, FRAME_BYTES);
	bed->ctx = (struct xdp_context){.md = {.data = start + PACKET_HEADROOM,
					       .data_end = start + PACKET_HEADROOM + 60,
					       .data_meta = start + PACKET_HEADROOM},
					.hard_start = start,
					.frame_end = start + FRAME_BYTES - PACKET_TAILROOM};
	helper_env_init(&bed->env, 1);
	helper_env = &bed->env;
}

static u64 run_xdp(struct bed *bed, struct target_input *in)
{
	struct image *image;
	u64 ret;

	bed_reset(bed);
	in->hook = SKEP_HOOK_XDP;
	image = translate(in);
	ret = image->run(image, &bed->ctx);
	image_put(image);
	return ret;
}

#define XDP(bed, ...)                                                                              \
	run_xdp(bed, &(struct target_input){                                                       \
			     .insns = (struct skep_insn[]){__VA_ARGS__},                           \
			     .nr_insns = ARRAY_SIZE(((struct skep_insn[]){__VA_ARGS__}))})

/* The program stops at instruction `at` for this reason. */
#define STOPS(bed, at, reason, ...)                                                                \
	do {                                                                                       \
		assert_int_equal(XDP(bed, __VA_ARGS__), 0);                                        \
		assert_int_equal((bed)->env.aborted, reason);                                      \
		assert_int_equal((bed)->env.fault.insn, at);                                       \
	} while (0)
#define RUNS(bed, want, ...)                                                                       \
	do {                                                                                       \
		assert_int_equal(XDP(bed, __VA_ARGS__), want);                                     \
		assert_int_equal((bed)->env.aborted, TARGET_RAN);                                  \
	} while (0)

static void test_stack(void **state)
{
	struct bed *bed = *state;

	RUNS(bed, 9, OP(ST_DW, 10, 0, -512, 9), OP(LDX_DW, 0, 10, -512, 0), EXIT);
	RUNS(bed, 0, OP(LDX_DW, 0, 10, -8, 0), EXIT); /* fresh stack is zero */
	STOPS(bed, 0, TARGET_ABORT_MEMORY, OP(ST_DW, 10, 0, -516, 9), EXIT);
	STOPS(bed, 0, TARGET_ABORT_MEMORY, OP(ST_B, 10, 0, 0, 9), EXIT);
	STOPS(bed, 0, TARGET_ABORT_MEMORY, OP(LDX_H, 0, 10, -1, 0), EXIT);
	STOPS(bed, 0, TARGET_ABORT_MEMORY, OP(LDX_B, 0, 10, -513, 0), EXIT);
}

/* A callee reaches its caller's frame, but not across the gap; a frame that is gone is gone. */
static void test_frames(void **state)
{
	struct bed *bed = *state;

	RUNS(bed, 7, COPY(1, 10), OP(CALL_LOCAL, 0, 0, 0, 2), OP(LDX_W, 0, 10, -4, 0), EXIT,
	     OP(ST_W, 1, 0, -4, 7), EXIT);
	STOPS(bed, 3, TARGET_ABORT_MEMORY, COPY(1, 10), OP(CALL_LOCAL, 0, 0, 0, 1), EXIT,
	      OP(ST_W, 1, 0, 0, 7), EXIT);
	STOPS(bed, 1, TARGET_ABORT_MEMORY, OP(CALL_LOCAL, 0, 0, 0, 2), OP(LDX_DW, 0, 0, -8, 0),
	      EXIT, COPY(0, 10), EXIT);
}

static void test_packet(void **state)
{
	struct bed *bed = *state;
	struct skep_insn data = OP(LDX_W, 2, 1, 0, 0), end = OP(LDX_W, 3, 1, 4, 0);

	RUNS(bed, 0x5a, data, OP(LDX_B, 0, 2, 59, 0), EXIT);
	RUNS(bed, 0x5a5a, end, OP(LDX_H, 0, 3, -2, 0), EXIT);
	STOPS(bed, 1, TARGET_ABORT_MEMORY, end, OP(LDX_B, 0, 3, 0, 0), EXIT);
	STOPS(bed, 1, TARGET_ABORT_MEMORY, end, OP(LDX_W, 0, 3, -2, 0), EXIT);
	STOPS(bed, 1, TARGET_ABORT_MEMORY, data, OP(STX_B, 2, 0, -1, 0), EXIT);
	RUNS(bed, 3, data, OP(ST_DW, 2, 0, 52, -1), MOV(0, 3), EXIT);
	assert_int_equal(bed->buffer[PACKET_HEADROOM + 59], 0xff);
}

/* After xdp_adjust_* the packet is what the context says now. */
static void test_packet_moves(void **state)
{
	struct bed *bed = *state;

	RUNS(bed, 0x5a, COPY(6, 1), MOV(2, -20), CALL(44), OP(LDX_W, 2, 6, 0, 0),
	     OP(LDX_B, 0, 2, 0, 0), EXIT);
	STOPS(bed, 4, TARGET_ABORT_MEMORY, COPY(6, 1), OP(LDX_W, 7, 1, 0, 0), MOV(2, 20), CALL(44),
	      OP(LDX_B, 0, 7, 0, 0), EXIT);
	STOPS(bed, 4, TARGET_ABORT_MEMORY, COPY(6, 1), OP(LDX_W, 7, 1, 4, 0), MOV(2, -10), CALL(65),
	      OP(LDX_B, 0, 7, -1, 0), EXIT);
	/* metadata belongs to the packet once it is there */
	STOPS(bed, 1, TARGET_ABORT_MEMORY, OP(LDX_W, 7, 1, 0, 0), OP(ST_W, 7, 0, -4, 1), EXIT);
	RUNS(bed, 1, OP(LDX_W, 7, 1, 0, 0), MOV(2, -4), CALL(54), OP(ST_W, 7, 0, -4, 1),
	     OP(LDX_W, 0, 7, -4, 0), EXIT);
}

static void test_context(void **state)
{
	struct bed *bed = *state;

	RUNS(bed, 0, OP(LDX_W, 0, 1, 20, 0), EXIT);
	STOPS(bed, 0, TARGET_ABORT_MEMORY, OP(LDX_W, 0, 1, 24, 0), EXIT);
	STOPS(bed, 0, TARGET_ABORT_MEMORY, OP(LDX_B, 0, 1, -1, 0), EXIT);
	STOPS(bed, 0, TARGET_ABORT_MEMORY, OP(ST_W, 1, 0, 0, 0), EXIT);
}

static void test_wild_pointers(void **state)
{
	struct bed *bed = *state;

	STOPS(bed, 1, TARGET_ABORT_MEMORY, MOV(1, 0), OP(LDX_DW, 0, 1, 8, 0), EXIT);
	assert_true(bed->env.fault.addr == 8 && bed->env.fault.size == 8);
	assert_false(bed->env.fault.is_write);
	assert_contains(bed->env.fault.why, "NULL");
	STOPS(bed, 2, TARGET_ABORT_MEMORY, WIDE(LD_IMM64, 1, 0xfffffff8, 0xffffffff),
	      OP(ST_DW, 1, 0, 4, 0), EXIT);
	assert_true(bed->env.fault.is_write && bed->env.fault.addr == UINT64_MAX - 3);
	STOPS(bed, 1, TARGET_ABORT_MEMORY, MOV(1, -1), OP(ATOMIC_ADD64, 1, 1, 0, 0), EXIT);
	STOPS(bed, 1, TARGET_ABORT_MEMORY, MOV(2, 1), OP(ATOMIC_ADD64, 10, 2, -12, 0), EXIT);
	assert_contains(bed->env.fault.why, "alignment");
}

static void test_words(void **state)
{
	struct bed *bed = *state;
	struct skep_diag diag;

	STOPS(bed, 1, TARGET_ABORT_MEMORY, MOV(3, 64), OP(LDX_W, 0, 3, 0, 0), EXIT);
	diag_init(&diag);
	assert_int_equal(target_explain_abort(&bed->env, &diag), -EFAULT);
	assert_contains(skep_diag_problem(&diag), "touched memory it may not reach");
	assert_int_equal(diag.insn, 1);
	assert_contains(diag.path->text, "read of 4 bytes at 0x40");
	diag_reset(&diag);
	RUNS(bed, 0, MOV(0, 0), EXIT);
	assert_int_equal(target_explain_abort(&bed->env, &diag), 0);
	assert_int_equal(diag.err, 0);
}

static void test_helper_memory(void **state)
{
	struct bed *bed = *state;

	/* xdp_load_bytes(ctx, 0, buffer, 8) */
	RUNS(bed, 0x5a, MOV(2, 0), COPY(3, 10), OP(ADD64_IMM, 3, 0, 0, -8), MOV(4, 8), CALL(189),
	     OP(LDX_B, 0, 10, -1, 0), EXIT);
	STOPS(bed, 4, TARGET_ABORT_MEMORY, MOV(2, 0), COPY(3, 10), OP(ADD64_IMM, 3, 0, 0, -8),
	      MOV(4, 9), CALL(189), EXIT);
	STOPS(bed, 3, TARGET_ABORT_MEMORY, MOV(2, 0), MOV(3, 0), MOV(4, 9), CALL(189), EXIT);
	STOPS(bed, 3, TARGET_ABORT_MEMORY, MOV(2, 0), COPY(3, 10), MOV(4, 0), CALL(189), EXIT);
	assert_contains(bed->env.fault.why, "size");
	STOPS(bed, 3, TARGET_ABORT_MEMORY, MOV(2, 0), COPY(3, 10), MOV(4, -1), CALL(189), EXIT);
	/* csum_diff takes NULL with size 0, and nothing else without memory */
	RUNS(bed, 5, MOV(1, 0), MOV(2, 0), MOV(3, 0), MOV(4, 0), MOV(5, 5), CALL(28), EXIT);
	STOPS(bed, 5, TARGET_ABORT_MEMORY, MOV(1, 0), MOV(2, 4), MOV(3, 0), MOV(4, 0), MOV(5, 5),
	      CALL(28), EXIT);
}

static void test_helper_arguments(void **state)
{
	struct bed *bed = *state;

	STOPS(bed, 2, TARGET_ABORT_MEMORY, COPY(1, 10), MOV(2, 0), CALL(44), EXIT);
	assert_contains(bed->env.fault.why, "context");
	STOPS(bed, 2, TARGET_ABORT_MEMORY, COPY(2, 10), MOV(1, 0), CALL(1), EXIT);
	assert_contains(bed->env.fault.why, "maps");
	STOPS(bed, 4, TARGET_ABORT_MEMORY, MOV(1, 3), MOV(2, 1234), MOV(3, 0), MOV(4, 0), CALL(181),
	      EXIT);
	assert_contains(bed->env.fault.why, "function");
	STOPS(bed, 0, TARGET_ABORT_HELPER, CALL(100000), EXIT);
}

static void test_legacy_needs_socket_buffer(void **state)
{
	struct bed *bed = *state;

	STOPS(bed, 1, TARGET_ABORT_INSN, COPY(6, 1), OP(LD_ABS_B, 0, 0, 0, 0), EXIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_packet),
		cmocka_unit_test(test_packet_moves),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_wild_pointers),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_helper_memory),
		cmocka_unit_test(test_helper_arguments),
		cmocka_unit_test(test_legacy_needs_socket_buffer),
	};

	return cmocka_run_group_tests_name("checked", tests, bed_up, bed_down);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The same program and packet to the running kernel (BPF_PROG_TEST_RUN) and to the interpreter:
 * r0, as far as the kernel shows it (32 bits), and the packet that comes out must agree.
 * Programs take their arguments from the packet's first bytes, so that one load serves many runs.
 */
#include "program.h"

#include <stdio.h>
#include <unistd.h>

#include "kernel.h"
#include "map/map.h"
#include "printk_formats.h"

/* As the kernel's test run: a page with headroom and the room of skb_shared_info behind. */
#define FRAME_BYTES 4096
#define PROGRAM_MAX 256

struct both {
	struct skep_insn insns[PROGRAM_MAX];
	u32 nr;
	int kernel; /* program */
	struct image *image;
	struct skep_map *map; /* of LD_MAP_IDX 0; NULL: none */
	int kernel_map;
	struct helper_env env;
	u8 *frame;
	u32 funcs[2]; /* the program and a function, where the kernel wants BTF of it */
	u32 nr_funcs;
};

static struct both both;

static int bed_up(void **state)
{
	void *frame;

	if (lowmem_map(FRAME_BYTES, &frame))
		return -1;
	both.frame = frame;
	both.kernel = both.kernel_map = -1;
	return 0;
}

static int bed_down(void **state)
{
	lowmem_unmap(both.frame, FRAME_BYTES);
	return 0;
}

static int forget(void **state)
{
	if (both.kernel >= 0)
		close(both.kernel);
	if (both.kernel_map >= 0)
		close(both.kernel_map);
	image_put(both.image);
	map_put(both.map);
	both.image = NULL;
	both.map = NULL;
	both.nr_funcs = 0;
	both.kernel = both.kernel_map = -1;
	helper_env = NULL;
	return 0;
}

static void need_kernel(void)
{
	const char *reason = kernel_unavailable();

	if (reason) {
		print_message("# %s\n", reason);
		skip();
	}
}

/* The kernel's copy of the program names maps by file descriptor. */
static void load_kernel(enum kernel_prog type)
{
	struct skep_insn insns[PROGRAM_MAX];

	memcpy(insns, both.insns, sizeof(insns));
	for (u32 at = 0; at < both.nr; at++) {
		enum insn_id id = insn_decode(&insns[at]);

		if (id == INSN_LD_MAP_IDX || id == INSN_LD_MAP_IDX_VALUE) {
			insns[at].src =
				id == INSN_LD_MAP_IDX ? SKEP_PSEUDO_MAP_FD : SKEP_PSEUDO_MAP_VALUE;
			insns[at].imm = both.kernel_map;
		}
	}
	if (both.kernel >= 0)
		close(both.kernel);
	both.kernel = kernel_load(type, insns, both.nr, both.funcs, both.nr_funcs);
	if (both.kernel < 0)
		fail_msg("the kernel refuses the program: %s", strerror(-both.kernel));
}

static void load_both(const struct skep_insn *insns, u32 nr, enum kernel_prog type)
{
	struct target_input in = {
		.hook = type == KERNEL_XDP ? SKEP_HOOK_XDP : SKEP_HOOK_SOCKET,
		.insns = both.insns,
		.nr_insns = nr,
		.maps = &both.map,
		.nr_maps = both.map ? 1 : 0,
	};

	assert_true(nr <= PROGRAM_MAX);
	memcpy(both.insns, insns, nr * sizeof(*insns));
	both.nr = nr;
	load_kernel(type);
	image_put(both.image);
	both.image = translate(&in);
}

#define LOAD(code) load_both(code, ARRAY_SIZE(code), KERNEL_XDP)

/* Run on skep; the packet goes to out, from data_meta on. */
static u32 run_skep(const void *in, u32 in_size, u8 *out, u32 *out_size)
{
	u32 start = (u32)(uintptr_t)both.frame;
	struct xdp_context ctx = {.md = {.data = start + PACKET_HEADROOM,
					 .data_meta = start + PACKET_HEADROOM,
					 .data_end = start + PACKET_HEADROOM + in_size},
				  .hard_start = start,
				  .frame_end = start + FRAME_BYTES - PACKET_TAILROOM};
	u64 ret;

	memset(both.frame, 0, FRAME_BYTES);
	memcpy(both.frame + PACKET_HEADROOM, in, in_size);
	helper_env_init(&both.env, 1);
	helper_env = &both.env;
	ret = both.image->run(both.image, &ctx);
	if (both.env.aborted)
		fail_msg("skep stopped at instruction %u: %s", both.env.fault.insn,
			 both.env.fault.why);
	*out_size = ctx.md.data_end - ctx.md.data_meta;
	memcpy(out, (void *)(uintptr_t)ctx.md.data_meta, *out_size);
	return (u32)ret;
}

/* Returns what both said. */
static u32 compare(const void *in, u32 in_size, const char *what, s64 a, s64 b)
{
	static u8 kernel_out[FRAME_BYTES], skep_out[FRAME_BYTES];
	u32 kernel_size = sizeof(kernel_out), skep_size, kernel_ret = 0, skep_ret;
	int err = kernel_run(both.kernel, in, in_size, kernel_out, &kernel_size, &kernel_ret);

	if (err)
		fail_msg("the kernel cannot run it: %s", strerror(-err));
	skep_ret = run_skep(in, in_size, skep_out, &skep_size);
	if (skep_ret != kernel_ret || skep_size != kernel_size ||
	    memcmp(skep_out, kernel_out, skep_size))
		fail_msg("%s(%lld, %lld): kernel 0x%x and %u bytes, skep 0x%x and %u bytes%s", what,
			 (long long)a, (long long)b, kernel_ret, kernel_size, skep_ret, skep_size,
			 skep_size == kernel_size ? " that may differ" : "");
	return skep_ret;
}

/* A packet of `size` bytes: the arguments, then bytes that count. */
static u32 compare_args(u32 size, s32 a, s32 b, const char *what)
{
	static u8 packet[FRAME_BYTES];

	for (u32 i = 0; i < size; i++)
		packet[i] = (u8)(i + 1);
	memcpy(packet, &a, sizeof(a));
	memcpy(packet + 4, &b, sizeof(b));
	return compare(packet, size, what, a, b);
}

/* r6 = context, r7 = first argument, r8 = second, r9 = packet; ends when there are none. */
#define ARGUMENTS(room)                                                                            \
	COPY(6, 1), OP(LDX_W, 9, 1, 0, 0), OP(LDX_W, 3, 1, 4, 0), COPY(4, 9),                      \
		OP(ADD64_IMM, 4, 0, 0, room), OP(JLE64_REG, 4, 3, 2, 0), MOV(0, 99), EXIT,         \
		OP(LDX_W, 7, 9, 0, 0), OP(LDX_W, 8, 9, 4, 0)

static void test_adjust_head(void **state)
{
	struct skep_insn code[] = {ARGUMENTS(8), COPY(1, 6), COPY(2, 7), CALL(44), EXIT};

	need_kernel();
	LOAD(code);
	for (s32 offset = -300; offset <= 100; offset++)
		compare_args(64, offset, 0, "adjust_head");
	assert_int_equal(compare_args(64, -216, 0, "adjust_head"), 0);
	assert_int_not_equal(compare_args(64, -217, 0, "adjust_head"), 0);
	assert_int_equal(compare_args(64, 50, 0, "adjust_head"), 0);
	assert_int_not_equal(compare_args(64, 51, 0, "adjust_head"), 0);
	compare_args(64, INT32_MIN, 0, "adjust_head");
	compare_args(64, INT32_MAX, 0, "adjust_head");
}

static void test_adjust_meta(void **state)
{
	struct skep_insn code[] = {ARGUMENTS(8), COPY(1, 6), COPY(2, 7), CALL(54), EXIT};

	need_kernel();
	LOAD(code);
	for (s32 offset = -300; offset <= 50; offset++)
		compare_args(64, offset, 0, "adjust_meta");
	compare_args(64, INT32_MIN, 0, "adjust_meta");
	compare_args(64, INT32_MAX, 0, "adjust_meta");
}

static void test_adjust_tail(void **state)
{
	struct skep_insn code[] = {ARGUMENTS(8), COPY(1, 6), COPY(2, 7), CALL(65), EXIT};

	need_kernel();
	LOAD(code);
	for (s32 offset = -70; offset <= 70; offset++)
		compare_args(64, offset, 0, "adjust_tail");
	for (s32 offset = 3300; offset <= 3600; offset++)
		compare_args(64, offset, 0, "adjust_tail");
	compare_args(64, INT32_MIN, 0, "adjust_tail");
	compare_args(64, INT32_MAX, 0, "adjust_tail");
}

/* Metadata first, then the head over it: the metadata moves along. */
static void test_adjust_head_with_meta(void **state)
{
	struct skep_insn code[] = {
		ARGUMENTS(8),
		COPY(1, 6),
		COPY(2, 7),
		CALL(54),
		COPY(7, 0),
		/* mark the metadata when there are at least 4 bytes */
		OP(LDX_W, 2, 6, 8, 0),
		OP(LDX_W, 3, 6, 0, 0),
		COPY(4, 2),
		OP(ADD64_IMM, 4, 0, 0, 4),
		OP(JGT64_REG, 4, 3, 1, 0),
		OP(ST_W, 2, 0, 0, 0x11223344),
		COPY(1, 6),
		COPY(2, 8),
		CALL(44),
		OP(MUL64_IMM, 7, 0, 0, 4096),
		OP(ADD64_REG, 0, 7, 0, 0),
		EXIT,
	};

	need_kernel();
	LOAD(code);
	for (s32 meta = -256; meta <= 4; meta += 4)
		for (s32 head = -240; head <= 60; head += 6)
			compare_args(64, meta, head, "meta and head");
}

/* head(a), then tail(b): what grows is zero. */
static void test_adjust_both_ends(void **state)
{
	struct skep_insn code[] = {
		ARGUMENTS(8),
		COPY(1, 6),
		COPY(2, 7),
		CALL(44),
		COPY(7, 0),
		COPY(1, 6),
		COPY(2, 8),
		CALL(65),
		COPY(8, 0),
		COPY(1, 6),
		CALL(188),
		OP(MUL64_IMM, 7, 0, 0, 65536),
		OP(MUL64_IMM, 8, 0, 0, 256),
		OP(ADD64_REG, 0, 7, 0, 0),
		OP(ADD64_REG, 0, 8, 0, 0),
		EXIT,
	};

	need_kernel();
	LOAD(code);
	for (s32 head = -220; head <= 60; head += 7)
		for (s32 tail = -100; tail <= 200; tail += 9)
			compare_args(100, head, tail, "head and tail");
}

/* Move 8 bytes: load at offset a, store at offset b. */
static void test_load_store_bytes(void **state)
{
	struct skep_insn code[] = {
		ARGUMENTS(8),
		OP(ST_DW, 10, 0, -8, 0),
		COPY(1, 6),
		COPY(2, 7),
		COPY(3, 10),
		OP(ADD64_IMM, 3, 0, 0, -8),
		MOV(4, 8),
		CALL(189),
		COPY(7, 0),
		COPY(1, 6),
		COPY(2, 8),
		COPY(3, 10),
		OP(ADD64_IMM, 3, 0, 0, -8),
		MOV(4, 8),
		CALL(190),
		OP(MUL64_IMM, 7, 0, 0, 4096),
		OP(ADD64_REG, 0, 7, 0, 0),
		EXIT,
	};
	const s32 offsets[] = {0,  1,      55,     56,      57, 63,       64,
			       65, 0xfff8, 0xffff, 0x10000, -1, INT32_MIN};

	need_kernel();
	LOAD(code);
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++)
		for (size_t k = 0; k < ARRAY_SIZE(offsets); k++)
			compare_args(64, offsets[i], offsets[k], "load, store");
}

static u64 next_random(u64 *seed)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return *seed >> 33;
}

/* Sizes a & 31 and b & 31, seed at byte 8, the two buffers from byte 16 on. */
static void test_csum_diff(void **state)
{
	struct skep_insn code[] = {
		ARGUMENTS(80), OP(LDX_W, 5, 9, 8, 0),
#define MOVE(off) OP(LDX_DW, 1, 9, 16 + (off), 0), OP(STX_DW, 10, 1, -64 + (off), 0)
		MOVE(0),       MOVE(8),
		MOVE(16),      MOVE(24),
		MOVE(32),      MOVE(40),
		MOVE(48),      MOVE(56),
		COPY(1, 10),   OP(ADD64_IMM, 1, 0, 0, -64),
		COPY(2, 7),    OP(AND64_IMM, 2, 0, 0, 31),
		COPY(3, 10),   OP(ADD64_IMM, 3, 0, 0, -32),
		COPY(4, 8),    OP(AND64_IMM, 4, 0, 0, 31),
		CALL(28),      EXIT,
	};
	u64 seed = 1;

	need_kernel();
	LOAD(code);
	for (u32 i = 0; i < 3000; i++) {
		u8 packet[96];
		u32 mode = i % 4;

		for (u32 k = 0; k < sizeof(packet); k++)
			packet[k] = mode == 1 ? 0 : mode == 2 ? 0xff : (u8)next_random(&seed);
		packet[0] = (u8)next_random(&seed);
		packet[4] = (u8)next_random(&seed);
		compare(packet, sizeof(packet), "csum_diff", packet[0], packet[4]);
	}
}

static void test_redirect(void **state)
{
	struct skep_insn code[] = {ARGUMENTS(8), COPY(1, 7), COPY(2, 8), CALL(23), EXIT};

	need_kernel();
	LOAD(code);
	for (s32 flags = 0; flags < 20; flags++)
		compare_args(64, 1, flags, "redirect");
	assert_int_equal(compare_args(64, 5, 0, "redirect"), 4);
	assert_true(both.env.redirect.set && both.env.redirect.to.ifindex == 5);
}

/* Key 1 of 4 holds the loopback device. */
static void test_redirect_map(void **state)
{
	const struct skep_map_def def = {.name = "devices",
					 .type = SKEP_MAP_DEVMAP,
					 .key_size = 4,
					 .value_size = 4,
					 .max_entries = 4};
	struct skep_insn code[] = {
		ARGUMENTS(8), WIDE(LD_MAP_IDX, 1, 0, 0), COPY(2, 7), COPY(3, 8), CALL(51), EXIT,
	};
	u32 key = 1, ifindex = 1;

	need_kernel();
	both.kernel_map = kernel_map(SKEP_MAP_DEVMAP, 4, 4, 0);
	assert_true(both.kernel_map >= 0);
	assert_int_equal(kernel_map_set(both.kernel_map, key, &ifindex), 0);
	assert_int_equal(map_create(&def, &both.map, NULL), 0);
	assert_int_equal(skep_map_update(both.map, &key, &ifindex, 0), 0);
	LOAD(code);
	for (s32 at = -1; at < 6; at++)
		for (s32 flags = 0; flags < 70; flags++)
			compare_args(64, at, flags, "redirect_map");
	assert_int_equal(compare_args(64, 2, 2, "redirect_map"), 2);
	assert_false(both.env.redirect.set);
	assert_int_equal(compare_args(64, 1, 2, "redirect_map"), 4);
	assert_true(both.env.redirect.set && both.env.redirect.to.ifindex == 1);
	assert_ptr_equal(both.env.redirect.map, both.map);
}

/* Each run adds 1 to byte 40 and calls itself: the limit is the same. */
static void test_tail_call_limit(void **state)
{
	const struct skep_map_def def = {.name = "programs",
					 .type = SKEP_MAP_PROG_ARRAY,
					 .key_size = 4,
					 .value_size = 4,
					 .max_entries = 4};
	struct skep_insn code[] = {
		ARGUMENTS(48),
		OP(LDX_B, 1, 9, 40, 0),
		OP(ADD64_IMM, 1, 0, 0, 1),
		OP(STX_B, 9, 1, 40, 0),
		COPY(1, 6),
		WIDE(LD_MAP_IDX, 2, 0, 0),
		COPY(3, 7),
		CALL(12),
		MOV(0, 7),
		EXIT,
	};
	u32 key = 2;

	need_kernel();
	both.kernel_map = kernel_map(SKEP_MAP_PROG_ARRAY, 4, 4, 0);
	assert_int_equal(map_create(&def, &both.map, NULL), 0);
	LOAD(code);
	assert_int_equal(kernel_map_set(both.kernel_map, key, &both.kernel), 0);
	assert_int_equal(skep_map_update(both.map, &key, &both.image->id, 0), 0);
	for (s32 index = -1; index < 6; index++)
		assert_int_equal(compare_args(64, index, 0, "tail_call"), 7);
	assert_int_equal(both.frame[PACKET_HEADROOM + 40], 41 + 1);
	compare_args(64, 2, 0, "tail_call");
	assert_int_equal(both.frame[PACKET_HEADROOM + 40], 41 + 34);
	key = 2;
	assert_int_equal(skep_map_delete(both.map, &key), 0);
}

/*
 * The same from a function: each run counts in byte 40 and calls function f; f tail-calls the
 * program, and what comes back from there, or from f on a miss, is counted in byte 41. The
 * limit is one for all frames.
 */
static void test_tail_call_in_function(void **state)
{
	const struct skep_map_def def = {.name = "programs",
					 .type = SKEP_MAP_PROG_ARRAY,
					 .key_size = 4,
					 .value_size = 4,
					 .max_entries = 1};
	struct skep_insn code[] = {
		ARGUMENTS(48),
		OP(LDX_B, 1, 9, 40, 0),
		OP(ADD64_IMM, 1, 0, 0, 1),
		OP(STX_B, 9, 1, 40, 0),
		COPY(1, 6),
		OP(CALL_LOCAL, 0, 0, 0, 11),
		OP(LDX_W, 9, 6, 0, 0),
		OP(LDX_W, 3, 6, 4, 0),
		COPY(4, 9),
		OP(ADD64_IMM, 4, 0, 0, 48),
		OP(JLE64_REG, 4, 3, 1, 0),
		EXIT,
		OP(LDX_B, 1, 9, 41, 0),
		OP(ADD64_IMM, 1, 0, 0, 1),
		OP(STX_B, 9, 1, 41, 0),
		OP(ADD64_IMM, 0, 0, 0, 3),
		EXIT,
		/* f(ctx) */
		MOV(6, 1),
		MOV(9, 1),
		WIDE(LD_MAP_IDX, 2, 0, 0),
		MOV(3, 0),
		CALL(12),
		MOV(0, 100),
		EXIT,
	};
	u32 key = 0;

	need_kernel();
	both.kernel_map = kernel_map(SKEP_MAP_PROG_ARRAY, 4, 1, 0);
	assert_int_equal(map_create(&def, &both.map, NULL), 0);
	both.nr_funcs = 2;
	both.funcs[1] = 26;
	LOAD(code);
	assert_int_equal(compare_args(64, 0, 0, "tail_call, empty slot"), 103);
	assert_int_equal(kernel_map_set(both.kernel_map, key, &both.kernel), 0);
	assert_int_equal(skep_map_update(both.map, &key, &both.image->id, 0), 0);
	compare_args(64, 0, 0, "tail_call from a function");
	assert_int_equal(both.frame[PACKET_HEADROOM + 40], 41 + 34);
	assert_int_equal(both.frame[PACKET_HEADROOM + 41], 42 + 34);
	assert_int_equal(skep_map_delete(both.map, &key), 0);
}

static void check_loop(s32 count, s32 flags, s32 stop_at)
{
	struct skep_insn code[] = {
		MOV(1, count), WIDE(LD_FUNC, 2, 5, 0),
		MOV(3, 0),     MOV(4, flags),
		CALL(181),     EXIT,
		MOV(0, 0),     OP(JNE64_IMM, 1, 0, 1, stop_at),
		MOV(0, 1),     EXIT,
	};

	both.nr_funcs = 2;
	both.funcs[1] = 7;
	LOAD(code);
	compare_args(64, count, flags, "loop");
}

static void test_loop(void **state)
{
	need_kernel();
	check_loop(10, 0, 100);
	check_loop(10, 0, 3);
	check_loop(0, 0, 3);
	check_loop(10, 1, 3);
	check_loop(1 << 23, 0, 77);
	check_loop((1 << 23) + 1, 0, 77);
	check_loop(-1, 0, 77);
}

/* The format and 3 arguments on the stack; what trace_printk returns. */
static u32 check_trace_printk(const char *format, u32 size, u64 argument)
{
	struct skep_insn code[PROGRAM_MAX];
	u8 text[64] = {0};
	u32 nr = 0;

	memcpy(text, format, strnlen(format, sizeof(text)));
	for (u32 off = 0; off < sizeof(text); off += 4) {
		s32 word;

		memcpy(&word, text + off, sizeof(word));
		code[nr++] = OP(ST_W, 10, 0, (s16)(-64 + (s32)off), word);
	}
	code[nr++] = COPY(1, 10);
	code[nr++] = OP(ADD64_IMM, 1, 0, 0, -64);
	code[nr++] = MOV(2, (s32)size);
	for (u8 reg = 3; reg <= 5; reg++) {
		code[nr++] = OP(LD_IMM64, reg, 0, 0, (s32)argument);
		code[nr++] = (struct skep_insn){.imm = (s32)(argument >> 32)};
	}
	code[nr++] = CALL(6);
	code[nr++] = EXIT;
	load_both(code, nr, KERNEL_XDP);
	return compare_args(64, 0, 0, format);
}

static void test_trace_printk(void **state)
{
	const u64 arguments[] = {0, 1, 65, 0xfffffffffffffffb, 0x123456789abcdef0};

	need_kernel();
	for (size_t i = 0; i < ARRAY_SIZE(printk_formats); i++)
		for (size_t k = 0; k < ARRAY_SIZE(arguments); k++) {
			/* Symbols and addresses of the kernel have no length in common with ours.
			 */
			if (strstr(printk_formats[i], "%pS") || strstr(printk_formats[i], "%ps") ||
			    strstr(printk_formats[i], "%pB"))
				continue;
			check_trace_printk(printk_formats[i], (u32)strlen(printk_formats[i]) + 1,
					   arguments[k]);
		}
	/* without the NUL, and with bytes behind it */
	assert_int_equal((s32)check_trace_printk("plain", 5, 0), -22);
	assert_int_equal(check_trace_printk("plain", 60, 0), 5);
}

#define TEXT_BYTES 200

/* snprintf(buffer, size, format in a frozen map, arguments); the buffer goes to the packet. */
static void check_snprintf(const char *format, u32 size, u64 argument, u32 nr_args)
{
	const struct skep_map_def def = {.name = "format",
					 .type = SKEP_MAP_ARRAY,
					 .key_size = 4,
					 .value_size = 64,
					 .max_entries = 1,
					 .map_flags = SKEP_F_RDONLY_PROG};
	char value[64] = "";
	struct skep_insn code[PROGRAM_MAX];
	u32 nr = 0, key = 0;

	forget(NULL);
	memcpy(value, format, strlen(format));
	both.kernel_map = kernel_map(SKEP_MAP_ARRAY, 64, 1, SKEP_F_RDONLY_PROG);
	assert_int_equal(kernel_map_set(both.kernel_map, 0, value), 0);
	assert_int_equal(kernel_map_freeze(both.kernel_map), 0);
	assert_int_equal(map_create(&def, &both.map, NULL), 0);
	assert_int_equal(skep_map_update(both.map, &key, value, 0), 0);

	code[nr++] = COPY(6, 1);
	for (s16 off = -TEXT_BYTES - 24; off < 0; off += 8)
		code[nr++] = OP(ST_DW, 10, 0, off, 0);
	code[nr++] = OP(LD_IMM64, 1, 0, 0, (s32)argument);
	code[nr++] = (struct skep_insn){.imm = (s32)(argument >> 32)};
	for (s16 off = -TEXT_BYTES - 24; off < -TEXT_BYTES; off += 8)
		code[nr++] = OP(STX_DW, 10, 1, off, 0);
	code[nr++] = COPY(1, 10);
	code[nr++] = OP(ADD64_IMM, 1, 0, 0, -TEXT_BYTES);
	code[nr++] = MOV(2, (s32)size);
	code[nr++] = OP(LD_MAP_IDX_VALUE, 3, 0, 0, 0);
	code[nr++] = (struct skep_insn){0};
	code[nr++] = COPY(4, 10);
	code[nr++] = OP(ADD64_IMM, 4, 0, 0, -TEXT_BYTES - 24);
	code[nr++] = MOV(5, (s32)nr_args * 8);
	code[nr++] = CALL(165);
	code[nr++] = COPY(7, 0);
	code[nr++] = COPY(1, 6);
	code[nr++] = MOV(2, 0);
	code[nr++] = COPY(3, 10);
	code[nr++] = OP(ADD64_IMM, 3, 0, 0, -TEXT_BYTES);
	code[nr++] = MOV(4, TEXT_BYTES);
	code[nr++] = CALL(190);
	code[nr++] = COPY(0, 7);
	code[nr++] = EXIT;
	load_both(code, nr, KERNEL_XDP);
	compare_args(TEXT_BYTES, (s32)argument, (s32)nr_args, format);
}

static void test_snprintf(void **state)
{
	static const char *const formats[] = {
		"plain",
		"%d %i %u",
		"%x %X %lx",
		"%ld %lu %llx",
		"%lld %llu %lli",
		"%5d|%-5d|%05d",
		"%+d % d %+05d",
		"%5d|%-7d|%12d",
		"%08x|%-8x|%8x",
		"%020llx",
		"%-020llx|",
		"%+x|% x",
		"%0-5d|",
		"%+ d|% +d",
		"%05u|%-5u|%5u",
		"%lx|%20lx|%-20lx",
		"%px",
		"%20px|",
		"%s|%10s|%-10s|",
		"%c|%5c|%-5c",
		"%pI4|%20pI4|",
		"%pi4",
		"%pI6",
		"%pi6|",
		"%pI4abc def",
		"100%%",
		"%%%d%%",
	};
	const u64 arguments[] = {65, 0x41424344, 0xfffffffffffffffb, 0x123456789abcdef0};

	need_kernel();
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		for (size_t k = 0; k < ARRAY_SIZE(arguments); k++)
			check_snprintf(formats[i], TEXT_BYTES, arguments[k], 3);
	for (u32 size = 0; size < 12; size++)
		check_snprintf("%d;%d", size, 12345, 2);
}

/* Text from byte 16 on, length a, flags b; the number goes back to byte 8. */
static void check_number(u32 helper, const char *text, s32 flags)
{
	struct skep_insn code[] = {
		ARGUMENTS(48),
		OP(ST_DW, 10, 0, -40, 0x55),
		OP(LDX_DW, 1, 9, 16, 0),
		OP(STX_DW, 10, 1, -32, 0),
		OP(LDX_DW, 1, 9, 24, 0),
		OP(STX_DW, 10, 1, -24, 0),
		OP(LDX_DW, 1, 9, 32, 0),
		OP(STX_DW, 10, 1, -16, 0),
		OP(LDX_DW, 1, 9, 40, 0),
		OP(STX_DW, 10, 1, -8, 0),
		COPY(1, 10),
		OP(ADD64_IMM, 1, 0, 0, -32),
		COPY(2, 7),
		OP(AND64_IMM, 2, 0, 0, 31),
		OP(JNE64_IMM, 2, 0, 2, 0),
		MOV(0, 3),
		EXIT,
		COPY(3, 8),
		COPY(4, 10),
		OP(ADD64_IMM, 4, 0, 0, -40),
		CALL((s32)helper),
		OP(LDX_DW, 1, 10, -40, 0),
		OP(STX_DW, 9, 1, 8, 0),
		EXIT,
	};
	u8 packet[64] = {0};
	s32 len = (s32)strlen(text);

	if (both.kernel < 0)
		LOAD(code);
	memcpy(packet, &len, sizeof(len));
	memcpy(packet + 4, &flags, sizeof(flags));
	memcpy(packet + 16, text, strlen(text));
	compare(packet, sizeof(packet), text, helper, flags);
}

static void check_numbers(u32 helper)
{
	static const char *const texts[] = {
		"0",
		"1",
		"-1",
		"12345",
		"  42",
		"\t-7x",
		"+5",
		"0x1f",
		"0X1F",
		"0x",
		"x",
		"017",
		"08",
		"ff",
		"FF",
		"-0x10",
		"--1",
		"-",
		" ",
		"9223372036854775807",
		"9223372036854775808",
		"-9223372036854775808",
		"-9223372036854775809",
		"18446744073709551615",
		"18446744073709551616",
		"99999999999999999999999",
		"12 34",
		"1,5",
		"0x1g",
		"-0",
	};
	const s32 flags[] = {0, 8, 10, 16, 2, 31, 32, 64};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (size_t k = 0; k < ARRAY_SIZE(flags); k++)
			check_number(helper, texts[i], flags[k]);
}

static void test_strtol(void **state)
{
	need_kernel();
	check_numbers(105);
}

static void test_strtoul(void **state)
{
	need_kernel();
	check_numbers(106);
}

/* A socket filter sees the packet from the network header on. */
static void check_legacy(enum insn_id id, s32 imm)
{
	struct skep_insn code[] = {
		COPY(6, 1), MOV(2, 3), MOV(0, 55),
		make_insn(id, 0, insn_descs[id].flags & INSN_READS_SRC ? 2 : 0, 0, imm), EXIT};
	u8 packet[64], out[64];
	u32 out_size = sizeof(out), kernel_ret;
	u32 start = (u32)(uintptr_t)both.frame;
	struct skb_context skb = {.md = {.data = start + 14, .data_end = start + 64},
				  .hard_start = start,
				  .frame_end = start + 64,
				  .mac_header = start,
				  .network_header = start + 14};

	for (u8 i = 0; i < sizeof(packet); i++)
		packet[i] = 0x70 + i;
	memcpy(both.frame, packet, sizeof(packet));
	load_both(code, ARRAY_SIZE(code), KERNEL_SOCKET);
	assert_int_equal(
		kernel_run(both.kernel, packet, sizeof(packet), out, &out_size, &kernel_ret), 0);
	helper_env_init(&both.env, 1);
	helper_env = &both.env;
	assert_int_equal((u32)both.image->run(both.image, &skb), kernel_ret);
	assert_int_equal(both.env.aborted, TARGET_RAN);
}

static void test_legacy(void **state)
{
	const s32 offsets[] = {0,         1,         45,        46,        47,        48,
			       49,        50,        51,        -0x100000, -0x0fffff, -0x200000,
			       -0x1ffff0, -0x1fffc4, -0x0fffd0, -0x0fffcf, -0x0fffce};

	need_kernel();
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++)
		for (u32 id = INSN_LD_ABS_B; id <= INSN_LD_IND_W; id++)
			check_legacy((enum insn_id)id, offsets[i]);
}

/* --- random programs --- */

#define STACK_WORDS 4
#define RANDOM_INSNS 60
#define RANDOM_BRANCHES 7
#define RANDOM_PROGRAMS 400
#define RANDOM_PACKETS 8

static const u8 values[] = {0, 1, 2, 3, 4, 5, 7, 8}; /* registers that hold numbers */

static u8 any_register(u64 *seed)
{
	return values[next_random(seed) % ARRAY_SIZE(values)];
}

/* Immediates near what matters; the verifier refuses zero divisors and counts of the width. */
static s32 any_immediate(u64 *seed, const struct insn_desc *desc)
{
	const s32 few[] = {1, -1, 2, 7, 31, INT32_MAX, INT32_MIN, 0x10000, -128, 255};
	bool is_shift = strstr(desc->name, "SH") && desc->kind <= INSN_KIND_ALU32;

	if (is_shift)
		return (s32)(next_random(seed) % (desc->kind == INSN_KIND_ALU32 ? 32 : 64));
	if (next_random(seed) % 2)
		return few[next_random(seed) % ARRAY_SIZE(few)];
	return (s32)(next_random(seed) | 1);
}

/* An aligned place on the stack. */
static s16 any_slot(u64 *seed, u32 size)
{
	return (s16)(-8 * STACK_WORDS + (s32)(next_random(seed) % (8 * STACK_WORDS / size) * size));
}

/* A row that computes, loads, stores or branches over 1 to 3 instructions. */
static struct skep_insn any_insn(u64 *seed, u32 *branches)
{
	for (;;) {
		const struct insn_desc *desc = &insn_descs[next_random(seed) % INSN_ID_MAX];
		u8 dst = any_register(seed), src = any_register(seed);
		u8 operand = desc->flags & INSN_READS_SRC ? src : 0;
		s32 imm = desc->flags & INSN_USES_IMM ? any_immediate(seed, desc) : 0;

		switch (desc->kind) {
		case INSN_KIND_ALU64:
		case INSN_KIND_ALU32:
		case INSN_KIND_SWAP:
			if (desc->id != INSN_INVALID)
				return make_insn(desc->id, dst, operand, 0, imm);
			break;
		case INSN_KIND_LOAD:
			return make_insn(desc->id, dst, 10, any_slot(seed, desc->size), 0);
		case INSN_KIND_STORE:
		case INSN_KIND_ATOMIC:
			return make_insn(desc->id, 10, operand, any_slot(seed, desc->size), imm);
		case INSN_KIND_BRANCH64:
		case INSN_KIND_BRANCH32:
			if ((*branches)++ >= RANDOM_BRANCHES)
				break;
			return make_insn(desc->id, dst, operand, (s16)(1 + next_random(seed) % 3),
					 imm);
		default:
			break;
		}
	}
}

/*
 * Registers and stack get their values from the packet and go back to it. r6 = context, r9 =
 * packet.
 */
static u32 random_program(u64 *seed, struct skep_insn *code)
{
	const struct skep_insn head[] = {ARGUMENTS(8 * ARRAY_SIZE(values))};
	u32 nr = ARRAY_SIZE(head), branches = 0;

	memcpy(code, head, sizeof(head));
	for (u32 i = 0; i < STACK_WORDS; i++) {
		code[nr++] = OP(LDX_DW, 0, 9, (s16)(8 * i), 0);
		code[nr++] = OP(STX_DW, 10, 0, (s16)(-8 - 8 * (s32)i), 0);
	}
	for (u32 i = 0; i < ARRAY_SIZE(values); i++)
		code[nr++] = OP(LDX_DW, values[i], 9, (s16)(8 * i), 0);
	for (u32 i = 0; i < RANDOM_INSNS; i++)
		code[nr++] = any_insn(seed, &branches);
	for (u32 i = 0; i < 3; i++) /* where the last branches may lead */
		code[nr++] = OP(MOV32_REG, 1, 1, 0, 0);
	for (u32 i = 0; i < ARRAY_SIZE(values); i++)
		code[nr++] = OP(STX_DW, 9, values[i], (s16)(8 * i), 0);
	for (u32 i = 0; i < STACK_WORDS; i++) {
		code[nr++] = OP(LDX_DW, 1, 10, (s16)(-8 - 8 * (s32)i), 0);
		code[nr++] = OP(LDX_DW, 2, 9, (s16)(8 * i), 0);
		code[nr++] = OP(MUL64_IMM, 1, 0, 0, 0x01000193);
		code[nr++] = OP(XOR64_REG, 2, 1, 0, 0);
		code[nr++] = OP(STX_DW, 9, 2, (s16)(8 * i), 0);
	}
	code[nr++] = EXIT;
	return nr;
}

static u64 any_value(u64 *seed)
{
	const u64 few[] = {0,         1,        UINT64_MAX, 1ull << 63,
			   INT32_MAX, 1u << 31, UINT32_MAX, 1ull << 32};

	if (next_random(seed) % 2)
		return few[next_random(seed) % ARRAY_SIZE(few)];
	return next_random(seed) << 40 ^ next_random(seed) << 20 ^ next_random(seed);
}

static void test_random_programs(void **state)
{
	struct skep_insn code[PROGRAM_MAX];
	u64 seed = 20240229;

	need_kernel();
	for (s32 i = 0; i < RANDOM_PROGRAMS; i++) {
		load_both(code, random_program(&seed, code), KERNEL_XDP);
		for (s32 k = 0; k < RANDOM_PACKETS; k++) {
			u64 packet[ARRAY_SIZE(values)];

			for (u32 word = 0; word < ARRAY_SIZE(packet); word++)
				packet[word] = any_value(&seed);
			compare(packet, sizeof(packet), "random program, packet", i, k);
		}
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_adjust_head),
		TEST(test_adjust_meta),
		TEST(test_adjust_tail),
		TEST(test_adjust_head_with_meta),
		TEST(test_adjust_both_ends),
		TEST(test_load_store_bytes),
		TEST(test_csum_diff),
		TEST(test_redirect),
		TEST(test_redirect_map),
		TEST(test_tail_call_limit),
		TEST(test_tail_call_in_function),
		TEST(test_loop),
		TEST(test_trace_printk),
		TEST(test_snprintf),
		TEST(test_strtol),
		TEST(test_strtoul),
		TEST(test_legacy),
		TEST(test_random_programs),
	};

	return cmocka_run_group_tests_name("differential", tests, bed_up, bed_down);
}

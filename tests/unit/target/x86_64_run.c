/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Running machine code: calls, callbacks, tail calls, maps, legacy packet access, and the memory
 * that the code lies in. Results are held against the interpreter or against the contract.
 */
#include "x86_64.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "map/map.h"

static struct helper_env env;

static int env_up(void **state)
{
	helper_env_init(&env, 1);
	helper_env = &env;
	return 0;
}

static int env_down(void **state)
{
	helper_env = NULL;
	return 0;
}

#define BOTH(code_, memory)                                                                        \
	({                                                                                         \
		struct both both_ = both_of(code_, ARRAY_SIZE(code_), false);                      \
		u64 ret_ = both_run(&both_, memory, sizeof(memory), #code_);                       \
                                                                                                   \
		both_put(&both_);                                                                  \
		helper_env = &env;                                                                 \
		ret_;                                                                              \
	})

static struct image *image_of(const struct skep_insn *insns, u32 nr, enum skep_hook hook,
			      struct skep_map **maps, u32 nr_maps)
{
	return translate_x86((struct target_input){
		.insns = insns, .nr_insns = nr, .hook = hook, .maps = maps, .nr_maps = nr_maps});
}

static struct skep_map *map_new(u32 type, u32 value_size, u32 entries)
{
	const struct skep_map_def def = {.name = "map",
					 .type = type,
					 .key_size = 4,
					 .value_size = value_size,
					 .max_entries = entries};
	struct skep_map *map = NULL;

	assert_int_equal(map_create(&def, &map, NULL), 0);
	return map;
}

/* Functions have stacks of their own and give r6 to r9 back. */
static void test_functions(void **state)
{
	u64 memory[2] = {40, 2};
	const struct skep_insn code[] = {
		MOV(6, 6),
		MOV(7, 7),
		MOV(8, 8),
		MOV(9, 9),
		OP(ST_DW, 10, 0, -8, 1000),
		OP(LDX_DW, 2, 1, 8, 0),
		OP(LDX_DW, 1, 1, 0, 0),
		OP(CALL_LOCAL, 0, 0, 0, 8),
		OP(LDX_DW, 1, 10, -8, 0),
		OP(ADD64_REG, 0, 1, 0, 0),
		OP(ADD64_REG, 0, 6, 0, 0),
		OP(ADD64_REG, 0, 7, 0, 0),
		OP(ADD64_REG, 0, 8, 0, 0),
		OP(ADD64_REG, 0, 9, 0, 0),
		OP(MUL64_IMM, 6, 0, 0, 3),
		EXIT,
		OP(ST_DW, 10, 0, -8, 5),
		OP(ST_DW, 10, 0, -512, 5),
		COPY(6, 1),
		COPY(7, 2),
		MOV(8, 0),
		MOV(9, 0),
		OP(CALL_LOCAL, 0, 0, 0, 2),
		OP(ADD64_REG, 0, 6, 0, 0),
		EXIT,
		COPY(0, 1),
		OP(ADD64_REG, 0, 2, 0, 0),
		MOV(6, -1),
		EXIT,
	};

	assert_int_equal(BOTH(code, memory), 42 + 40 + 1000 + 6 + 7 + 8 + 9);
}

/* bpf_loop(10, function, &sum on the stack, 0) */
static void test_callback(void **state)
{
	u64 memory[1] = {0};
	const struct skep_insn code[] = {
		OP(ST_DW, 10, 0, -8, 0),
		MOV(6, 77),
		MOV(1, 10),
		WIDE(LD_FUNC, 2, 9, 0),
		COPY(3, 10),
		OP(ADD64_IMM, 3, 0, 0, -8),
		MOV(4, 0),
		CALL(181),
		OP(LDX_DW, 1, 10, -8, 0),
		OP(ADD64_REG, 0, 1, 0, 0),
		OP(ADD64_REG, 0, 6, 0, 0),
		EXIT,
		/* function */
		MOV(6, 0),
		OP(LDX_DW, 3, 2, 0, 0),
		OP(ADD64_REG, 3, 1, 0, 0),
		OP(STX_DW, 2, 3, 0, 0),
		MOV(0, 0),
		EXIT,
	};

	assert_int_equal(BOTH(code, memory), 10 + 45 + 77);
}

static void test_call_by_register(void **state)
{
	u64 memory[1] = {0};
	const struct skep_insn function[] = {
		WIDE(LD_FUNC, 7, 5, 0),
		MOV(1, 30),
		MOV(2, 12),
		OP(CALLX, 7, 0, 0, 0),
		EXIT,
		MOV(0, 0),
		COPY(0, 1),
		OP(ADD64_REG, 0, 2, 0, 0),
		EXIT,
	};
	const struct skep_insn helper[] = {MOV(7, 8), OP(CALLX, 7, 0, 0, 0), EXIT};
	const struct skep_insn nothing[] = {MOV(7, 1000), OP(CALLX, 7, 0, 0, 0), EXIT};
	struct image *image;

	assert_int_equal(BOTH(function, memory), 42);
	cpu_self = 3;
	assert_int_equal(BOTH(helper, memory), 3);
	cpu_self = 0;
	image = image_of(nothing, ARRAY_SIZE(nothing), SKEP_HOOK_NONE, NULL, 0);
	x86_64_run_memory(image, NULL, 0);
	assert_int_equal(env.aborted, TARGET_ABORT_HELPER);
	image_put(image);
}

/* May_goto counts in each frame on its own. */
static void test_may_goto(void **state)
{
	u64 memory[1] = {0};
	const struct skep_insn code[] = {
		MOV(6, 0),
		OP(ADD64_IMM, 6, 0, 0, 1),
		OP(MAY_GOTO, 0, 0, 1, 0),
		OP(JA, 0, 0, -3, 0),
		OP(CALL_LOCAL, 0, 0, 0, 2),
		OP(ADD64_REG, 0, 6, 0, 0),
		EXIT,
		MOV(0, 0),
		OP(ADD64_IMM, 0, 0, 0, 1),
		OP(MAY_GOTO, 0, 0, 1, 0),
		OP(JA, 0, 0, -3, 0),
		EXIT,
	};

	assert_int_equal(BOTH(code, memory), 2 * ((8 << 20) + 1));
}

#define TAIL_CALL(map, index) WIDE(LD_MAP_IDX, 2, map, 0), MOV(3, index), CALL(12)

static void set_slot(struct skep_map *map, u32 index, const struct image *image)
{
	u32 id = image->id;

	assert_int_equal(skep_map_update(map, &index, &id, 0), 0);
}

static void clear_slot(struct skep_map *map, u32 index)
{
	assert_int_equal(skep_map_delete(map, &index), 0);
}

/* Memory: how often a program started. Every program tail-calls slot 0, which is itself. */
static void test_tail_call_limit(void **state)
{
	struct skep_map *map = map_new(SKEP_MAP_PROG_ARRAY, 4, 4);
	const struct skep_insn code[] = {
		MOV(6, 6),
		COPY(6, 1),
		OP(LDX_DW, 0, 1, 0, 0),
		OP(ADD64_IMM, 0, 0, 0, 1),
		OP(STX_DW, 1, 0, 0, 0),
		TAIL_CALL(0, 0),
		OP(LDX_DW, 0, 6, 0, 0),
		EXIT,
	};
	struct image *image = image_of(code, ARRAY_SIZE(code), SKEP_HOOK_NONE, &map, 1);

	set_slot(map, 0, image);
	for (u32 run = 0; run < 3; run++) {
		u64 starts = 0;

		assert_int_equal(x86_64_run_memory(image, &starts, sizeof(starts)), 34);
		assert_int_equal(starts, 34);
	}
	clear_slot(map, 0);
	image_put(image);
	map_put(map);
}

/* Empty slots and indexes beyond the end are missed; the next image takes over otherwise. */
static void test_tail_call(void **state)
{
	struct skep_map *map = map_new(SKEP_MAP_PROG_ARRAY, 4, 4);
	const struct skep_insn other_code[] = {MOV(0, 99), MOV(6, -1), MOV(9, -1), EXIT};
	const struct skep_insn code[] = {
		MOV(6, 5),
		COPY(7, 1),
		OP(CALL_LOCAL, 0, 0, 0, 2),
		OP(ADD64_REG, 0, 6, 0, 0),
		EXIT,
		/* function: r1 = memory that holds the index */
		COPY(6, 1),
		WIDE(LD_MAP_IDX, 2, 0, 0),
		OP(LDX_W, 3, 1, 0, 0),
		CALL(12),
		MOV(0, 7),
		EXIT,
	};
	struct image *other = image_of(other_code, ARRAY_SIZE(other_code), SKEP_HOOK_NONE, NULL, 0);
	struct image *image = image_of(code, ARRAY_SIZE(code), SKEP_HOOK_NONE, &map, 1);
	u32 index[2] = {2, 0};

	set_slot(map, 2, other);
	assert_int_equal(x86_64_run_memory(image, index, 8), 99 + 5);
	index[0] = 1;
	assert_int_equal(x86_64_run_memory(image, index, 8), 7 + 5);
	index[0] = 4;
	assert_int_equal(x86_64_run_memory(image, index, 8), 7 + 5);
	index[0] = UINT32_MAX;
	assert_int_equal(x86_64_run_memory(image, index, 8), 7 + 5);
	clear_slot(map, 2);
	index[0] = 2;
	assert_int_equal(x86_64_run_memory(image, index, 8), 7 + 5);
	assert_null(env.image);
	image_put(image);
	image_put(other);
	map_put(map);
}

/* A prog array takes programs of one target only. */
static void test_tail_call_targets(void **state)
{
	struct skep_map *map = map_new(SKEP_MAP_PROG_ARRAY, 4, 1);
	const struct skep_insn code[] = {TAIL_CALL(0, 0), MOV(0, 0), EXIT};
	struct image *image = image_of(code, ARRAY_SIZE(code), SKEP_HOOK_XDP, &map, 1);
	const struct skep_insn plain[] = {MOV(0, 0), EXIT};
	struct image *other = IMAGE(plain, XDP);
	u32 index = 0, id = other->id;

	assert_int_equal(skep_map_update(map, &index, &id, 0), -EINVAL);
	image_put(other);
	image_put(image);
	map_put(map);
}

/* r0 = *look-up of the key at memory, or -1 */
static void check_lookup(u32 type, u32 value_size)
{
	struct skep_map *map = map_new(type, value_size, 5);
	const struct skep_insn code[] = {
		COPY(2, 1),
		WIDE(LD_MAP_IDX, 1, 0, 0),
		CALL(1),
		OP(JNE64_IMM, 0, 0, 2, 0),
		MOV(0, -1),
		EXIT,
		OP(LDX_DW, 0, 0, 0, 0),
		EXIT,
	};
	struct image *image = image_of(code, ARRAY_SIZE(code), SKEP_HOOK_NONE, &map, 1);

	for (u32 key = 0; key < 7; key++)
		for (cpu_self = 0; cpu_self < cpu_count() + 1; cpu_self++) {
			u64 *value = map->ops->lookup(map, &key), memory = key;

			if (value)
				*value = key * 100 + cpu_self;
			assert_int_equal(x86_64_run_memory(image, &memory, sizeof(memory)),
					 value ? *value : UINT64_MAX);
		}
	cpu_self = 0;
	image_put(image);
	map_put(map);
}

static void test_lookups(void **state)
{
	check_lookup(SKEP_MAP_ARRAY, 8);
	check_lookup(SKEP_MAP_ARRAY, 24);
	check_lookup(SKEP_MAP_PERCPU_ARRAY, 8);
	check_lookup(SKEP_MAP_PERCPU_ARRAY, 40);
	check_lookup(SKEP_MAP_HASH, 8);
}

/* With a constant key the look-up is an address, and the test for NULL falls away. */
static void test_constant_key(void **state)
{
	struct skep_map *map = map_new(SKEP_MAP_ARRAY, 8, 5);
	const struct skep_insn code[] = {
		OP(ST_W, 10, 0, -4, 3),    COPY(2, 10), OP(ADD64_IMM, 2, 0, 0, -4),
		WIDE(LD_MAP_IDX, 1, 0, 0), CALL(1),     OP(JEQ64_IMM, 0, 0, 1, 0),
		OP(LDX_DW, 0, 0, 0, 0),    EXIT,
	};
	struct insn_facts insns[ARRAY_SIZE(code)] = {0};
	struct verifier_facts facts = {.insns = insns, .nr_insns = ARRAY_SIZE(code)};
	u32 key = 3;
	struct image *image;

	for (u32 at = 0; at < ARRAY_SIZE(code); at++)
		insns[at] = (struct insn_facts){.reached = true, .map = -1};
	insns[5] = (struct insn_facts){
		.reached = true, .called = true, .const_key = true, .const_key_value = 3};
	*(u64 *)map->ops->lookup(map, &key) = 4711;
	image = translate_x86((struct target_input){.insns = code,
						    .nr_insns = ARRAY_SIZE(code),
						    .maps = &map,
						    .nr_maps = 1,
						    .facts = &facts});
	assert_int_equal(x86_64_run_memory(image, NULL, 0), 4711);
	image_put(image);
	insns[5].const_key_value = 5;
	image = translate_x86((struct target_input){.insns = code,
						    .nr_insns = ARRAY_SIZE(code),
						    .maps = &map,
						    .nr_maps = 1,
						    .facts = &facts});
	assert_int_equal(x86_64_run_memory(image, NULL, 0), 0);
	image_put(image);
	map_put(map);
}

/* A packet of 64 bytes, byte n holding n. */
static u64 run_legacy(enum insn_id id, u64 index, s32 imm)
{
	const struct skep_insn code[] = {
		COPY(6, 1),
		MOV(7, (s32)index),
		MOV(8, 0),
		make_insn(id, 0, insn_descs[id].flags & INSN_READS_SRC ? 7 : 0, 0, imm),
		OP(ADD64_IMM, 0, 0, 0, 1000000),
		EXIT,
	};
	struct target_input in = {
		.insns = code, .nr_insns = ARRAY_SIZE(code), .hook = SKEP_HOOK_SOCKET};
	struct image *interp = translate(&in), *x86 = translate_x86(in);
	struct skb_context ctx = {0};
	void *frame;
	u64 a, b;

	assert_int_equal(lowmem_map(4096, &frame), 0);
	for (u32 i = 0; i < 64; i++)
		((u8 *)frame)[i] = (u8)i;
	ctx.md.data = (u32)(uintptr_t)frame;
	ctx.md.data_end = ctx.md.data + 64;
	ctx.hard_start = ctx.mac_header = ctx.network_header = ctx.md.data;
	a = interp->run(interp, &ctx);
	b = x86->run(x86, &ctx);
	assert_int_equal(a, b);
	lowmem_unmap(frame, 4096);
	image_put(interp);
	image_put(x86);
	return b;
}

static void test_legacy(void **state)
{
	assert_int_equal(run_legacy(INSN_LD_ABS_B, 0, 63), 1000063);
	assert_int_equal(run_legacy(INSN_LD_ABS_H, 0, 62), 1000000 + 0x3e3f);
	assert_int_equal(run_legacy(INSN_LD_ABS_W, 0, 61), 0);
	assert_int_equal(run_legacy(INSN_LD_IND_W, 2, 2), 1000000 + 0x04050607);
	assert_int_equal(run_legacy(INSN_LD_IND_B, 64, -1), 1000063);
	assert_int_equal(run_legacy(INSN_LD_IND_B, 64, 0), 0);
	assert_int_equal(run_legacy(INSN_LD_ABS_B, 0, -0x100000 + 5), 1000005);
}

/* Permissions of the pages from an address on, by /proc/self/maps; "" when nothing is mapped. */
static void permissions(u64 address, char ret[5])
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];

	ret[0] = 0;
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		u64 from, to;
		char bits[5];

		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &from, &to, bits) == 3 &&
		    address >= from && address < to)
			memcpy(ret, bits, 5);
		assert_null(strstr(line, "wx")); /* nothing is both, anywhere */
		if (strstr(line, "skep-code"))
			assert_null(strstr(line, "rw"));
	}
	fclose(maps);
}

static void test_memory_of_code(void **state)
{
	const struct skep_insn code[] = {MOV(0, 1), EXIT};
	struct image *image = image_of(code, ARRAY_SIZE(code), SKEP_HOOK_NONE, NULL, 0);
	const struct x86_64_image *self = container_of(image, struct x86_64_image, image);
	u64 at = (u64)(uintptr_t)self->exec.run;
	char bits[5];

	permissions(at, bits);
	assert_int_equal(bits[0], 'r');
	assert_int_equal(bits[1], '-');
	assert_int_equal(bits[2], 'x');
	permissions(at - 1, bits);
	assert_memory_equal(bits, "---", 3);
	permissions(at + self->exec.size, bits);
	assert_memory_equal(bits, "---", 3);
	image_put(image);
	permissions(at, bits);
	assert_true(!bits[0] || bits[2] != 'x');
}

static void test_blinding(void **state)
{
	const struct skep_insn code[] = {
		WIDE(LD_IMM64, 0, 0x11223344, 0x55667788),
		OP(XOR64_IMM, 0, 0, 0, 0x31337),
		OP(ST_DW, 10, 0, -8, 0x31337),
		OP(JEQ64_IMM, 0, 0, 0, 0x31337),
		EXIT,
	};
	static const u32 secrets[] = {0x11223344, 0x55667788, 0x31337};

	for (u32 blind = 0; blind < 2; blind++) {
		struct image *image = translate_x86((struct target_input){
			.insns = code, .nr_insns = ARRAY_SIZE(code), .blind = blind});
		const struct x86_64_image *self = container_of(image, struct x86_64_image, image);

		assert_true(x86_64_run_memory(image, NULL, 0) == (0x5566778811223344 ^ 0x31337));
		for (u32 i = 0; i < ARRAY_SIZE(secrets); i++)
			assert_int_equal(!memmem(self->exec.run, self->size, &secrets[i], 4),
					 blind);
		image_put(image);
	}
}

static void test_unverified(void **state)
{
	const struct skep_insn code[] = {MOV(0, 1), EXIT};
	const struct target_input in = {.insns = code, .nr_insns = ARRAY_SIZE(code)};
	struct skep_diag *diag = skep_diag_new();
	struct image *image = NULL;

	assert_int_equal(target_x86_64.translate(&in, &image, diag), -EPERM);
	assert_contains(skep_diag_problem(diag), "not verified");
	assert_null(image);
	skep_diag_free(diag);
}

/* A plain run clears what stopped the last one. */
static void test_plain_entry(void **state)
{
	const struct skep_insn code[] = {OP(LDX_W, 0, 1, 0, 0), EXIT};
	struct image *image = image_of(code, ARRAY_SIZE(code), SKEP_HOOK_XDP, NULL, 0);
	u32 ctx = 12345;

	env.aborted = TARGET_ABORT_BUDGET;
	assert_int_equal(image->run(image, &ctx), 12345);
	assert_int_equal(env.aborted, TARGET_RAN);
	image_put(image);
}

static void check_batch(struct image *image)
{
	struct xdp_md contexts[9];
	void *ctxs[9];
	u64 verdicts[10];

	for (u32 i = 0; i < 9; i++) {
		contexts[i] = (struct xdp_md){.ingress_ifindex = i * i};
		ctxs[i] = &contexts[i];
	}
	verdicts[9] = 4;
	image->run_batch(image, ctxs, verdicts, 9);
	for (u32 i = 0; i < 9; i++)
		assert_int_equal(verdicts[i], i * i);
	assert_int_equal(verdicts[9], 4);
	image->run_batch(image, ctxs, verdicts, 0);
	image_put(image);
}

static void test_batch(void **state)
{
	const struct skep_insn plain[] = {OP(LDX_W, 0, 1, 12, 0), EXIT};
	const struct skep_insn called[] = {COPY(6, 1), CALL(14), OP(LDX_W, 0, 6, 12, 0), EXIT};

	check_batch(image_of(plain, ARRAY_SIZE(plain), SKEP_HOOK_XDP, NULL, 0));
	check_batch(image_of(called, ARRAY_SIZE(called), SKEP_HOOK_XDP, NULL, 0));
	check_batch(IMAGE(plain, XDP));
}

static void test_dump(void **state)
{
	const struct skep_insn code[] = {MOV(7, 5), OP(ADD64_IMM, 7, 0, 0, 1000), COPY(0, 7), EXIT};
	struct image *image = image_of(code, ARRAY_SIZE(code), SKEP_HOOK_NONE, NULL, 0);
	struct buf text = {0};

	assert_int_equal(target_x86_64.dump(image, &text), 0);
	assert_contains(buf_text(&text), "push r13");
	assert_contains(buf_text(&text), "r7 += 1000");
	assert_contains(buf_text(&text), "add r13, 0x3E8");
	assert_contains(buf_text(&text), "ret");
	buf_free(&text);
	image_put(image);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, env_up, env_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_functions),
		TEST(test_callback),
		TEST(test_call_by_register),
		TEST(test_may_goto),
		TEST(test_tail_call),
		TEST(test_tail_call_limit),
		TEST(test_tail_call_targets),
		TEST(test_lookups),
		TEST(test_constant_key),
		TEST(test_legacy),
		TEST(test_memory_of_code),
		TEST(test_blinding),
		TEST(test_unverified),
		TEST(test_plain_entry),
		TEST(test_batch),
		TEST(test_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

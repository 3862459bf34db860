/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The same program on the interpreter and as machine code: both must do the same. */
#ifndef SKEP_TEST_X86_64_H
#define SKEP_TEST_X86_64_H

#include "program.h"

#include "base/buf.h"
#include "target/x86_64/jit.h"
#include "target/x86_64/x86_64.h"

static inline struct image *translate_x86(struct target_input in)
{
	struct skep_diag diag;
	struct image *image = NULL;

	in.unsafe = !in.facts;
	diag_init(&diag);
	if (target_x86_64.translate(&in, &image, &diag))
		fail_msg("translate: %s", skep_diag_problem(&diag));
	diag_reset(&diag);
	return image;
}

static inline void print_both(const struct image *image, const char *what)
{
	struct buf text = {0};

	target_x86_64.dump(image, &text);
	print_error("%s\n%s\n", what, buf_text(&text));
	buf_free(&text);
}

struct both {
	struct image *interp, *x86;
};

static inline struct both both_of(const struct skep_insn *insns, u32 nr, bool blind)
{
	struct target_input in = {.insns = insns, .nr_insns = nr, .blind = blind};

	return (struct both){translate(&in), translate_x86(in)};
}

static inline void both_put(struct both *both)
{
	image_put(both->interp);
	image_put(both->x86);
}

/* Run both on the same bytes at the same address; r0 and the bytes afterwards must agree. */
static inline u64 both_run(const struct both *both, void *memory, size_t size, const char *what)
{
	struct helper_env env;
	u8 before[1024], after[1024];
	u64 a, b;

	assert_true(size <= sizeof(before));
	memcpy(before, memory, size);
	helper_env_init(&env, 1);
	helper_env = &env;
	a = interp_run_memory(both->interp, memory, size, NULL);
	if (env.aborted)
		fail_msg("%s: stopped: %s", what, env.fault.why ? env.fault.why : "?");
	memcpy(after, memory, size);
	memcpy(memory, before, size);
	helper_env_init(&env, 1);
	b = x86_64_run_memory(both->x86, memory, size);
	helper_env = NULL;
	if (a != b || memcmp(after, memory, size)) {
		print_both(both->x86, what);
		for (size_t at = 0; at + 8 <= size; at += 8)
			if (memcmp(after + at, (u8 *)memory + at, 8))
				print_error("at %zu: %llx, not %llx\n", at,
					    (unsigned long long)*(u64 *)(void *)((u8 *)memory + at),
					    (unsigned long long)*(u64 *)(void *)(after + at));
		fail_msg("%s: r0 is %llx, not %llx", what, (unsigned long long)b,
			 (unsigned long long)a);
	}
	return a;
}

#endif

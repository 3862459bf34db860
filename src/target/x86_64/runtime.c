/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is C at run time: entering an image, callbacks, batches, packets the legacy way. */
#include "target/legacy.h"
#include "target/x86_64/jit.h"

#include <stdlib.h>

#include "helper/context.h"
#include "helper/env.h"
#include "target/x86_64/x86_64.h"

_Thread_local u32 x86_64_tail_calls __attribute__((tls_model("initial-exec")));

static const struct x86_64_image *own(const struct image *image)
{
	return container_of(image, const struct x86_64_image, image);
}

/* helper_env.call: functions of a program are functions of the ABI. */
static u64 call_function(struct helper_env *env, u64 fn, u64 r1, u64 r2, u64 r3, u64 r4, u64 r5)
{
	return ((u64(*)(u64, u64, u64, u64, u64))(uintptr_t)fn)(r1, r2, r3, r4, r5);
}

/* What a run changes and its end brings back. */
struct outer {
	const struct image *image;
	u64 (*call)(struct helper_env *, u64, u64, u64, u64, u64, u64);
	void *target;
	u32 tail_calls;
};

static struct outer enter(struct helper_env *env)
{
	const struct outer outer = {env->image, env->call, env->target, x86_64_tail_calls};

	env->call = call_function;
	env->target = NULL;
	return outer;
}

static void leave(struct helper_env *env, const struct outer *outer)
{
	env->image = outer->image;
	env->call = outer->call;
	env->target = outer->target;
	x86_64_tail_calls = outer->tail_calls;
}

static u64 run_once(const struct image *image, struct helper_env *env, u64 r1, u64 r2)
{
	env->image = image;
	env->aborted = TARGET_RAN;
	x86_64_tail_calls = 0;
	return own(image)->entry(r1, r2);
}

u64 x86_64_run(const struct image *image, void *ctx)
{
	struct helper_env *env = helper_env;
	const struct outer outer = enter(env);
	u64 ret = run_once(image, env, (u64)(uintptr_t)ctx, 0);

	leave(env, &outer);
	return ret;
}

u64 x86_64_run_memory(const struct image *image, void *memory, size_t size)
{
	struct helper_env *env = helper_env;
	const struct outer outer = enter(env);
	u64 ret = run_once(image, env, (u64)(uintptr_t)memory, size);

	leave(env, &outer);
	return env->aborted ? 0 : ret;
}

/* The head of the packet after the next: it arrives while two programs run. */
static inline void prefetch(const struct image *image, void *const *ctxs, u32 at, u32 n)
{
	if (image->hook == SKEP_HOOK_XDP && at + 2 < n)
		__builtin_prefetch((void *)(uintptr_t)((struct xdp_md *)ctxs[at + 2])->data, 1);
}

void x86_64_run_batch(const struct image *image, void *const *ctxs, u64 *verdicts, u32 n)
{
	struct helper_env *env = helper_env;
	const struct outer outer = enter(env);

	for (u32 at = 0; at < n; at++) {
		prefetch(image, ctxs, at, n);
		verdicts[at] = run_once(image, env, (u64)(uintptr_t)ctxs[at], 0);
	}
	leave(env, &outer);
}

void x86_64_run_batch_plain(const struct image *image, void *const *ctxs, u64 *verdicts, u32 n)
{
	u64 (*entry)(u64, u64) = own(image)->entry;

	helper_env->aborted = TARGET_RAN;
	for (u32 at = 0; at < n; at++) {
		prefetch(image, ctxs, at, n);
		verdicts[at] = entry((u64)(uintptr_t)ctxs[at], 0);
	}
}

u64 x86_64_legacy(const void *ctx, s32 off, u32 size)
{
	u64 value;

	return legacy_load(ctx, off, size, &value) ? value : UINT64_MAX;
}

/* The verifier lets no such call pass; of an unverified program the run counts as stopped. */
u64 x86_64_call_any(u64 r1, u64 r2, u64 r3, u64 r4, u64 r5, u64 id)
{
	helper_fn body = helper_body((u32)id);

	if (body)
		return body(r1, r2, r3, r4, r5);
	helper_env->aborted = TARGET_ABORT_HELPER;
	helper_env->fault =
		(struct helper_fault){.why = "callx of what is neither a function nor a helper"};
	return 0;
}

static void image_free(struct image *image)
{
	struct x86_64_image *self = container_of(image, struct x86_64_image, image);

	exec_free(&self->exec);
	free(self->insns);
	free(self->offsets);
	free(self);
}

const struct image_ops x86_64_image_ops = {
	.target = "x86_64",
	.free = image_free,
};

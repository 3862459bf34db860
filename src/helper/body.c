/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* From the id of a helper to its body. */
#include "helper/body.h"

enum {
#define HELPER(id, name, ...) ID_##name = id,
#include "insn/helper.def"
	ID_MAX
};

static const helper_fn bodies[ID_MAX] = {
#define BODY(name, file) [ID_##name] = helper_##name,
#include "helper/body.def"
};

helper_fn helper_body(u32 id)
{
	return id < ID_MAX ? bodies[id] : NULL;
}

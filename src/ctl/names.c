/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "ctl/names.h"

#include <errno.h>

#include "base/buf.h"
#include "base/diag.h"

static int fail(const struct skep_object *object, const char *kind, const char *name,
		const struct buf *names, struct skep_diag *diag)
{
	diag_fail(diag, -ENOENT, "there is no %s %s in %s", kind, name, object->name);
	if (names->len)
		diag_try(diag, "%ss of this object: %s", kind, buf_text(names));
	else
		diag_try(diag, "this object has no %ss", kind);
	diag_object(diag, object->name);
	return -ENOENT;
}

int names_no_prog(const struct skep_object *object, const char *name, struct skep_diag *diag)
{
	struct buf names = {0};
	int err;

	for (size_t p = 0; p < object->nr_progs; p++)
		buf_printf(&names, "%s%s (%s)", p ? ", " : "", object->progs[p].name,
			   object->progs[p].section);
	err = fail(object, "program", name, &names, diag);
	buf_free(&names);
	return err;
}

int names_no_map(const struct skep_object *object, const char *name, struct skep_diag *diag)
{
	struct buf names = {0};
	int err;

	for (size_t m = 0; m < object->nr_maps; m++)
		buf_printf(&names, "%s%s", m ? ", " : "", object->maps[m].def.name);
	err = fail(object, "map", name, &names, diag);
	buf_free(&names);
	return err;
}

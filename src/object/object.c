/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Opening an object: file to image, image to sections, BTF, maps, linked programs. open_image()
 * is the order of things.
 */
#include "object/object.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "object/opening.h"

#define OBJECT_BYTES_MAX (256u << 20)
#define LICENSE_MAX 63 /* libbpf keeps no more */

int opening_fail(struct opening *o, int err, struct spot spot, const char *fmt, ...)
{
	char *text;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	diag_fail(o->diag, err, "%s", len < 0 ? strerror(-err) : text);
	if (len >= 0)
		free(text);
	diag_category(o->diag, "object");
	diag_object(o->diag, o->object->name);
	diag_section(o->diag, spot.section);
	diag_symbol(o->diag, spot.symbol);
	if (spot.off >= 0)
		diag_off(o->diag, (u64)spot.off);
	return err;
}

/* The license and version sections. */
static int read_identity(struct opening *o)
{
	struct skep_object *object = o->object;

	for (u32 i = 1; i < o->nr_sections; i++) {
		const struct elf_section *section = &o->sections[i];

		if (section->role == ROLE_LICENSE) {
			size_t max = section->size < LICENSE_MAX ? section->size : LICENSE_MAX;

			object->license = arena_printf(object->arena, "%.*s", (int)max,
						       section->data ? (char *)section->data : "");
			if (!object->license)
				return -ENOMEM;
		}
		if (section->role != ROLE_VERSION)
			continue;
		if (!section->data || section->size != sizeof(u32))
			return opening_fail(o, -EINVAL, spot_in(section->name, NULL),
					    "the kernel version must be 4 bytes, not %llu",
					    (unsigned long long)section->size);
		memcpy(&object->kern_version, section->data, sizeof(u32));
	}
	return 0;
}

static int open_image(struct opening *o)
{
	int err;

	err = elf_read(o);
	err = err ?: read_identity(o);
	err = err ?: functions_read(o);
	err = err ?: btf_read(o);
	err = err ?: btf_ext_read(o);
	err = err ?: extern_collect(o);
	err = err ?: legacy_maps_read(o);
	err = err ?: maps_read(o);
	err = err ?: struct_ops_add_maps(o);
	err = err ?: link_programs(o);
	err = err ?: slots_read(o);
	err = err ?: struct_ops_read(o);
	return err;
}

void skep_object_close(struct skep_object *object)
{
	if (!object)
		return;
	btf_ext__free(object->btf_ext);
	btf__free(object->btf);
	arena_free(object->arena);
	free(object);
}

static struct skep_object *object_new(const char *name)
{
	struct skep_object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->license = "";
	object->arena = arena_new();
	object->name = object->arena ? arena_strdup(object->arena, name) : NULL;
	if (!object->name) {
		skep_object_close(object);
		return NULL;
	}
	return object;
}

int skep_object_open_mem(const void *data, size_t size, const char *name, struct skep_object **ret,
			 struct skep_diag *diag)
{
	struct skep_object *object = object_new(name);
	struct opening o = {.object = object, .diag = diag, .image_size = size, .kconfig_map = -1};
	int err = -ENOMEM;

	if (object)
		o.image = arena_memdup(object->arena, data, size);
	if (o.image)
		err = open_image(&o);
	if (err == -ENOMEM)
		diag_fail(diag, err, "out of memory while opening '%s'", name);
	if (err) {
		skep_object_close(object);
		return err;
	}
	*ret = object;
	return 0;
}

int skep_object_open(const char *path, struct skep_object **ret, struct skep_diag *diag)
{
	_cleanup_(buf_free) struct buf file = {0};
	int err = buf_read_file(&file, path, OBJECT_BYTES_MAX);

	if (!err)
		return skep_object_open_mem(file.data, file.len, path, ret, diag);
	if (err == -EFBIG)
		diag_fail(diag, err, "'%s' is larger than %u MiB", path, OBJECT_BYTES_MAX >> 20);
	else
		diag_fail(diag, err, "cannot read '%s': %s", path, strerror(-err));
	diag_category(diag, "object");
	diag_object(diag, path);
	return err;
}

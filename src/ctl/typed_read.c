/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * JSON to bytes by BTF type, the reverse of typed_write.c. Each refusal names the member it
 * came to ("entry 3: value.stats[2].packets") and what the type takes.
 */
#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/diag.h"
#include "ctl/typed.h"

/* A place in the value: bytes from `data` on, reached by the path `what`. */
struct place {
	const struct btf *btf;
	const char *what;
	u8 *data;
	size_t size;
	u32 depth;
	struct skep_diag *diag;
};

static int read_type(struct place at, u32 type_id, u32 bit_off, const json_t *json);

static const char *json_kind(const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
		return "an integer";
	case JSON_REAL:
		return "a fraction";
	case JSON_NULL:
		return "null";
	default:
		return "a boolean";
	}
}

/* Does the number (negative: as two's complement) have a place in `bits` bits, signed or not? */
static bool integer_fits(u64 value, bool negative, u32 bits)
{
	if (bits >= 64)
		return true;
	if (negative)
		return (s64)value >= -((s64)1 << (bits - 1));
	return value < 1ull << bits;
}

static int parse_integer(const json_t *json, const char *what, u32 bits, u64 *ret,
			 struct skep_diag *diag)
{
	const char *text = json_string_value(json);
	bool negative = false;
	u64 value = 0;
	char *end;

	if (json_is_integer(json)) {
		value = (u64)json_integer_value(json);
		negative = json_integer_value(json) < 0;
	} else if (json_is_boolean(json)) {
		value = json_is_true(json);
	} else if (text && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		errno = 0;
		value = strtoull(text, &end, 16);
		if (errno || *end || end == text + 2)
			return diag_fail(diag, -EINVAL,
					 "%s: \"%s\" is no 64-bit hexadecimal number", what, text);
	} else {
		return diag_fail(diag, -EINVAL, "%s: a number is wanted, this is %s", what,
				 json_kind(json));
	}
	if (!integer_fits(value, negative, bits)) {
		diag_fail(diag, -ERANGE, "%s: %s%" PRIu64 " does not fit into %u bits", what,
			  negative ? "-" : "", negative ? 0 - value : value, bits);
		return -ERANGE;
	}
	*ret = value;
	return 0;
}

int typed_read_integer(const json_t *json, const char *what, void *data, size_t size,
		       struct skep_diag *diag)
{
	u64 value;
	int err;

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return diag_fail(diag, -EINVAL,
				 "%s: a number has 1, 2, 4 or 8 bytes, %zu are wanted", what, size);
	err = parse_integer(json, what, 8 * (u32)size, &value, diag);
	if (err)
		return err;
	memcpy(data, &value, size); /* little endian: the low bytes come first */
	return 0;
}

int typed_read_hex(const char *text, const char *what, void *data, size_t size,
		   struct skep_diag *diag)
{
	u8 *bytes = data;
	size_t nr = 0;

	for (const char *at = text; *at;) {
		if (*at == ' ' || *at == ':') {
			at++;
			continue;
		}
		if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]))
			return diag_fail(
				diag, -EINVAL,
				"%s: \"%s\" is neither bytes in hexadecimal nor a 0x number", what,
				text);
		if (nr < size)
			bytes[nr] = (u8)strtoul((char[]){at[0], at[1], 0}, NULL, 16);
		nr++;
		at += 2;
	}
	if (nr == size)
		return 0;
	return diag_fail(diag, -EINVAL, "%s has %zu %s, %zu are wanted", what, nr,
			 nr == 1 ? "byte" : "bytes", size);
}

static bool is_char_array(const struct btf *btf, const struct btf_type *type)
{
	u32 element = typed_resolve(btf, btf_array(type)->type);
	const struct btf_type *of = element ? btf__type_by_id(btf, element) : NULL;

	return of && btf_is_int(of) && of->size == 1 &&
	       (btf_int_encoding(of) & BTF_INT_CHAR ||
		!strcmp(btf__name_by_offset(btf, of->name_off), "char"));
}

bool typed_takes_text(const struct btf *btf, u32 type_id)
{
	const struct btf_type *type;

	type_id = typed_resolve(btf, type_id);
	type = type_id ? btf__type_by_id(btf, type_id) : NULL;
	if (!type)
		return false;
	return btf_is_any_enum(type) || (btf_is_array(type) && is_char_array(btf, type));
}

static int too_short(const struct place *at)
{
	return diag_fail(at->diag, -EINVAL, "%s: BTF puts it behind the end of the value",
			 at->what);
}

/* Replace `bits` bits that start `bit_off` (up to 7) bits into the data. */
static int read_bits(struct place at, u32 bit_off, u32 bits, const json_t *json)
{
	size_t bytes = (bit_off + bits + 7) / 8;
	unsigned __int128 old = 0, mask;
	u64 value;
	int err;

	if (!bits || bits > 64 || bytes > at.size)
		return too_short(&at);
	err = parse_integer(json, at.what, bits, &value, at.diag);
	if (err)
		return err;
	mask = (((unsigned __int128)1 << bits) - 1) << bit_off;
	memcpy(&old, at.data, bytes);
	old = (old & ~mask) | ((unsigned __int128)value << bit_off & mask);
	memcpy(at.data, &old, bytes);
	return 0;
}

static int read_int(struct place at, const struct btf_type *type, u32 bit_off, const json_t *json)
{
	u32 bits = btf_int_bits(type), off = bit_off + btf_int_offset(type);
	const char *text = json_string_value(json);

	if (off / 8 >= at.size)
		return too_short(&at);
	at.data += off / 8;
	at.size -= off / 8;
	/* a character as itself: "a" */
	if (bits == 8 && text && strlen(text) == 1 && off % 8 == 0) {
		*at.data = (u8)text[0];
		return 0;
	}
	return read_bits(at, off % 8, bits, json);
}

static int read_enum(struct place at, const struct btf_type *type, const json_t *json)
{
	const char *name = json_string_value(json);
	u64 value;

	if (type->size > at.size)
		return too_short(&at);
	if (!name || name[0] == '0')
		return read_bits(at, 0, type->size * 8, json);
	for (u32 i = 0; i < btf_vlen(type); i++) {
		u32 off = btf_is_enum64(type) ? btf_enum64(type)[i].name_off
					      : btf_enum(type)[i].name_off;

		if (strcmp(btf__name_by_offset(at.btf, off), name))
			continue;
		value = btf_is_enum64(type) ? btf_enum64_value(&btf_enum64(type)[i])
					    : (u64)(s64)btf_enum(type)[i].val;
		memcpy(at.data, &value, type->size);
		return 0;
	}
	return diag_fail(at.diag, -EINVAL, "%s: \"%s\" is no enumerator of enum %s", at.what, name,
			 btf__name_by_offset(at.btf, type->name_off));
}

/* Go on with a part of the value; its name is appended to the path. */
static int read_part(struct place at, const char *path, u32 type_id, u32 bit_off,
		     const json_t *json)
{
	at.what = path;
	return read_type(at, type_id, bit_off, json);
}

static int read_text(struct place at, u32 nr, const char *text)
{
	size_t len = strlen(text);

	if (len > nr || nr > at.size)
		return diag_fail(at.diag, -ERANGE, "%s: the text has %zu bytes, the array %u",
				 at.what, len, nr);
	memset(at.data, 0, nr);
	memcpy(at.data, text, len);
	return 0;
}

static int read_array(struct place at, const struct btf_type *type, const json_t *json)
{
	const struct btf_array *array = btf_array(type);
	s64 stride = btf__resolve_size(at.btf, array->type);
	size_t nr = json_array_size(json);
	int err = 0;

	if (json_is_string(json) && is_char_array(at.btf, type))
		return read_text(at, array->nelems, json_string_value(json));
	if (json_is_string(json) && stride == 1 && array->nelems <= at.size)
		return typed_read_hex(json_string_value(json), at.what, at.data, array->nelems,
				      at.diag);
	if (!json_is_array(json))
		return diag_fail(at.diag, -EINVAL, "%s: an array is wanted, this is %s", at.what,
				 json_kind(json));
	if (nr > array->nelems)
		return diag_fail(at.diag, -ERANGE, "%s: %zu elements are given, the array has %u",
				 at.what, nr, array->nelems);
	if (stride < 0 || (u64)stride * nr > at.size)
		return too_short(&at);
	for (size_t i = 0; !err && i < nr; i++) {
		struct place element = at;
		struct buf path = {0};

		buf_printf(&path, "%s[%zu]", at.what, i);
		element.data += (size_t)stride * i;
		element.size = (size_t)stride;
		err = read_part(element, buf_text(&path), array->type, 0, json_array_get(json, i));
		buf_free(&path);
	}
	return err;
}

static int unknown_member(const struct place *at, const char *kind, const char *name,
			  const struct btf_type *type)
{
	struct buf names = {0};

	for (u32 i = 0; i < btf_vlen(type); i++) {
		const char *member = "";

		if (btf_is_composite(type)) {
			member = btf__name_by_offset(at->btf, btf_members(type)[i].name_off);
		} else {
			u32 id = btf_var_secinfos(type)[i].type;
			const struct btf_type *var = btf__type_by_id(at->btf, id);

			member = var ? btf__name_by_offset(at->btf, var->name_off) : "";
		}
		buf_printf(&names, "%s%s", i ? ", " : "", member);
	}
	diag_fail(at->diag, -EINVAL, "%s: there is no %s %s; there are: %s", at->what, kind, name,
		  buf_text(&names));
	buf_free(&names);
	return -EINVAL;
}

/* Bit offset, bit-field width and type of a member by name; false when there is none. */
static bool find_member(const struct place *at, const struct btf_type *type, const char *name,
			u32 *off, u32 *bits, u32 *type_id)
{
	for (u32 i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = &btf_members(type)[i];

		if (strcmp(btf__name_by_offset(at->btf, member->name_off), name))
			continue;
		*off = btf_member_bit_offset(type, i);
		*bits = btf_member_bitfield_size(type, i);
		*type_id = member->type;
		return true;
	}
	return false;
}

static int read_member(const struct place *at, const struct btf_type *type, const char *name,
		       const json_t *json)
{
	struct place inner = *at;
	struct buf path = {0};
	u32 off, bits, type_id;
	int err;

	if (!find_member(at, type, name, &off, &bits, &type_id))
		return unknown_member(at, "member", name, type);
	if (off / 8 > at->size)
		return too_short(at);
	inner.data += off / 8;
	inner.size -= off / 8;
	buf_printf(&path, "%s.%s", at->what, name);
	inner.what = buf_text(&path);
	err = bits ? read_bits(inner, off % 8, bits, json)
		   : read_type(inner, type_id, off % 8, json);
	buf_free(&path);
	return err;
}

static int want_object(const struct place *at, const json_t *json)
{
	if (json_is_object(json))
		return 0;
	return diag_fail(at->diag, -EINVAL, "%s: an object is wanted, this is %s", at->what,
			 json_kind(json));
}

static int read_members(struct place at, const struct btf_type *type, const json_t *json)
{
	const char *name;
	json_t *value;
	int err = want_object(&at, json);

	if (err)
		return err;
	json_object_foreach((json_t *)json, name, value)
	{
		err = read_member(&at, type, name, value);
		if (err)
			return err;
	}
	return 0;
}

static int read_variable(const struct place *at, const struct btf_type *section, const char *name,
			 const json_t *json)
{
	for (u32 i = 0; i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(section)[i];
		const struct btf_type *var = btf__type_by_id(at->btf, info->type);
		struct place inner = *at;

		if (!var || !btf_is_var(var) ||
		    strcmp(btf__name_by_offset(at->btf, var->name_off), name))
			continue;
		if (info->offset > at->size)
			return too_short(at);
		inner.data += info->offset;
		inner.size -= info->offset;
		return read_part(inner, name, var->type, 0, json);
	}
	return unknown_member(at, "variable", name, section);
}

/* Variables of global data: {"x": 1, "y": 2}, or as bpftool shows them: {"name": [{"x": 1}]} */
static int read_section(struct place at, const struct btf_type *section, const json_t *json)
{
	const char *own_name = btf__name_by_offset(at.btf, section->name_off), *name;
	json_t *list = json_object_get(json, own_name), *value;
	int err = want_object(&at, json);

	for (size_t i = 0; !err && i < json_array_size(list); i++)
		err = read_section(at, section, json_array_get(list, i));
	if (err || list)
		return err;
	json_object_foreach((json_t *)json, name, value)
	{
		err = read_variable(&at, section, name, value);
		if (err)
			return err;
	}
	return 0;
}

static int read_type(struct place at, u32 type_id, u32 bit_off, const json_t *json)
{
	const struct btf_type *type;

	type_id = typed_resolve(at.btf, type_id);
	type = type_id ? btf__type_by_id(at.btf, type_id) : NULL;
	if (!type || ++at.depth > TYPED_MAX_DEPTH)
		return diag_fail(at.diag, -EINVAL, "%s: BTF gives it no type", at.what);
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		return read_int(at, type, bit_off, json);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return read_members(at, type, json);
	case BTF_KIND_ARRAY:
		return read_array(at, type, json);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return read_enum(at, type, json);
	case BTF_KIND_PTR:
		return read_bits(at, 0, 64, json);
	case BTF_KIND_DATASEC:
		return read_section(at, type, json);
	default:
		return diag_fail(at.diag, -EINVAL, "%s: a value of this BTF kind cannot be set",
				 at.what);
	}
}

int typed_read(const struct btf *btf, u32 type_id, const json_t *json, const char *what, void *data,
	       size_t size, struct skep_diag *diag)
{
	struct place at = {.btf = btf, .what = what, .data = data, .size = size, .diag = diag};

	return read_type(at, type_id, 0, json);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Bytes to JSON by BTF type. The forms are those of bpftool's map dump: structs as objects,
 * enumerators by name, printable char arrays as strings, bit fields as hexadecimal.
 * Every read is checked against the end of the data, so that broken BTF shows null, not memory.
 */
#include <bpf/btf.h>
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "ctl/typed.h"

/* A place in the data: `bits` into it. */
struct place {
	const struct btf *btf;
	struct json_writer *json;
	const u8 *data;
	size_t size;
	u32 depth;
};

static void write_type(struct place at, u32 type_id, u32 bit_off);

u32 typed_resolve(const struct btf *btf, u32 type_id)
{
	for (u32 depth = 0; depth < TYPED_MAX_DEPTH; depth++) {
		const struct btf_type *type = btf__type_by_id(btf, type_id);

		if (!type)
			return 0;
		if (!btf_is_mod(type) && !btf_is_typedef(type))
			return type_id;
		type_id = type->type;
	}
	return 0;
}

bool typed_fits(const struct btf *btf, u32 type_id, size_t size)
{
	const struct btf_type *type;
	s64 need;

	if (!btf || !type_id)
		return false;
	type_id = typed_resolve(btf, type_id);
	type = type_id ? btf__type_by_id(btf, type_id) : NULL;
	if (!type)
		return false;
	if (btf_is_datasec(type))
		return true; /* its size is often 0 in the file; members are checked one by one */
	need = btf__resolve_size(btf, type_id);
	return need >= 0 && (size_t)need == size;
}

static void write_hex(struct json_writer *json, u64 high, u64 low)
{
	const char *quote = json->plain ? "" : "\"";

	if (high)
		emit_printf(json, "%s0x%" PRIx64 "%016" PRIx64 "%s", quote, high, low, quote);
	else
		emit_printf(json, "%s0x%" PRIx64 "%s", quote, low, quote);
}

/* `bits` (up to 128) bits that start `bit_off` (up to 7) bits into the data. */
static void write_bits(struct place at, u32 bit_off, u32 bits)
{
	unsigned __int128 value = 0;
	size_t bytes = (bit_off + bits + 7) / 8;

	if (!bits || bits > 128 || bytes > sizeof(value) || bytes > at.size) {
		emit_printf(at.json, "null");
		return;
	}
	memcpy(&value, at.data, bytes);
	value >>= bit_off;
	if (bits < 128)
		value &= ((unsigned __int128)1 << bits) - 1;
	write_hex(at.json, (u64)(value >> 64), (u64)value);
}

static void write_char(struct place at)
{
	u8 c = *at.data;

	if (isprint(c) && c != '"' && c != '\\')
		emit_printf(at.json, "\"%c\"", c);
	else if (at.json->plain)
		emit_printf(at.json, "0x%x", c);
	else
		emit_printf(at.json, "\"\\u%04x\"", c);
}

/* Host order, sign extended where the type is signed; size 1, 2, 4 or 8. */
static u64 load_integer(const u8 *data, size_t size, bool is_signed)
{
	u64 value = 0;
	u32 unused_bits = 64 - 8 * (u32)size;

	memcpy(&value, data, size);
	if (is_signed)
		value = (u64)((s64)(value << unused_bits) >> unused_bits);
	return value;
}

static void write_int(struct place at, const struct btf_type *type, u32 bit_off)
{
	u32 bits = btf_int_bits(type), off = bit_off + btf_int_offset(type);
	size_t size = bits / 8;

	if (off / 8 >= at.size || off / 8 + size > at.size) {
		emit_printf(at.json, "null");
		return;
	}
	at.data += off / 8;
	at.size -= off / 8;
	if (off % 8 || bits % 8 || (size != 1 && size != 2 && size != 4 && size != 8))
		write_bits(at, off % 8, bits);
	else if (btf_int_encoding(type) & BTF_INT_BOOL)
		emit_bool(at.json, *at.data != 0);
	else if (btf_int_encoding(type) & BTF_INT_CHAR)
		write_char(at);
	else if (btf_int_encoding(type) & BTF_INT_SIGNED)
		emit_s64(at.json, (s64)load_integer(at.data, size, true));
	else
		emit_u64(at.json, load_integer(at.data, size, false));
}

static const char *enumerator(const struct btf *btf, const struct btf_type *type, u64 value)
{
	for (u32 i = 0; i < btf_vlen(type); i++) {
		if (btf_is_enum64(type) && btf_enum64_value(&btf_enum64(type)[i]) == value)
			return btf__name_by_offset(btf, btf_enum64(type)[i].name_off);
		if (btf_is_enum(type) && (u64)(s64)btf_enum(type)[i].val == value)
			return btf__name_by_offset(btf, btf_enum(type)[i].name_off);
	}
	return NULL;
}

static void write_enum(struct place at, const struct btf_type *type)
{
	const char *name;
	u64 value;

	if ((type->size != 1 && type->size != 2 && type->size != 4 && type->size != 8) ||
	    type->size > at.size) {
		emit_printf(at.json, "null");
		return;
	}
	value = load_integer(at.data, type->size, true);
	name = enumerator(at.btf, type, value);
	if (name)
		emit_string(at.json, name);
	else
		emit_s64(at.json, (s64)value);
}

/* A char array is text when it ends inside and is printable up to there. */
static bool is_text(const struct place *at, const struct btf_array *array)
{
	u32 element = typed_resolve(at->btf, array->type);
	const struct btf_type *type = element ? btf__type_by_id(at->btf, element) : NULL;

	if (!type || !btf_is_int(type) || type->size != 1 || array->nelems > at->size)
		return false;
	if (!(btf_int_encoding(type) & BTF_INT_CHAR) &&
	    strcmp(btf__name_by_offset(at->btf, type->name_off), "char"))
		return false;
	for (u32 i = 0; i < array->nelems; i++) {
		if (!at->data[i])
			return true;
		if (at->data[i] <= 0x1f || at->data[i] >= 0x7f)
			return false;
	}
	return false;
}

static void write_array(struct place at, const struct btf_type *type)
{
	const struct btf_array *array = btf_array(type);
	s64 stride = btf__resolve_size(at.btf, array->type);

	if (is_text(&at, array)) {
		emit_string(at.json, (const char *)at.data);
		return;
	}
	if (stride < 0 || (u64)stride * array->nelems > at.size) {
		emit_printf(at.json, "null");
		return;
	}
	emit_begin_array(at.json);
	for (u32 i = 0; i < array->nelems; i++) {
		struct place element = at;

		element.data += (size_t)stride * i;
		element.size = (size_t)stride;
		write_type(element, array->type, 0);
	}
	emit_end_array(at.json);
}

static void write_members(struct place at, const struct btf_type *type)
{
	const struct btf_member *member = btf_members(type);

	emit_begin_object(at.json);
	for (u32 i = 0; i < btf_vlen(type); i++) {
		u32 off = btf_member_bit_offset(type, i), bits = btf_member_bitfield_size(type, i);
		struct place inner = at;

		emit_name(at.json, btf__name_by_offset(at.btf, member[i].name_off));
		if (off / 8 > at.size) {
			emit_printf(at.json, "null");
			continue;
		}
		inner.data += off / 8;
		inner.size -= off / 8;
		if (bits)
			write_bits(inner, off % 8, bits);
		else
			write_type(inner, member[i].type, off % 8);
	}
	emit_end_object(at.json);
}

/* Global data: {"section": [{"variable": value}, ...]} */
static void write_section(struct place at, const struct btf_type *type)
{
	const struct btf_var_secinfo *vars = btf_var_secinfos(type);

	emit_begin_object(at.json);
	emit_name(at.json, btf__name_by_offset(at.btf, type->name_off));
	emit_begin_array(at.json);
	for (u32 i = 0; i < btf_vlen(type); i++) {
		const struct btf_type *var = btf__type_by_id(at.btf, vars[i].type);
		struct place inner = at;

		if (!var || !btf_is_var(var) || vars[i].offset > at.size)
			continue;
		inner.data += vars[i].offset;
		inner.size -= vars[i].offset;
		emit_begin_object(at.json);
		emit_name(at.json, btf__name_by_offset(at.btf, var->name_off));
		write_type(inner, var->type, 0);
		emit_end_object(at.json);
	}
	emit_end_array(at.json);
	emit_end_object(at.json);
}

static void write_float(struct place at, const struct btf_type *type)
{
	float narrow;
	double wide;

	if (type->size == sizeof(wide) && type->size <= at.size) {
		memcpy(&wide, at.data, sizeof(wide));
	} else if (type->size == sizeof(narrow) && type->size <= at.size) {
		memcpy(&narrow, at.data, sizeof(narrow));
		wide = (double)narrow;
	} else {
		emit_printf(at.json, "null");
		return;
	}
	if (wide - wide == 0) /* neither infinite nor not a number: JSON has neither */
		emit_printf(at.json, "%.17g", wide);
	else
		emit_printf(at.json, "null");
}

static void write_pointer(struct place at)
{
	u64 value;

	if (at.size < sizeof(value)) {
		emit_printf(at.json, "null");
		return;
	}
	memcpy(&value, at.data, sizeof(value));
	emit_printf(at.json, at.json->plain ? "0x%" PRIx64 : "%" PRIu64, value);
}

static void write_type(struct place at, u32 type_id, u32 bit_off)
{
	const struct btf_type *type;

	type_id = typed_resolve(at.btf, type_id);
	type = type_id ? btf__type_by_id(at.btf, type_id) : NULL;
	if (!type || ++at.depth > TYPED_MAX_DEPTH) {
		emit_printf(at.json, "null");
		return;
	}
	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		write_int(at, type, bit_off);
		break;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		write_members(at, type);
		break;
	case BTF_KIND_ARRAY:
		write_array(at, type);
		break;
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		write_enum(at, type);
		break;
	case BTF_KIND_PTR:
		write_pointer(at);
		break;
	case BTF_KIND_FLOAT:
		write_float(at, type);
		break;
	case BTF_KIND_DATASEC:
		write_section(at, type);
		break;
	default:
		emit_printf(at.json, "null");
	}
}

void typed_write(const struct btf *btf, u32 type_id, const void *data, size_t size,
		 struct json_writer *json)
{
	struct place at = {.btf = btf, .json = json, .data = data, .size = size};

	write_type(at, type_id, 0);
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Three passes over a .BTF section: layout (header, then each record's size), references (ids and
 * names in range, of the right kind), and shape (cycles, depth, sizes).
 *
 * Shape is a depth-first walk of two graphs, without recursion, since the file chooses the depth:
 * - containment: type -> what it holds by value. A cycle is a type of infinite size.
 * - spelling: type -> what its C declaration spells out, which a struct's name ends. A cycle is a
 *   declaration that never ends (a pointer that points at itself).
 */
#include "object/btf_check.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

#define POINTER_BYTES 8
#define NAME_MAX_BYTES 4096 /* comparing names must stay cheap */
#define SIZE_HUGE (UINT64_MAX / 4)

struct check {
	struct arena *arena;
	struct btf_table *table;
	struct btf_fault *fault;
};

static int fault_at(struct check *c, u64 off, const char *fmt, ...) _printf_(3, 4);
static int fault_at(struct check *c, u64 off, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(c->fault->text, sizeof(c->fault->text), fmt, args);
	va_end(args);
	c->fault->off = (u32)off;
	return -EINVAL;
}

struct btf_type *btf_table_type(const struct btf_table *table, u32 id)
{
	return (struct btf_type *)(table->types + table->offsets[id]);
}

const char *btf_table_name(const struct btf_table *table, u32 name_off)
{
	return table->strings + name_off;
}

/* Layout */

static int header_read(struct check *c, u8 *raw, size_t size)
{
	struct btf_header header;
	u64 body, end;

	if (size < sizeof(header) || size > UINT32_MAX)
		return fault_at(c, 0, "BTF of %zu bytes is too short for its header", size);
	memcpy(&header, raw, sizeof(header));
	if (header.magic != BTF_MAGIC)
		return fault_at(c, 0, "BTF starts with 0x%04x instead of 0x%04x", header.magic,
				BTF_MAGIC);
	if (header.version != BTF_VERSION)
		return fault_at(c, 0, "BTF version %u is unknown", header.version);
	if (header.hdr_len < sizeof(header) || header.hdr_len > size || header.hdr_len % 4)
		return fault_at(c, 0, "BTF header claims %u bytes", header.hdr_len);
	body = size - header.hdr_len;
	end = (u64)header.type_off + header.type_len;
	if (header.type_off % 4 || end > body || end > header.str_off)
		return fault_at(c, 0, "BTF types (0x%x bytes at 0x%x) do not fit", header.type_len,
				header.type_off);
	if ((u64)header.str_off + header.str_len > body || !header.str_len)
		return fault_at(c, 0, "BTF strings (0x%x bytes at 0x%x) do not fit", header.str_len,
				header.str_off);
	c->table->types = raw + header.hdr_len + header.type_off;
	c->table->types_size = header.type_len;
	c->table->strings = (char *)raw + header.hdr_len + header.str_off;
	c->table->strings_size = header.str_len;
	if (c->table->strings[0] || c->table->strings[header.str_len - 1])
		return fault_at(c, 0, "BTF strings do not begin and end with a NUL");
	return 0;
}

/* Bytes after the fixed part of a record; -1 for an unknown kind. */
static s64 record_extra(const struct btf_type *type)
{
	s64 vlen = btf_vlen(type);

	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		return sizeof(u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return vlen * (s64)sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return vlen * (s64)sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return vlen * (s64)sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return vlen * (s64)sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return vlen * (s64)sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	default:
		return -1;
	}
}

/* Find each record; with offsets NULL only count them. */
static int layout_read(struct check *c, u32 *offsets, u32 *nr)
{
	const struct btf_table *table = c->table;
	u32 off = 0, id = 1;

	while (off < table->types_size) {
		const struct btf_type *type = (void *)(table->types + off);
		s64 extra;

		if (table->types_size - off < sizeof(*type))
			return fault_at(c, off, "BTF type %u is cut off at 0x%x", id, off);
		extra = record_extra(type);
		if (extra < 0)
			return fault_at(c, off, "BTF type %u at 0x%x is of unknown kind %u", id,
					off, btf_kind(type));
		if (extra > (s64)(table->types_size - off - sizeof(*type)))
			return fault_at(
				c, off,
				"BTF type %u at 0x%x claims %u entries, more than there are", id,
				off, btf_vlen(type));
		if (offsets)
			offsets[id] = off;
		off += (u32)(sizeof(*type) + (u64)extra);
		id++;
	}
	*nr = id;
	return 0;
}

/* References */

static int check_name(struct check *c, u32 id, u32 name_off)
{
	if (name_off < c->table->strings_size) {
		if (strnlen(c->table->strings + name_off, NAME_MAX_BYTES) < NAME_MAX_BYTES)
			return 0;
		return fault_at(c, c->table->offsets[id],
				"BTF type %u has a name of more than %d characters", id,
				NAME_MAX_BYTES - 1);
	}
	return fault_at(c, c->table->offsets[id],
			"BTF type %u has its name at 0x%x of 0x%x bytes of strings", id, name_off,
			c->table->strings_size);
}

static int check_id(struct check *c, u32 id, u32 refers_to)
{
	if (refers_to < c->table->nr)
		return 0;
	return fault_at(c, c->table->offsets[id], "BTF type %u refers to type %u of %u", id,
			refers_to, c->table->nr - 1);
}

static u32 kind_of(const struct check *c, u32 id)
{
	return id ? btf_kind(btf_table_type(c->table, id)) : BTF_KIND_UNKN;
}

/* Names and ids of the entries that follow a record. */
static int check_entries(struct check *c, u32 id)
{
	const struct btf_type *type = btf_table_type(c->table, id);
	int err = 0;

	for (u32 i = 0; i < btf_vlen(type) && !err; i++) {
		switch (btf_kind(type)) {
		case BTF_KIND_STRUCT:
		case BTF_KIND_UNION:
			err = check_name(c, id, btf_members(type)[i].name_off);
			err = err ?: check_id(c, id, btf_members(type)[i].type);
			break;
		case BTF_KIND_ENUM:
			err = check_name(c, id, btf_enum(type)[i].name_off);
			break;
		case BTF_KIND_ENUM64:
			err = check_name(c, id, btf_enum64(type)[i].name_off);
			break;
		case BTF_KIND_FUNC_PROTO:
			err = check_name(c, id, btf_params(type)[i].name_off);
			err = err ?: check_id(c, id, btf_params(type)[i].type);
			break;
		case BTF_KIND_DATASEC:
			err = check_id(c, id, btf_var_secinfos(type)[i].type);
			break;
		default:
			return 0; /* FUNC keeps its linkage there */
		}
	}
	return err;
}

static bool kind_has_type(u32 kind)
{
	return kind == BTF_KIND_PTR || kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_VOLATILE ||
	       kind == BTF_KIND_CONST || kind == BTF_KIND_RESTRICT || kind == BTF_KIND_FUNC ||
	       kind == BTF_KIND_FUNC_PROTO || kind == BTF_KIND_VAR || kind == BTF_KIND_TYPE_TAG ||
	       kind == BTF_KIND_DECL_TAG;
}

/* What a FUNC and a DATASEC refer to must be of the kind that users take for granted. */
static int check_kinds(struct check *c, u32 id)
{
	const struct btf_type *type = btf_table_type(c->table, id);

	if (btf_is_func(type) && kind_of(c, type->type) != BTF_KIND_FUNC_PROTO)
		return fault_at(c, c->table->offsets[id],
				"BTF function %u has type %u, which is no prototype", id,
				type->type);
	for (u32 i = 0; btf_is_datasec(type) && i < btf_vlen(type); i++) {
		u32 kind = kind_of(c, btf_var_secinfos(type)[i].type);

		if (kind != BTF_KIND_VAR && kind != BTF_KIND_FUNC)
			return fault_at(c, c->table->offsets[id],
					"BTF section '%s' lists type %u, which is no variable",
					btf_table_name(c->table, type->name_off),
					btf_var_secinfos(type)[i].type);
	}
	return 0;
}

static int check_references(struct check *c, u32 id)
{
	const struct btf_type *type = btf_table_type(c->table, id);
	int err = check_name(c, id, type->name_off);

	if (!err && kind_has_type(btf_kind(type)))
		err = check_id(c, id, type->type);
	if (!err && btf_is_array(type)) {
		err = check_id(c, id, btf_array(type)->type);
		err = err ?: check_id(c, id, btf_array(type)->index_type);
	}
	err = err ?: check_entries(c, id);
	return err ?: check_kinds(c, id);
}

/* Shape */

enum graph { CONTAINMENT, SPELLING };

static bool kind_is_alias(u32 kind)
{
	return kind == BTF_KIND_TYPEDEF || kind == BTF_KIND_VOLATILE || kind == BTF_KIND_CONST ||
	       kind == BTF_KIND_RESTRICT || kind == BTF_KIND_TYPE_TAG || kind == BTF_KIND_VAR;
}

/* How many edges leave a type. */
static u32 edge_count(const struct check *c, enum graph graph, u32 id)
{
	const struct btf_type *type = btf_table_type(c->table, id);
	u32 kind = btf_kind(type);

	if (kind_is_alias(kind) || kind == BTF_KIND_ARRAY)
		return 1;
	if (graph == CONTAINMENT)
		return btf_is_composite(type) ? btf_vlen(type) : 0;
	if (kind == BTF_KIND_FUNC_PROTO)
		return btf_vlen(type) + 1;
	return kind == BTF_KIND_PTR;
}

/* Where edge number i leads. */
static u32 edge_target(const struct check *c, u32 id, u32 i)
{
	const struct btf_type *type = btf_table_type(c->table, id);

	switch (btf_kind(type)) {
	case BTF_KIND_ARRAY:
		return btf_array(type)->type;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return btf_members(type)[i].type;
	case BTF_KIND_FUNC_PROTO:
		return i ? btf_params(type)[i - 1].type : type->type;
	default:
		return type->type;
	}
}

static u64 saturate(u64 a, u64 b)
{
	u64 product;

	return __builtin_mul_overflow(a, b, &product) || product > SIZE_HUGE ? SIZE_HUGE : product;
}

static u64 type_size(const struct check *c, u32 id)
{
	const struct btf_type *type = btf_table_type(c->table, id);
	u32 kind = btf_kind(type);

	if (kind_is_alias(kind))
		return c->table->sizes[type->type];
	switch (kind) {
	case BTF_KIND_ARRAY:
		return saturate(c->table->sizes[btf_array(type)->type], btf_array(type)->nelems);
	case BTF_KIND_PTR:
		return POINTER_BYTES;
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
		return type->size;
	default:
		return 0;
	}
}

/* Members, whose sizes are known by now, lie inside their struct. */
static int check_members(struct check *c, u32 id)
{
	const struct btf_type *type = btf_table_type(c->table, id);

	for (u32 i = 0; btf_is_composite(type) && i < btf_vlen(type); i++) {
		u64 bits = btf_member_bitfield_size(type, i);
		u64 end = btf_member_bit_offset(type, i);

		end += bits ? bits : saturate(c->table->sizes[btf_members(type)[i].type], 8);
		if (end > (u64)type->size * 8)
			return fault_at(c, c->table->offsets[id],
					"BTF struct %u '%s' has a member '%s' that ends at bit "
					"%llu of %llu",
					id, btf_table_name(c->table, type->name_off),
					btf_table_name(c->table, btf_members(type)[i].name_off),
					(unsigned long long)end,
					(unsigned long long)type->size * 8);
	}
	return 0;
}

/* One graph's walk: depth[id] is 0 before, VISITING during, 1 + the deepest edge after. */
#define VISITING UINT8_MAX

struct visit {
	u32 id, edge;
	u8 deepest;
};

struct walk {
	enum graph graph;
	u8 *depth;
	struct visit *stack; /* BTF_DEPTH_MAX + 1 */
	u32 top;
};

static int walk_finish(struct check *c, struct walk *w)
{
	struct visit *visit = &w->stack[w->top];

	w->depth[visit->id] = visit->deepest + 1;
	if (w->top && w->stack[w->top - 1].deepest < visit->deepest + 1)
		w->stack[w->top - 1].deepest = visit->deepest + 1;
	w->top--;
	if (w->graph != CONTAINMENT)
		return 0;
	c->table->sizes[visit->id] = type_size(c, visit->id);
	return check_members(c, visit->id);
}

static int walk_enter(struct check *c, struct walk *w, u32 id)
{
	if (w->depth[id] == VISITING)
		return fault_at(c, c->table->offsets[id], "BTF type %u '%s' contains itself", id,
				btf_table_name(c->table, btf_table_type(c->table, id)->name_off));
	if (w->top + w->depth[id] >= BTF_DEPTH_MAX)
		return fault_at(c, c->table->offsets[id],
				"BTF type %u is nested more than %d types deep", id, BTF_DEPTH_MAX);
	if (w->depth[id]) {
		struct visit *from = &w->stack[w->top];

		if (from->deepest < w->depth[id])
			from->deepest = w->depth[id];
		return 0;
	}
	w->depth[id] = VISITING;
	w->stack[++w->top] = (struct visit){.id = id};
	return 0;
}

/* Everything reachable from one type. stack[0] is a sentinel. */
static int walk_from(struct check *c, struct walk *w, u32 root)
{
	int err = walk_enter(c, w, root);

	while (!err && w->top) {
		struct visit *visit = &w->stack[w->top];

		if (visit->edge < edge_count(c, w->graph, visit->id)) {
			u32 to = edge_target(c, visit->id, visit->edge++);

			err = to ? walk_enter(c, w, to) : 0;
		} else {
			err = walk_finish(c, w);
		}
	}
	return err;
}

static int check_shape(struct check *c, enum graph graph)
{
	struct visit stack[BTF_DEPTH_MAX + 2] = {0};
	struct walk w = {.graph = graph, .stack = stack};
	int err = 0;

	w.depth = arena_array(c->arena, c->table->nr, sizeof(*w.depth));
	if (!w.depth)
		return -ENOMEM;
	for (u32 id = 1; id < c->table->nr && !err; id++) {
		w.top = 0;
		if (!w.depth[id])
			err = walk_from(c, &w, id);
	}
	return err;
}

int btf_check(struct arena *arena, u8 *raw, size_t size, struct btf_table *table,
	      struct btf_fault *fault)
{
	struct check c = {.arena = arena, .table = table, .fault = fault};
	int err = header_read(&c, raw, size);

	err = err ?: layout_read(&c, NULL, &table->nr);
	if (err)
		return err;
	table->offsets = arena_array(arena, table->nr, sizeof(*table->offsets));
	table->sizes = arena_array(arena, table->nr, sizeof(*table->sizes));
	if (!table->offsets || !table->sizes)
		return -ENOMEM;
	err = layout_read(&c, table->offsets, &table->nr);
	for (u32 id = 1; id < table->nr && !err; id++)
		err = check_references(&c, id);
	err = err ?: check_shape(&c, CONTAINMENT);
	return err ?: check_shape(&c, SPELLING);
}

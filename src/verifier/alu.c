/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Arithmetic and moves. Numbers follow num.h. A pointer takes additions and subtractions of
 * numbers: constants go into its fixed offset, the rest into its variable part; what else is done
 * to pointers is refused, or, for the difference of two, gives an unknown number.
 */
#include "verifier/env.h"

int read_reg(struct env *env, u32 regno)
{
	if (likely(env->frame->regs[regno].type != REG_UNINIT))
		return 0;
	return reject(env, -EACCES, RULE_UNINIT_REGISTER,
		      "r%u is read, but no value was put there on this path", regno);
}

int write_reg(struct env *env, u32 regno)
{
	if (likely(regno != 10))
		return 0;
	return reject(env, -EACCES, RULE_FRAME_POINTER,
		      "r10 is the frame pointer and is read only");
}

static enum num_op num_op_of(const struct insn_desc *desc)
{
	static const u8 ops[16] = {
		[SKEP_ADD >> 4] = NUM_ADD, [SKEP_SUB >> 4] = NUM_SUB,   [SKEP_MUL >> 4] = NUM_MUL,
		[SKEP_DIV >> 4] = NUM_DIV, [SKEP_OR >> 4] = NUM_OR,     [SKEP_AND >> 4] = NUM_AND,
		[SKEP_LSH >> 4] = NUM_LSH, [SKEP_RSH >> 4] = NUM_RSH,   [SKEP_MOD >> 4] = NUM_MOD,
		[SKEP_XOR >> 4] = NUM_XOR, [SKEP_ARSH >> 4] = NUM_ARSH,
	};
	u8 op = ops[SKEP_OP(desc->code) >> 4];

	if (desc->flags & INSN_SIGNED)
		return op == NUM_DIV ? NUM_SDIV : NUM_SMOD;
	return op;
}

/* Copies of a number get one id, so that what is learnt of one holds for all. */
void assign_scalar_id(struct env *env, struct reg *reg)
{
	if (reg->type != REG_SCALAR)
		return;
	if (reg->flags & REG_ADD_CONST) {
		reg->flags = 0;
		reg->off = 0;
		reg->id = 0;
	}
	if (!reg->id && !num_is_const(&reg->num))
		reg->id = new_id(env);
}

static void forget_id(struct reg *reg)
{
	reg->id = 0;
	reg->off = 0;
	reg->flags = 0;
}

static void move_narrow(struct env *env, struct reg *dst, struct reg *src, bool is_32, u32 width)
{
	/* sign extension changes nothing when the sign bit and all above it are 0 */
	bool same = src->num.umax < (is_32 && width == 32 ? 1ull << 32 : 1ull << (width - 1));
	struct num num;

	if (same)
		assign_scalar_id(env, src);
	*dst = *src;
	if (!same)
		forget_id(dst);
	if (is_32)
		num = width == 32 ? num_zext(&src->num, 32) : num_sext32(&src->num, width);
	else
		num = num_sext(&src->num, width);
	dst->num = num;
}

static int check_move(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	bool is_32 = desc->kind == INSN_KIND_ALU32;
	struct reg *dst = cur_reg(env, insn->dst), *src = cur_reg(env, insn->src);
	u32 width = desc->size ? desc->size * 8u : (is_32 ? 32 : 64);

	if (!(desc->flags & INSN_READS_SRC)) {
		reg_set_const(dst, is_32 ? (u32)insn->imm : (u64)(s64)insn->imm);
		return 0;
	}
	if (width == 64) {
		assign_scalar_id(env, src);
		*dst = *src;
		return 0;
	}
	if (src->type != REG_SCALAR) { /* part of a pointer is a number */
		struct reg number;

		reg_set_unknown(&number);
		move_narrow(env, dst, &number, is_32, width);
		return 0;
	}
	move_narrow(env, dst, src, is_32, width);
	return 0;
}

/* Byte swaps and negation: of a pointer they make a number. */
static int check_swap(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	struct reg *dst = cur_reg(env, insn->dst);
	u32 width = desc->size * 8u;
	bool is_le = SKEP_CLASS(desc->code) == SKEP_ALU && !SKEP_SRC(desc->code);
	struct num num;

	if (dst->type != REG_SCALAR) /* scrambled pointers are unknown numbers */
		reg_set_unknown(dst);
	num = is_le ? num_zext(&dst->num, width) : num_swap(&dst->num, width);
	reg_set_scalar(dst, &num);
	return 0;
}

static int reject_offset(struct env *env, const struct reg *ptr, const struct num *num)
{
	int err = reject(env, -EINVAL, RULE_POINTER_RANGE,
			 "%s plus a number that may be far out of any memory", reg_type_name(ptr));

	explain_proven(env, "the number lies in [%lld, %lld]", (long long)num->smin,
		       (long long)num->smax);
	explain_needed(env, "between %d and %d", -MAX_VAR_OFF, MAX_VAR_OFF);
	return err;
}

/* Offsets are kept small, so that sums of a few of them never wrap. */
static bool offset_is_sane(const struct reg *reg, const struct num *num)
{
	return reg->off < MAX_VAR_OFF && reg->off > -MAX_VAR_OFF && num->smin > -MAX_VAR_OFF &&
	       num->smin < MAX_VAR_OFF;
}

static bool takes_offset(const struct reg *ptr, const struct num *num, bool is_add)
{
	switch (ptr->type) {
	case REG_MAP:
		return is_add && num_is(num, 0);
	case REG_PACKET_END:
	case REG_SOCKET:
	case REG_SOCK_COMMON:
	case REG_TCP_SOCK:
	case REG_XDP_SOCK:
	case REG_FUNC:
		return false;
	default:
		return true;
	}
}

static void add_to_pointer(struct env *env, struct reg *dst, const struct num *num, bool is_add)
{
	s64 sum;

	if (num_is_const(num)) {
		sum = is_add ? dst->off + (s64)num->bits.value : dst->off - (s64)num->bits.value;
		if (sum == (s32)sum) {
			dst->off = (s32)sum;
			return;
		}
	}
	dst->num = num_alu(is_add ? NUM_ADD : NUM_SUB, &dst->num, num);
	if (reg_is_packet(dst)) {
		/* another base from here on; going back keeps what is known to lie ahead */
		dst->id = new_id(env);
		if (is_add || num->smin < 0)
			dst->range = 0;
	}
}

static int check_pointer_alu(struct env *env, const struct skep_insn *insn,
			     const struct insn_desc *desc, const struct reg *ptr,
			     const struct num *num)
{
	enum num_op op = num_op_of(desc);
	struct reg *dst = cur_reg(env, insn->dst);
	struct reg from = *ptr;

	if (desc->kind == INSN_KIND_ALU32) {
		if (op != NUM_SUB)
			return reject(env, -EACCES, RULE_POINTER_ARITHMETIC,
				      "32-bit arithmetic on r%u, which is %s", insn->dst,
				      reg_type_name(&from));
		reg_set_unknown(dst);
		dst->num = num_zext(&dst->num, 32);
		return 0;
	}
	if (from.flags & REG_NULLABLE)
		return reject(env, -EACCES, RULE_NULL_CHECK, "arithmetic on r%u, which is %s",
			      insn->dst, reg_type_name(&from));
	if (op != NUM_ADD && op != NUM_SUB)
		return reject(env, -EACCES, RULE_POINTER_ARITHMETIC,
			      "r%u is %s; only numbers can be added to or subtracted from it",
			      insn->dst, reg_type_name(&from));
	if (!takes_offset(&from, num, op == NUM_ADD))
		return reject(env, -EACCES, RULE_POINTER_ARITHMETIC,
			      "arithmetic on r%u, which is %s", insn->dst, reg_type_name(&from));
	if (op == NUM_SUB && ptr != dst)
		return reject(env, -EACCES, RULE_POINTER_ARITHMETIC,
			      "subtraction of a pointer from the number in r%u", insn->dst);
	if (op == NUM_SUB && from.type == REG_STACK)
		return reject(env, -EACCES, RULE_POINTER_ARITHMETIC,
			      "subtraction from r%u, a pointer to the stack", insn->dst);
	if (!offset_is_sane(&(struct reg){0}, num) || !offset_is_sane(&from, &from.num))
		return reject_offset(env, &from, num);
	add_to_pointer(env, &from, num, op == NUM_ADD);
	if (!offset_is_sane(&from, &from.num))
		return reject_offset(env, &from, &from.num);
	*dst = from;
	return 0;
}

/* r += constant keeps the link to other copies of r, as an offset. */
static bool keep_link(struct reg *dst, const struct skep_insn *insn, const struct insn_desc *desc)
{
	s64 off;

	if (desc->id != INSN_ADD64_IMM || !dst->id || num_is_const(&dst->num))
		return false;
	off = dst->flags & REG_ADD_CONST ? dst->off + (s64)insn->imm : insn->imm;
	if (off != (s32)off || off > INT32_MAX / 2 || off < INT32_MIN / 2)
		return false;
	dst->flags |= REG_ADD_CONST;
	dst->off = (s32)off;
	return true;
}

static bool is_shift(enum num_op op)
{
	return op == NUM_LSH || op == NUM_RSH || op == NUM_ARSH;
}

static int check_scalar_alu(struct env *env, const struct skep_insn *insn,
			    const struct insn_desc *desc, const struct num *num)
{
	struct reg *dst = cur_reg(env, insn->dst);
	enum num_op op = num_op_of(desc);
	bool is_32 = desc->kind == INSN_KIND_ALU32;
	struct num result;

	if (is_shift(op) && num->umax >= (is_32 ? 32 : 64)) {
		/* defined (modulo the width), but hardly meant: nothing is concluded from it */
		result = num_unknown();
		if (is_32)
			result = num_zext(&result, 32);
	} else if (unlikely(op == NUM_XOR || op == NUM_SUB) && desc->flags & INSN_READS_SRC &&
		   insn->dst == insn->src) {
		result = num_const(0);
	} else {
		result = is_32 ? num_alu32(op, &dst->num, num) : num_alu(op, &dst->num, num);
	}
	if (!keep_link(dst, insn, desc))
		forget_id(dst);
	dst->num = result;
	return 0;
}

static int check_binary(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	struct reg *dst = cur_reg(env, insn->dst), *src = NULL;
	struct num num;
	int err;

	if (!(desc->flags & INSN_READS_SRC)) {
		num = num_const(desc->kind == INSN_KIND_ALU32 ? (u32)insn->imm
							      : (u64)(s64)insn->imm);
		if (reg_is_pointer(dst))
			return check_pointer_alu(env, insn, desc, dst, &num);
		return check_scalar_alu(env, insn, desc, &num);
	}
	src = cur_reg(env, insn->src);
	if (reg_is_pointer(dst) && reg_is_pointer(src)) {
		if (num_op_of(desc) != NUM_SUB)
			return reject(env, -EACCES, RULE_POINTER_ARITHMETIC,
				      "arithmetic on two pointers, r%u and r%u", insn->dst,
				      insn->src);
		reg_set_unknown(dst); /* their distance */
		if (desc->kind == INSN_KIND_ALU32)
			dst->num = num_zext(&dst->num, 32);
		return 0;
	}
	if (reg_is_pointer(src)) {
		err = mark_precise(env, insn->dst);
		num = dst->num;
		return err ? err : check_pointer_alu(env, insn, desc, src, &num);
	}
	num = src->num;
	if (reg_is_pointer(dst)) {
		err = mark_precise(env, insn->src);
		return err ? err : check_pointer_alu(env, insn, desc, dst, &num);
	}
	return check_scalar_alu(env, insn, desc, &num);
}

/* Shifts by a constant that is not below the width mean nothing, and divisions by 0 neither. */
static int check_constant(struct env *env, const struct skep_insn *insn,
			  const struct insn_desc *desc)
{
	u8 op = SKEP_OP(desc->code);
	s32 width = desc->kind == INSN_KIND_ALU64 ? 64 : 32;

	if (SKEP_SRC(desc->code) != SKEP_K)
		return 0;
	if ((op == SKEP_DIV || op == SKEP_MOD) && !insn->imm)
		return reject(env, -EINVAL, RULE_DIVISION_BY_ZERO, "division by the constant 0");
	if ((op == SKEP_LSH || op == SKEP_RSH || op == SKEP_ARSH) &&
	    (insn->imm < 0 || insn->imm >= width))
		return reject(env, -EINVAL, RULE_SHIFT_COUNT, "shift of a %d-bit number by %d",
			      width, insn->imm);
	return 0;
}

static int check_negation(struct env *env, const struct skep_insn *insn,
			  const struct insn_desc *desc)
{
	struct reg *dst = cur_reg(env, insn->dst);
	struct num num;

	if (dst->type != REG_SCALAR)
		reg_set_unknown(dst);
	num = desc->kind == INSN_KIND_ALU32 ? num_neg32(&dst->num) : num_neg(&dst->num);
	reg_set_scalar(dst, &num);
	return 0;
}

int check_alu(struct env *env, const struct skep_insn *insn, const struct insn_desc *desc)
{
	int err = 0;

	if (desc->flags & INSN_READS_SRC)
		err = read_reg(env, insn->src);
	if (!err && desc->flags & INSN_READS_DST)
		err = read_reg(env, insn->dst);
	if (!err)
		err = write_reg(env, insn->dst);
	if (err)
		return err;
	if (desc->kind == INSN_KIND_SWAP)
		return check_swap(env, insn, desc);
	if (SKEP_OP(desc->code) == SKEP_NEG)
		return check_negation(env, insn, desc);
	if (SKEP_OP(desc->code) == SKEP_MOV)
		return check_move(env, insn, desc);
	err = check_constant(env, insn, desc);
	return err ? err : check_binary(env, insn, desc);
}

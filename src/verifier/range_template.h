/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Intervals of one width, unsigned and signed at once: included more than once, by num_template.h
 * for the full and
 * for the half width, with
 *   RU, RS    unsigned and signed type
 *   RBITS     their width
 *   RANGE     struct name
 *   R(name)   function name
 * and undefined again at the end. Arithmetic is done in RU or checked by overflow builtins, so that
 * nothing overflows in a signed type.
 */
#define RU_MAX ((RU) ~(RU)0)
#define RS_MAX ((RS)(RU_MAX >> 1))
#define RS_MIN ((RS)(-RS_MAX - 1))

static inline struct RANGE R(unknown)(void)
{
	return (struct RANGE){0, RU_MAX, RS_MIN, RS_MAX};
}

static inline struct RANGE R(const)(RU x)
{
	return (struct RANGE){x, x, (RS)x, (RS)x};
}

static inline bool R(is_empty)(const struct RANGE *r)
{
	return r->umin > r->umax || r->smin > r->smax;
}

static inline bool R(within)(const struct RANGE *part, const struct RANGE *whole)
{
	return part->umin >= whole->umin && part->umax <= whole->umax &&
	       part->smin >= whole->smin && part->smax <= whole->smax;
}

static inline void R(join)(struct RANGE *to, const struct RANGE *from)
{
	to->umin = from->umin < to->umin ? from->umin : to->umin;
	to->umax = from->umax > to->umax ? from->umax : to->umax;
	to->smin = from->smin < to->smin ? from->smin : to->smin;
	to->smax = from->smax > to->smax ? from->smax : to->smax;
}

static inline void R(meet_unsigned)(struct RANGE *r, RU min, RU max)
{
	r->umin = min > r->umin ? min : r->umin;
	r->umax = max < r->umax ? max : r->umax;
}

static inline void R(meet_signed)(struct RANGE *r, RS min, RS max)
{
	r->smin = min > r->smin ? min : r->smin;
	r->smax = max < r->smax ? max : r->smax;
}

static inline void R(meet)(struct RANGE *r, const struct RANGE *with)
{
	R(meet_unsigned)(r, with->umin, with->umax);
	R(meet_signed)(r, with->smin, with->smax);
}

/*
 * Each order bounds the other. On the circle of all values:
 *
 *     0         RS_MAX RS_MIN        RU_MAX
 *     |------------|     |-------------|        unsigned, left to right
 *      non-negative          negative           signed
 *
 * An interval of one order that stays in one half is the same interval in the other order. One
 * that spans both leaves, in the other order, two pieces; when one piece misses what is known
 * there, the other one holds all.
 */
static inline void R(cross)(struct RANGE *r)
{
	if ((RS)r->umin <= (RS)r->umax) {
		R(meet_signed)(r, (RS)r->umin, (RS)r->umax);
	} else { /* signed pieces [RS_MIN, umax] and [umin, RS_MAX] */
		if (r->smin > (RS)r->umax)
			R(meet_signed)(r, (RS)r->umin, RS_MAX);
		if (r->smax < (RS)r->umin)
			R(meet_signed)(r, RS_MIN, (RS)r->umax);
	}
	if ((RU)r->smin <= (RU)r->smax) {
		R(meet_unsigned)(r, (RU)r->smin, (RU)r->smax);
	} else { /* unsigned pieces [0, smax] and [smin, RU_MAX] */
		if (r->umin > (RU)r->smax)
			R(meet_unsigned)(r, (RU)r->smin, RU_MAX);
		if (r->umax < (RU)r->smin)
			R(meet_unsigned)(r, 0, (RU)r->smax);
	}
}

/* Raise and lower the bounds to the next numbers that the known bits allow. */
static inline bool R(fit)(struct RANGE *r, u64 value, u64 mask)
{
	const RU sign = (RU)((RU)1 << (RBITS - 1));
	const RU known = (RU)~mask;
	u64 min, max;

	if (!N(tnum_ceil)(value, mask, r->umin, RU_MAX, &min) ||
	    !N(tnum_floor)(value, mask, r->umax, RU_MAX, &max))
		return false;
	r->umin = (RU)min;
	r->umax = (RU)max;
	/* the signed order is the unsigned one with the sign bit flipped */
	value ^= sign & known;
	if (!N(tnum_ceil)(value, mask, (RU)((RU)r->smin ^ sign), RU_MAX, &min) ||
	    !N(tnum_floor)(value, mask, (RU)((RU)r->smax ^ sign), RU_MAX, &max))
		return false;
	r->smin = (RS)((RU)min ^ sign);
	r->smax = (RS)((RU)max ^ sign);
	return true;
}

static inline struct RANGE R(add)(const struct RANGE *a, const struct RANGE *b)
{
	struct RANGE r = R(unknown)();
	RU umin, umax;
	RS smin, smax;
	bool low = __builtin_add_overflow(a->umin, b->umin, &umin);
	bool high = __builtin_add_overflow(a->umax, b->umax, &umax);

	if (low == high) { /* none wraps, or all wrap once */
		r.umin = umin;
		r.umax = umax;
	}
	low = __builtin_add_overflow(a->smin, b->smin, &smin);
	high = __builtin_add_overflow(a->smax, b->smax, &smax);
	/* both overflow to the same side: only when both ends have that sign */
	if (low == high && (!low || (a->smin < 0) == (a->smax < 0))) {
		r.smin = smin;
		r.smax = smax;
	}
	return r;
}

static inline struct RANGE R(sub)(const struct RANGE *a, const struct RANGE *b)
{
	struct RANGE r = R(unknown)();
	RU umin, umax;
	RS smin, smax;
	bool low = __builtin_sub_overflow(a->umin, b->umax, &umin);
	bool high = __builtin_sub_overflow(a->umax, b->umin, &umax);

	if (low == high) {
		r.umin = umin;
		r.umax = umax;
	}
	low = __builtin_sub_overflow(a->smin, b->smax, &smin);
	high = __builtin_sub_overflow(a->smax, b->smin, &smax);
	if (low == high && (!low || (a->smin < 0) == (a->smax < 0))) {
		r.smin = smin;
		r.smax = smax;
	}
	return r;
}

static inline struct RANGE R(mul)(const struct RANGE *a, const struct RANGE *b)
{
	struct RANGE r = R(unknown)();
	RU umin, umax;
	RS p[4];

	if (!__builtin_mul_overflow(a->umax, b->umax, &umax)) {
		umin = (RU)((u64)a->umin * b->umin);
		r.umin = umin;
		r.umax = umax;
	}
	if (__builtin_mul_overflow(a->smin, b->smin, &p[0]) ||
	    __builtin_mul_overflow(a->smin, b->smax, &p[1]) ||
	    __builtin_mul_overflow(a->smax, b->smin, &p[2]) ||
	    __builtin_mul_overflow(a->smax, b->smax, &p[3]))
		return r;
	r.smin = r.smax = p[0];
	for (u32 i = 1; i < 4; i++) {
		r.smin = p[i] < r.smin ? p[i] : r.smin;
		r.smax = p[i] > r.smax ? p[i] : r.smax;
	}
	return r;
}

static inline struct RANGE R (and)(const struct RANGE *a, const struct RANGE *b)
{
	struct RANGE r = R(unknown)();

	r.umax = a->umax < b->umax ? a->umax : b->umax;
	return r;
}

static inline struct RANGE R(or)(const struct RANGE *a, const struct RANGE *b)
{
	struct RANGE r = R(unknown)();

	r.umin = a->umin > b->umin ? a->umin : b->umin;
	return r;
}

static inline struct RANGE R(div)(const struct RANGE *a, const struct RANGE *b)
{
	struct RANGE r = R(unknown)();

	if (!b->umax) /* a zero divisor gives 0 */
		return R(const)(0);
	r.umax = b->umin ? a->umax / b->umin : a->umax;
	r.umin = b->umin ? a->umin / b->umax : 0;
	return r;
}

static inline struct RANGE R(mod)(const struct RANGE *a, const struct RANGE *b)
{
	struct RANGE r = R(unknown)();

	if (a->umax < b->umin || !b->umax) /* a zero divisor leaves the dividend */
		return *a;
	r.umin = 0;
	r.umax = a->umax;
	if (b->umin && b->umax - 1 < r.umax)
		r.umax = (RU)(b->umax - 1);
	return r;
}

static inline struct RANGE R(sdiv)(const struct RANGE *a, const struct RANGE *b)
{
	struct RANGE r = R(unknown)();
	RS d = b->smin;

	if (b->smin != b->smax || d == -1)
		return r;
	if (!d)
		return R(const)(0);
	r.smin = (RS)(d > 0 ? a->smin / d : a->smax / d);
	r.smax = (RS)(d > 0 ? a->smax / d : a->smin / d);
	return r;
}

static inline struct RANGE R(smod)(const struct RANGE *a, const struct RANGE *b)
{
	struct RANGE r = R(unknown)();
	RS d = b->smin, most;

	if (b->smin != b->smax || d == RS_MIN)
		return r;
	if (!d)
		return *a;
	most = (RS)((d < 0 ? -d : d) - 1);
	r.smin = a->smin >= 0 ? 0 : (RS)-most;
	r.smax = a->smax <= 0 ? 0 : most;
	if (r.smin < a->smin && a->smin <= 0)
		r.smin = a->smin;
	if (r.smax > a->smax && a->smax >= 0)
		r.smax = a->smax;
	return r;
}

/* Shift counts lie in [min, max], max < RBITS. */
static inline struct RANGE R(lsh)(const struct RANGE *a, u32 min, u32 max)
{
	struct RANGE r = R(unknown)();

	if (a->umax <= RU_MAX >> max) {
		r.umin = (RU)((u64)a->umin << min);
		r.umax = (RU)((u64)a->umax << max);
	}
	if (min == max && a->smin >= RS_MIN >> max && a->smax <= RS_MAX >> max) {
		r.smin = (RS)((u64)a->smin << max);
		r.smax = (RS)((u64)a->smax << max);
	}
	return r;
}

static inline struct RANGE R(rsh)(const struct RANGE *a, u32 min, u32 max)
{
	struct RANGE r = R(unknown)();

	r.umin = (RU)(a->umin >> max);
	r.umax = (RU)(a->umax >> min);
	return r;
}

static inline struct RANGE R(arsh)(const struct RANGE *a, u32 min, u32 max)
{
	struct RANGE r = R(unknown)();

	r.smin = (RS)(a->smin >> (a->smin < 0 ? min : max));
	r.smax = (RS)(a->smax >> (a->smax < 0 ? max : min));
	return r;
}

/* 1, 0 or -1 (unknown). The equality of two constants is the caller's. */
static inline int R(decide)(enum num_cmp cmp, const struct RANGE *a, const struct RANGE *b)
{
	switch (cmp) {
	case NUM_EQ:
	case NUM_NE:
		if (a->umin > b->umax || a->umax < b->umin || a->smin > b->smax ||
		    a->smax < b->smin)
			return cmp == NUM_NE;
		if (a->umin == a->umax && b->umin == b->umax)
			return cmp == NUM_EQ; /* disjoint ones were seen above */
		return -1;
	case NUM_GT:
		return a->umin > b->umax ? 1 : a->umax <= b->umin ? 0 : -1;
	case NUM_GE:
		return a->umin >= b->umax ? 1 : a->umax < b->umin ? 0 : -1;
	case NUM_SGT:
		return a->smin > b->smax ? 1 : a->smax <= b->smin ? 0 : -1;
	case NUM_SGE:
		return a->smin >= b->smax ? 1 : a->smax < b->smin ? 0 : -1;
	case NUM_LT:
		return R(decide)(NUM_GT, b, a);
	case NUM_LE:
		return R(decide)(NUM_GE, b, a);
	case NUM_SLT:
		return R(decide)(NUM_SGT, b, a);
	case NUM_SLE:
		return R(decide)(NUM_SGE, b, a);
	default:
		return -1;
	}
}

/* A bound that equals a number which is excluded moves by one. */
static inline void R(exclude)(struct RANGE *r, RU x)
{
	if (r->umin == x && r->umin < r->umax)
		r->umin++;
	else if (r->umax == x && r->umin < r->umax)
		r->umax--;
	if (r->smin == (RS)x && r->smin < r->smax)
		r->smin++;
	else if (r->smax == (RS)x && r->smin < r->smax)
		r->smax--;
}

/* Ordered comparisons and (in)equality; false when no pair satisfies it. */
static inline bool R(refine)(enum num_cmp cmp, struct RANGE *a, struct RANGE *b)
{
	switch (cmp) {
	case NUM_EQ:
		R(meet)(a, b);
		*b = *a;
		break;
	case NUM_NE:
		if (b->umin == b->umax && a->umin == a->umax)
			return a->umin != b->umin;
		if (b->umin == b->umax)
			R(exclude)(a, b->umin);
		else if (a->umin == a->umax)
			R(exclude)(b, a->umin);
		break;
	case NUM_GT:
		if (b->umin == RU_MAX || !a->umax)
			return false;
		R(meet_unsigned)(a, (RU)(b->umin + 1), RU_MAX);
		R(meet_unsigned)(b, 0, (RU)(a->umax - 1));
		break;
	case NUM_GE:
		R(meet_unsigned)(a, b->umin, RU_MAX);
		R(meet_unsigned)(b, 0, a->umax);
		break;
	case NUM_SGT:
		if (b->smin == RS_MAX || a->smax == RS_MIN)
			return false;
		R(meet_signed)(a, (RS)(b->smin + 1), RS_MAX);
		R(meet_signed)(b, RS_MIN, (RS)(a->smax - 1));
		break;
	case NUM_SGE:
		R(meet_signed)(a, b->smin, RS_MAX);
		R(meet_signed)(b, RS_MIN, a->smax);
		break;
	case NUM_LT:
		return R(refine)(NUM_GT, b, a);
	case NUM_LE:
		return R(refine)(NUM_GE, b, a);
	case NUM_SLT:
		return R(refine)(NUM_SGT, b, a);
	case NUM_SLE:
		return R(refine)(NUM_SGE, b, a);
	default:
		break;
	}
	return !R(is_empty)(a) && !R(is_empty)(b);
}

#undef RU_MAX
#undef RS_MAX
#undef RS_MIN
#undef RU
#undef RS
#undef RBITS
#undef RANGE
#undef R

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a compiler makes of every kind of operation: the objdump test compiles and compares it. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

struct record {
	u64 a;
	u32 b;
	u16 c;
	u8 d;
	s8 e;
	s16 f;
	s32 g;
	s64 h;
};

static u64 (*const ktime_get_ns)(void) = (void *)5;
static void *(*const map_lookup_elem)(void *map, const void *key) = (void *)1;

u64 counter;

__attribute__((noinline)) u64 arithmetic(u64 x, u64 y, u32 v, u32 w)
{
	u64 r = x + y * 3 - (x / (y | 1)) + (x % (y | 1));

	r ^= (x << (y & 63)) | (x >> 7);
	r += (u64)((s64)x >> (y & 63)) & 0xffffffff00ull;
	v = v * w + (v / (w | 1)) - (v % 77) + (v >> 3) + (u32)((s32)w >> 5);
	return r + v + (u64)-x + 0x1122334455667788ull;
}

__attribute__((noinline)) u64 memory(struct record *p)
{
	p->a += p->b;
	p->b = p->c + p->d;
	p->c = 7;
	p->d = (u8)p->a;
	p->h = p->e + p->f + p->g;
	return __builtin_bswap16(p->c) + __builtin_bswap32(p->b) + __builtin_bswap64(p->a);
}

__attribute__((noinline)) u64 branches(u64 x, s64 y, u32 v, s32 w)
{
	u64 r = 0;

	for (u32 i = 0; i < v; i++)
		r += x > r ? (u64)map_lookup_elem(&counter, &x) : ktime_get_ns();
	if (y > 10 || y <= -10)
		r += 3;
	if (w < -3)
		r ^= arithmetic(r, x, v, 1);
	if (x & 0x40)
		r *= 5;
	return r;
}

__attribute__((section("xdp"))) int entry(void *context)
{
	struct record record = {.a = ktime_get_ns(), .b = 3, .f = -2};

	__sync_fetch_and_add(&counter, 1);
	return (int)(memory(&record) + branches(record.a, record.h, record.b, record.g));
}

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What a kernel would have: configuration, symbols, functions, each weak and strong. */
#include "common.h"

#define KSYM __attribute__((section(".ksyms")))
#define KCONFIG __attribute__((section(".kconfig")))

extern u32 CONFIG_STRONG KCONFIG;
extern u64 CONFIG_WEAK KCONFIG weak;
extern _Bool CONFIG_BOOL KCONFIG weak;
extern const void symbol_strong KSYM;
extern const void symbol_weak KSYM weak;
extern int function_strong(int x) KSYM;
extern int function_weak(int x) KSYM weak;

SEC("xdp")
int weak_config(void *ctx)
{
	return CONFIG_WEAK ? 1 : 2 + CONFIG_BOOL;
}

SEC("xdp")
int strong_config(void *ctx)
{
	return (int)CONFIG_STRONG;
}

SEC("xdp")
int weak_symbol(void *ctx)
{
	return &symbol_weak ? 1 : 2;
}

SEC("xdp")
int strong_symbol(void *ctx)
{
	return &symbol_strong == ctx;
}

SEC("xdp")
int weak_function(void *ctx)
{
	return function_weak ? function_weak(1) : 2;
}

SEC("xdp")
int strong_function(void *ctx)
{
	return function_strong(3);
}

char LICENSE[] SEC("license") = "GPL";

/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Compiled without -g: no BTF, no licence, and one function alone in .text. */
int lone(void *ctx)
{
	return 2;
}

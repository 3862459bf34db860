/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * When may memory that workers read without a lock be freed? After every worker has passed a
 * point at which it holds nothing: a quiescent state. This is liburcu's QSBR flavour; the calls
 * stand here once, so that nothing else depends on the library.
 *
 * A worker: quiesce_join() when it starts, quiesce_point() between bursts, quiesce_idle() before
 * it blocks and quiesce_busy() after, quiesce_leave() when it ends. A joined thread that blocks
 * without quiesce_idle() makes every quiesce_wait() wait for it.
 * A thread that runs programs only while no other thread changes maps (a test, `skep run`) need
 * not join.
 */
#ifndef SKEP_MAP_QUIESCE_H
#define SKEP_MAP_QUIESCE_H

void quiesce_join(void);
void quiesce_leave(void);
void quiesce_point(void);
void quiesce_idle(void);
void quiesce_busy(void);

/* Return when all joined threads have passed a quiescent state; the caller's own counts at once. */
void quiesce_wait(void);

#endif

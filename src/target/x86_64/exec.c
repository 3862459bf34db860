/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * See exec.h. The pages belong to a memory file that is sealed against writing and closed before
 * the first instruction runs, so that no way is left to get a writable mapping of them.
 */
#include "target/x86_64/exec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul
#define STEP (32ul << 20) /* between two tries */
#define TRIES 50          /* on either side: up to 1.6 GiB away */

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u /* Linux 6.3 */
#endif

static int file_new(size_t size)
{
	int fd = memfd_create("skep-code", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("skep-code", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)size)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

static u8 *reserve_at(u64 address, size_t size, int flags)
{
	u8 *at = mmap((void *)(uintptr_t)address, size, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	if (flags && (u64)(uintptr_t)at != address) { /* a kernel that takes it for a hint */
		munmap(at, size);
		return NULL;
	}
	return at;
}

static u8 *reserve(const void *near, size_t size)
{
	u64 middle = (u64)(uintptr_t)near & ~(PAGE - 1);
	u8 *at = NULL;

	for (u64 try = 1; !at && try <= TRIES; try++) {
		at = reserve_at(middle + try * STEP, size, MAP_FIXED_NOREPLACE);
		if (!at && middle > (try + 1) * STEP)
			at = reserve_at(middle - try * STEP, size, MAP_FIXED_NOREPLACE);
	}
	return at ? at : reserve_at(0, size, 0);
}

int exec_new(size_t size, const void *near, struct exec *exec)
{
	int err;

	*exec = (struct exec){.size = ALIGN_UP(size ? size : 1, PAGE), .fd = -1};
	exec->fd = file_new(exec->size);
	if (exec->fd < 0)
		return exec->fd;
	exec->write = mmap(NULL, exec->size, PROT_READ | PROT_WRITE, MAP_SHARED, exec->fd, 0);
	if (exec->write == MAP_FAILED)
		exec->write = NULL;
	exec->guard = exec->write ? reserve(near, exec->size + 2 * PAGE) : NULL;
	if (!exec->guard) {
		err = -ENOMEM;
		exec_free(exec);
		return err;
	}
	exec->run = exec->guard + PAGE;
	return 0;
}

int exec_publish(struct exec *exec)
{
	void *at;

	munmap(exec->write, exec->size);
	exec->write = NULL;
	if (fcntl(exec->fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return -errno;
	at = mmap(exec->run, exec->size, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, exec->fd,
		  0);
	if (at == MAP_FAILED)
		return -errno;
	close(exec->fd);
	exec->fd = -1;
	return 0;
}

void exec_free(struct exec *exec)
{
	if (exec->write)
		munmap(exec->write, exec->size);
	if (exec->guard)
		munmap(exec->guard, exec->size + 2 * PAGE);
	if (exec->fd >= 0)
		close(exec->fd);
	*exec = (struct exec){.fd = -1};
}

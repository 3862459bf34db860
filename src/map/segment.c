/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#include "map/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/diag.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

_Static_assert(sizeof(struct segment_header) <= SEGMENT_HEADER_BYTES, "the header is one page");
_Static_assert(sizeof(struct skep_map_def) == 96, "no padding that differs between compilers");

static u64 random_number(void)
{
	u64 number;

	while (getrandom(&number, sizeof(number), 0) != sizeof(number))
		;
	return number | 1;
}

u64 id_space(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static pid_t owner;
	static u64 space;
	u64 ret;

	pthread_mutex_lock(&lock);
	if (owner != getpid()) {
		owner = getpid();
		space = random_number();
	}
	ret = space;
	pthread_mutex_unlock(&lock);
	return ret;
}

/*
 * The rule of the kernel's vmalloc(): what has more pages than the machine is refused at once,
 * anything else is tried. A map that is not preallocated may be larger than it will ever be full.
 */
static bool fits_machine(const struct skep_map_def *def, size_t bytes)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (def->map_flags & SKEP_F_NO_PREALLOC)
		return bytes <= 1ull << 45;
	return pages <= 0 || page <= 0 || bytes / (size_t)page <= (size_t)pages;
}

static int segment_map(int fd, size_t payload_bytes, struct map_segment **ret)
{
	struct map_segment *segment = calloc(1, sizeof(*segment));
	size_t size = SEGMENT_HEADER_BYTES + payload_bytes;
	void *mem;

	if (!segment)
		return -ENOMEM;
	mem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (mem == MAP_FAILED) {
		free(segment);
		return -ENOMEM;
	}
	segment->fd = fd;
	segment->header = mem;
	segment->payload = (char *)mem + SEGMENT_HEADER_BYTES;
	segment->payload_bytes = payload_bytes;
	*ret = segment;
	return 0;
}

/* Pages of the map come from its node while that has some, as the kernel's allocations do. */
static void prefer_node(const struct map_segment *segment)
{
	unsigned long mask[16] = {0};
	u32 node = segment->def.numa_node;

	if (!(segment->def.map_flags & SKEP_F_NUMA_NODE) || node >= sizeof(mask) * 8)
		return;
	mask[node / (8 * sizeof(*mask))] = 1ul << node % (8 * sizeof(*mask));
	/* A preference: where the system has no such policy every node is as good. */
	(void)syscall(SYS_mbind, segment->header, SEGMENT_HEADER_BYTES + segment->payload_bytes,
		      1 /* MPOL_PREFERRED */, mask, sizeof(mask) * 8, 0);
}

static void header_write(struct map_segment *segment)
{
	struct segment_header *header = segment->header;

	header->version = SEGMENT_VERSION;
	header->header_bytes = SEGMENT_HEADER_BYTES;
	header->payload_bytes = segment->payload_bytes;
	header->def = segment->def;
	header->inner = segment->inner;
	header->nr_cpus = segment->nr_cpus;
	header->seed = segment->seed;
	header->ids = id_space();
	header->magic = SEGMENT_MAGIC;
}

static int memfd_make(const char *name, size_t payload_bytes, struct skep_diag *diag)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int err = 0;

	if (fd < 0)
		return diag_fail(diag, -errno, "map '%s': cannot make shared memory: %s", name,
				 strerror(errno));
	if (ftruncate(fd, (off_t)(SEGMENT_HEADER_BYTES + payload_bytes)) < 0)
		err = errno == EFBIG || errno == EINVAL ? -ENOMEM : -errno;
	else if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		err = -errno;
	if (err) {
		close(fd);
		return diag_fail(diag, err, "map '%s': cannot size shared memory to %zu bytes: %s",
				 name, payload_bytes, strerror(-err));
	}
	return fd;
}

int segment_create(const struct skep_map_def *def, const struct skep_map_def *inner, u32 nr_cpus,
		   size_t payload_bytes, struct map_segment **ret, struct skep_diag *diag)
{
	struct map_segment *segment;
	int fd, err;

	if (payload_bytes > SIZE_MAX / 2 || !fits_machine(def, payload_bytes))
		return diag_fail(diag, -ENOMEM,
				 "map '%s': %zu bytes are more than this machine has", def->name,
				 payload_bytes);
	fd = memfd_make(def->name, payload_bytes, diag);
	if (fd < 0)
		return fd;
	err = segment_map(fd, payload_bytes, &segment);
	if (err) {
		close(fd);
		return diag_fail(diag, err, "map '%s': no room for %zu bytes", def->name,
				 payload_bytes);
	}
	segment->def = *def;
	segment->inner = *inner;
	segment->nr_cpus = nr_cpus;
	segment->seed = def->map_flags & SKEP_F_ZERO_SEED ? 0 : random_number();
	prefer_node(segment);
	header_write(segment);
	*ret = segment;
	return 0;
}

/* The file: a regular one that holds at least a header and can no longer shrink. */
static int file_check(int fd, size_t *ret_size, struct skep_diag *diag)
{
	struct stat stat;
	int seals;

	if (fstat(fd, &stat) < 0)
		return diag_fail(diag, -errno, "map segment: %s", strerror(errno));
	if (!S_ISREG(stat.st_mode))
		return diag_fail(diag, -EINVAL, "map segment: not a memory file");
	if (stat.st_size < SEGMENT_HEADER_BYTES)
		return diag_fail(diag, -EINVAL, "map segment: %lld bytes, less than a header",
				 (long long)stat.st_size);
	seals = fcntl(fd, F_GET_SEALS);
	if (seals >= 0 && (seals & SEALS) != SEALS && !fcntl(fd, F_ADD_SEALS, SEALS))
		seals |= SEALS;
	if (seals < 0 || (seals & SEALS) != SEALS)
		return diag_fail(diag, -EINVAL,
				 "map segment: the file may change its size and cannot be sealed");
	*ret_size = (size_t)stat.st_size;
	return 0;
}

static int header_check(struct map_segment *segment, struct skep_diag *diag)
{
	struct segment_header copy;

	memcpy(&copy, segment->header, sizeof(copy));
	if (copy.magic == __builtin_bswap64(SEGMENT_MAGIC))
		return diag_fail(diag, -EINVAL, "map segment: written in the other byte order");
	if (copy.magic != SEGMENT_MAGIC)
		return diag_fail(diag, -EINVAL, "map segment: no skep map (magic %#llx)",
				 (unsigned long long)copy.magic);
	if (copy.version != SEGMENT_VERSION || copy.header_bytes != SEGMENT_HEADER_BYTES)
		return diag_fail(diag, -EINVAL,
				 "map segment: layout version %u, this is version %u", copy.version,
				 SEGMENT_VERSION);
	if (!memchr(copy.def.name, 0, sizeof(copy.def.name)) ||
	    !memchr(copy.inner.name, 0, sizeof(copy.inner.name)))
		return diag_fail(diag, -EINVAL, "map segment: name without an end");
	if (copy.payload_bytes != segment->payload_bytes)
		return diag_fail(diag, -EINVAL,
				 "map segment '%s': says %llu bytes, the file has %zu",
				 copy.def.name, (unsigned long long)copy.payload_bytes,
				 segment->payload_bytes);
	if (copy.nr_cpus > CPU_MAX || copy.nr_cpus < cpu_count())
		return diag_fail(diag, -EINVAL,
				 "map segment '%s': made for %u CPUs, this machine has %u",
				 copy.def.name, copy.nr_cpus, cpu_count());
	segment->def = copy.def;
	segment->inner = copy.inner;
	segment->nr_cpus = copy.nr_cpus;
	segment->seed = copy.seed;
	return 0;
}

int segment_attach(int fd, struct map_segment **ret, struct skep_diag *diag)
{
	struct map_segment *segment;
	size_t size = 0;
	int err, own;

	err = file_check(fd, &size, diag);
	if (err)
		return err;
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (own < 0)
		return diag_fail(diag, -errno, "map segment: %s", strerror(errno));
	err = segment_map(own, size - SEGMENT_HEADER_BYTES, &segment);
	if (err) {
		close(own);
		return diag_fail(diag, err, "map segment: cannot map %zu bytes", size);
	}
	err = header_check(segment, diag);
	if (err) {
		segment_close(segment);
		return err;
	}
	*ret = segment;
	return 0;
}

void segment_close(struct map_segment *segment)
{
	if (!segment)
		return;
	munmap(segment->header, SEGMENT_HEADER_BYTES + segment->payload_bytes);
	close(segment->fd);
	free(segment);
}

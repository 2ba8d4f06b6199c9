/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See snapshot.h. All pages are made read-only at the start. The first write to one is a fault,
 * whose handler keeps what was there, once for each mark, and lets all further writes through:
 * from then on the page is copied at each mark and each return. What the handler needs stands
 * outside of what is watched.
 */
#include "snapshot.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define RANGES_MAX 4

/* Of a page, or of less at the ends of a range. */
struct piece {
	uint8_t *at;
	size_t bytes;
	uint8_t *kept[SNAPSHOT_MARKS];
};

struct snapshot {
	struct snapshot_range ranges[RANGES_MAX];
	uint32_t range_count;
	struct sigaction before;
	size_t own_bytes; /* of this and its pieces */
	uint8_t *kept;
	size_t kept_bytes;
	uint8_t *kept_next; /* room for what is kept next */
	size_t bytes;
	size_t piece_count;
	struct piece pieces[];
};

static struct snapshot *snapshot;

/* The linker's names for where variables begin and end. */
extern char __data_start[];
extern char _end[];

/* There are none in a program that is built without sanitizers, and without counting what is
 * executed. */
__attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)(void));
__attribute__((weak)) int __llvm_profile_write_file(void);

bool
snapshot_of_variables(struct snapshot_range *range)
{
	*range = (struct snapshot_range){ __data_start, (size_t)(_end - __data_start) };
	return __sanitizer_set_death_callback == NULL && __llvm_profile_write_file == NULL;
}

static void *
mapped(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	return memory;
}

static void
allow(void *start, size_t bytes, bool writes)
{
	if (mprotect(start, bytes, writes ? PROT_READ | PROT_WRITE : PROT_READ) != 0)
		abort();
}

static uint8_t *
page_up(const struct snapshot_range *range)
{
	return (uint8_t *)(((uintptr_t)range->start + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
}

/* The end of the whole pages in it. */
static uint8_t *
page_down(const struct snapshot_range *range)
{
	return (uint8_t *)(((uintptr_t)range->start + range->bytes) & ~(uintptr_t)(PAGE - 1));
}

static void
piece_add(uint8_t *at, size_t bytes)
{
	struct piece *piece = &snapshot->pieces[snapshot->piece_count++];

	piece->at = at;
	piece->bytes = bytes;
	for (uint32_t i = 0; i < SNAPSHOT_MARKS; i++) {
		piece->kept[i] = snapshot->kept_next;
		snapshot->kept_next += bytes;
		memcpy(piece->kept[i], at, bytes);
	}
	snapshot->bytes += bytes;
}

/* A write to a page that was not written before; or one that is none of ours, which happens again.
 */
static void
written(int number, siginfo_t *info, void *context)
{
	uint8_t *at = (uint8_t *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));

	(void)context;
	for (uint32_t i = 0; i < snapshot->range_count; i++)
		if (at >= page_up(&snapshot->ranges[i]) && at < page_down(&snapshot->ranges[i])) {
			piece_add(at, PAGE);
			allow(at, PAGE, true);
			return;
		}
	(void)sigaction(number, &snapshot->before, NULL);
}

/* Its whole pages are watched, its ends are copied always. */
static void
range_add(const struct snapshot_range *range)
{
	uint8_t *start = range->start;

	assert(snapshot->range_count < RANGES_MAX && page_up(range) <= page_down(range));
	snapshot->ranges[snapshot->range_count++] = *range;
	if (page_up(range) != start)
		piece_add(start, (size_t)(page_up(range) - start));
	if (page_down(range) != start + range->bytes)
		piece_add(page_down(range), (size_t)(start + range->bytes - page_down(range)));
}

static void
ranges_allow(bool writes)
{
	for (uint32_t i = 0; i < snapshot->range_count; i++) {
		const struct snapshot_range *range = &snapshot->ranges[i];

		allow(page_up(range), (size_t)(page_down(range) - page_up(range)), writes);
	}
}

void
snapshot_start(const struct snapshot_range *ranges, uint32_t count)
{
	struct sigaction action = { .sa_sigaction = written, .sa_flags = SA_SIGINFO };
	struct snapshot *made;
	size_t bytes = 0;
	size_t own_bytes;

	assert(snapshot == NULL);
	for (uint32_t i = 0; i < count; i++)
		bytes += ranges[i].bytes;
	own_bytes = sizeof(*made) + (bytes / PAGE + 2 * count) * sizeof(made->pieces[0]);
	made = mapped(own_bytes);
	made->own_bytes = own_bytes;
	made->kept_bytes = bytes * SNAPSHOT_MARKS;
	made->kept = mapped(made->kept_bytes);
	made->kept_next = made->kept;
	snapshot = made;
	(void)sigaction(SIGSEGV, &action, &made->before);
	for (uint32_t i = 0; i < count; i++)
		range_add(&ranges[i]);
	ranges_allow(false);
}

void
snapshot_mark(uint32_t mark)
{
	for (size_t i = 0; i < snapshot->piece_count; i++)
		memcpy(snapshot->pieces[i].kept[mark], snapshot->pieces[i].at,
		    snapshot->pieces[i].bytes);
}

void
snapshot_return(uint32_t mark)
{
	for (size_t i = 0; i < snapshot->piece_count; i++)
		memcpy(snapshot->pieces[i].at, snapshot->pieces[i].kept[mark],
		    snapshot->pieces[i].bytes);
}

size_t
snapshot_bytes(void)
{
	return snapshot->bytes;
}

void
snapshot_stop(void)
{
	struct snapshot *done = snapshot;

	ranges_allow(true);
	(void)sigaction(SIGSEGV, &done->before, NULL);
	snapshot = NULL;
	(void)munmap(done->kept, done->kept_bytes);
	(void)munmap(done, done->own_bytes);
}

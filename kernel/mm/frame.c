/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical frames: a bitmap with one bit a frame (1: free) and a summary with one bit for each word
 * of it, so that finding a free frame looks at a few words. Both stand in the first usable range
 * that has room for them.
 */
#include "mm/frame.h"

#include <core/string.h>

#include "arch/cpu.h"
#include "arch/page_table.h"
#include "base/assert.h"
#include "base/log.h"
#include "sync/spinlock.h"

#define BITS 64
#define RUN_SEARCH_FRAMES 512 /* looked at without a window */

static struct {
	struct spinlock lock;
	uint64_t *bitmap GUARDED_BY(&lock);
	uint64_t *summary GUARDED_BY(&lock);
	uint64_t frame_count; /* [I] frames that the bitmap covers, from 0 */
	uint64_t word_count;  /* [I] */
	uint64_t summary_count;
	uint64_t free_count GUARDED_BY(&lock);
	uint64_t total_count;		 /* [I] frames that were ever free */
	uint64_t hint GUARDED_BY(&lock); /* summary word to look at first */
	uint64_t fail_after GUARDED_BY(&lock);
} frames;

static void
mark_free_locked(uint64_t frame) REQUIRES(&frames.lock)
{
	uint64_t bit = UINT64_C(1) << (frame % BITS);
	uint64_t word = frame / BITS;

	KASSERT((frames.bitmap[word] & bit) == 0);
	frames.bitmap[word] |= bit;
	frames.summary[word / BITS] |= UINT64_C(1) << (word % BITS);
	frames.free_count++;
}

static void
mark_used_locked(uint64_t frame) REQUIRES(&frames.lock)
{
	uint64_t word = frame / BITS;

	frames.bitmap[word] &= ~(UINT64_C(1) << (frame % BITS));
	if (frames.bitmap[word] == 0)
		frames.summary[word / BITS] &= ~(UINT64_C(1) << (word % BITS));
	frames.free_count--;
}

static bool
is_reserved(uint64_t frame, const struct memory_range *reserved, uint32_t count)
{
	paddr_t address = frame * PAGE_BYTES;

	for (uint32_t i = 0; i < count; i++)
		if (address + PAGE_BYTES > reserved[i].base &&
		    address < reserved[i].base + reserved[i].bytes)
			return true;
	return false;
}

/* The first run of `bytes` in usable memory that meets nothing reserved. */
static paddr_t
find_room(const struct memory_range *usable, uint32_t usable_count,
    const struct memory_range *reserved, uint32_t reserved_count, uint64_t bytes)
{
	for (uint32_t i = 0; i < usable_count; i++) {
		uint64_t first = (usable[i].base + PAGE_MASK) / PAGE_BYTES;
		uint64_t end = (usable[i].base + usable[i].bytes) / PAGE_BYTES;
		uint64_t run = 0;

		for (uint64_t frame = first; frame < end; frame++) {
			run = frame == 0 || is_reserved(frame, reserved, reserved_count) ? 0
											 : run + 1;
			if (run * PAGE_BYTES >= bytes)
				return (frame + 1 - run) * PAGE_BYTES;
		}
	}
	return 0;
}

static void
free_range_locked(const struct memory_range *range, const struct memory_range *reserved,
    uint32_t reserved_count, const struct memory_range *own) REQUIRES(&frames.lock)
{
	uint64_t first = (range->base + PAGE_MASK) / PAGE_BYTES;
	uint64_t end = (range->base + range->bytes) / PAGE_BYTES;

	for (uint64_t frame = first == 0 ? 1 : first; frame < end; frame++) {
		bool taken = (frames.bitmap[frame / BITS] >> (frame % BITS) & 1) != 0;

		if (!taken && !is_reserved(frame, reserved, reserved_count) &&
		    !is_reserved(frame, own, 1))
			mark_free_locked(frame);
	}
}

void
frame_init(const struct memory_range *usable, uint32_t usable_count,
    const struct memory_range *reserved, uint32_t reserved_count)
{
	struct memory_range own;
	uint64_t end = 0;

	spin_init(&frames.lock, LOCK_RANK_FRAMES, 0);
	spin_lock(&frames.lock);
	for (uint32_t i = 0; i < usable_count; i++)
		if (usable[i].base + usable[i].bytes > end)
			end = usable[i].base + usable[i].bytes;
	frames.frame_count = end / PAGE_BYTES;
	frames.word_count = frames.frame_count / BITS + 1;
	frames.summary_count = frames.word_count / BITS + 1;
	own.bytes = (frames.word_count + frames.summary_count) * sizeof(uint64_t);
	own.base = find_room(usable, usable_count, reserved, reserved_count, own.bytes);
	KASSERT(own.base != 0);
	frames.bitmap = arch_direct_map(own.base);
	frames.summary = frames.bitmap + frames.word_count;
	memset(frames.bitmap, 0, own.bytes);
	frames.free_count = 0;
	frames.hint = 0;
	frames.fail_after = UINT64_MAX;
	for (uint32_t i = 0; i < usable_count; i++)
		free_range_locked(&usable[i], reserved, reserved_count, &own);
	frames.total_count = frames.free_count;
	spin_unlock(&frames.lock);
	log_line(LOG_INFO, "memory", "%llu pages free", (unsigned long long)frames.total_count);
}

static bool
take_one_locked(paddr_t *out) REQUIRES(&frames.lock)
{
	for (uint64_t i = 0; i < frames.summary_count; i++) {
		uint64_t at = frames.hint + i < frames.summary_count
		    ? frames.hint + i
		    : frames.hint + i - frames.summary_count;
		uint64_t word;
		uint64_t frame;

		if (frames.summary[at] == 0)
			continue;
		word = at * BITS + (uint64_t)__builtin_ctzll(frames.summary[at]);
		frame = word * BITS + (uint64_t)__builtin_ctzll(frames.bitmap[word]);
		mark_used_locked(frame);
		frames.hint = at;
		*out = frame * PAGE_BYTES;
		return true;
	}
	return false;
}

enum cap_status
frame_alloc_pool(paddr_t *out)
{
	enum cap_status status = CAP_ERR_NO_MEMORY;

	spin_lock(&frames.lock);
	if (frames.fail_after != 0 && take_one_locked(out)) {
		frames.fail_after -= frames.fail_after != UINT64_MAX;
		status = CAP_OK;
	}
	spin_unlock(&frames.lock);
	return status;
}

void
frame_free_pool(paddr_t frame)
{
	spin_lock(&frames.lock);
	mark_free_locked(frame / PAGE_BYTES);
	if (frame / PAGE_BYTES / BITS / BITS < frames.hint)
		frames.hint = frame / PAGE_BYTES / BITS / BITS;
	spin_unlock(&frames.lock);
}

enum cap_status
frame_alloc_dirty(struct ledger *payer, paddr_t *out)
{
	enum cap_status status = ledger_charge(payer, LEDGER_FRAME_PAGES, 1);

	if (status != CAP_OK)
		return status;
	status = frame_alloc_pool(out);
	if (status != CAP_OK)
		ledger_release(payer, LEDGER_FRAME_PAGES, 1);
	return status;
}

enum cap_status
frame_alloc(struct ledger *payer, paddr_t *out)
{
	enum cap_status status = frame_alloc_dirty(payer, out);

	if (status == CAP_OK)
		memset(arch_direct_map(*out), 0, PAGE_BYTES);
	return status;
}

/* The bits of `count` frames from `first` that lie in one word of the bitmap. */
static uint64_t
bits_in_word(uint64_t word, uint64_t first, uint64_t count)
{
	uint64_t start = word * BITS > first ? 0 : first - word * BITS;
	uint64_t end = first + count - word * BITS;

	return (end >= BITS ? UINT64_MAX : (UINT64_C(1) << end) - 1) &
	    ~((UINT64_C(1) << start) - 1);
}

static bool
is_run_free_locked(uint64_t first, uint64_t count) REQUIRES(&frames.lock)
{
	for (uint64_t word = first / BITS; word * BITS < first + count; word++) {
		uint64_t bits = bits_in_word(word, first, count);

		if ((frames.bitmap[word] & bits) != bits)
			return false;
	}
	return true;
}

static void
mark_run_used_locked(uint64_t first, uint64_t count) REQUIRES(&frames.lock)
{
	for (uint64_t word = first / BITS; word * BITS < first + count; word++) {
		frames.bitmap[word] &= ~bits_in_word(word, first, count);
		if (frames.bitmap[word] == 0)
			frames.summary[word / BITS] &= ~(UINT64_C(1) << (word % BITS));
	}
	frames.free_count -= count;
}

/* A search for adjacent frames: where it is, and how many free ones lie before. */
struct run_search {
	uint64_t frame;
	uint64_t run;
};

/* Some frames further. True: `count` free ones lie before search->frame. */
static bool
search_some_locked(struct run_search *search, uint32_t count) REQUIRES(&frames.lock)
{
	uint64_t end = search->frame + RUN_SEARCH_FRAMES;

	if (end > frames.frame_count)
		end = frames.frame_count;
	while (search->frame < end && search->run < count) {
		uint64_t word = frames.bitmap[search->frame / BITS];

		if (word == 0) {
			search->frame = (search->frame / BITS + 1) * BITS;
			search->run = 0;
			continue;
		}
		search->run = (word >> (search->frame % BITS) & 1) != 0 ? search->run + 1 : 0;
		search->frame++;
	}
	return search->run >= count;
}

/*
 * The whole memory may have to be looked at: in steps, with a window after each. What was free
 * before a window is looked at again before it is taken.
 */
static bool
take_run(uint32_t count, paddr_t *out)
{
	struct run_search search = { 0, 0 };
	bool found = false;

	while (!found && search.frame < frames.frame_count) {
		spin_lock(&frames.lock);
		if (search_some_locked(&search, count)) {
			found = is_run_free_locked(search.frame - count, count);
			if (found)
				mark_run_used_locked(search.frame - count, count);
			search.run = 0;
		}
		spin_unlock(&frames.lock);
		if (!found)
			arch_interrupt_window();
	}
	*out = (search.frame - count) * PAGE_BYTES;
	return found;
}

static bool
must_fail(void)
{
	bool fails;

	spin_lock(&frames.lock);
	fails = frames.fail_after == 0;
	spin_unlock(&frames.lock);
	return fails;
}

enum cap_status
frame_alloc_contiguous(struct ledger *payer, uint32_t count, paddr_t *out)
{
	enum cap_status status = ledger_charge(payer, LEDGER_FRAME_PAGES, count);

	if (status != CAP_OK)
		return status;
	if (!must_fail() && take_run(count, out))
		return CAP_OK;
	ledger_release(payer, LEDGER_FRAME_PAGES, count);
	return CAP_ERR_NO_MEMORY;
}

void
frame_free(struct ledger *payer, paddr_t frame)
{
	frame_free_pool(frame);
	ledger_release(payer, LEDGER_FRAME_PAGES, 1);
}

void
frame_stats_get(struct frame_stats *out)
{
	spin_lock(&frames.lock);
	out->total_pages = frames.total_count;
	out->free_pages = frames.free_count;
	out->reserved_pages = frames.frame_count - frames.total_count;
	spin_unlock(&frames.lock);
}

void
frame_fail_after(uint64_t count)
{
	spin_lock(&frames.lock);
	frames.fail_after = count;
	spin_unlock(&frames.lock);
}

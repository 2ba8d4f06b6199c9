/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about kernel/mm/frame.c: a frame that is given out was free, and is not until it comes
 * back; what is adjacent is given out as a whole or not at all; a frame that comes back twice stops
 * the kernel; what is reserved is never given out. From every bitmap that keeps the invariant.
 */
#include <stdbool.h>
#include <stdint.h>

#include "kernel_base.h"

static uint64_t proof_memory[16]; /* the bitmap, and the summary behind it */

#include "mm/frame.c"

#ifndef FRAMES
#define FRAMES 67 /* more than one word of the bitmap */
#endif
#ifndef FIRST_FRAME
#define FIRST_FRAME 60 /* those before are never free: so few may be, and yet in two words */
#endif
#define WORD_COUNT (FRAMES / BITS + 1)
#ifndef RUN_MAX
#define RUN_MAX 3
#endif

static uint64_t before[WORD_COUNT];
static uint64_t free_before;
static uint64_t charged;

/* The bits of a word that may be set. */
static uint64_t
looked_at(uint32_t word)
{
	uint64_t bits = word == 0 ? UINT64_MAX << FIRST_FRAME : UINT64_MAX;

	return word == FRAMES / BITS ? bits & ((UINT64_C(1) << FRAMES % BITS) - 1) : bits;
}

/* A summary bit for each word with a free frame; as many free ones as are counted; none beyond. */
static bool
is_sound(void)
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < WORD_COUNT; i++) {
		count += (uint64_t)__builtin_popcountll(frames.bitmap[i]);
		if (((frames.summary[0] >> i & 1) != 0) != (frames.bitmap[i] != 0))
			return false;
		if ((frames.bitmap[i] & ~looked_at(i)) != 0)
			return false;
	}
	return (frames.summary[0] >> WORD_COUNT) == 0 && count == frames.free_count &&
	    frames.hint < frames.summary_count;
}

static void
any_bitmap(void)
{
	for (uint32_t i = 0; i < WORD_COUNT; i++)
		frames.bitmap[i] = any_u64() & looked_at(i);
	frames.summary[0] = any_u64();
	frames.free_count = any_u64();
	GIVEN(is_sound());
}

static void
set_up(void)
{
	frames.bitmap = proof_memory;
	frames.summary = proof_memory + WORD_COUNT;
	frames.frame_count = FRAMES;
	frames.word_count = WORD_COUNT;
	frames.summary_count = 1;
	frames.fail_after = any_u64();
	frames.hint = 0;
	any_bitmap();
	for (uint32_t i = 0; i < WORD_COUNT; i++)
		before[i] = frames.bitmap[i];
	free_before = frames.free_count;
}

static bool
is_free_in(const uint64_t *bitmap, uint64_t frame)
{
	return (bitmap[frame / BITS] >> (frame % BITS) & 1) != 0;
}

/* All that changed is that these frames, which were free, are not. */
static bool
is_taken_exactly(uint64_t first, uint64_t count)
{
	for (uint64_t i = 0; i < RUN_MAX; i++) {
		if (i >= count)
			continue;
		if (first + i >= FRAMES || !is_free_in(before, first + i))
			return false;
		before[(first + i) / BITS] &= ~(UINT64_C(1) << ((first + i) % BITS));
	}
	for (uint32_t i = 0; i < WORD_COUNT; i++)
		if (frames.bitmap[i] != before[i])
			return false;
	return frames.free_count == free_before - count;
}

void
prove_a_frame_has_one_owner(void)
{
	struct ledger payer = { 0 };
	paddr_t address = 0;
	paddr_t other = 0;
	enum cap_status status;

	set_up();
	status = frame_alloc_dirty(&payer, &address);
	PROVE(is_sound(), "bitmap, summary and count agree");
	PROVE(charged == (status == CAP_OK), "paid for exactly if it was given out");
	if (status != CAP_OK) {
		PROVE(is_taken_exactly(0, 0), "or else nothing happened");
		return;
	}
	PROVE(address % PAGE_BYTES == 0 && is_taken_exactly(address / PAGE_BYTES, 1),
	    "it was free, and is not any more");
	if (frame_alloc_pool(&other) == CAP_OK)
		PROVE(other != address, "nobody else gets it");
	frame_free(&payer, address);
	PROVE(is_sound() && is_free_in(frames.bitmap, address / PAGE_BYTES), "it comes back");
	PROVE(charged == 0, "so does what it cost");
	PROVE(frames.hint == 0, "the search begins where it is");
}

void
prove_a_free_frame_is_found(void)
{
	paddr_t address = 0;
	bool must_succeed;

	set_up();
	must_succeed = free_before != 0 && frames.fail_after != 0;
	PROVE((frame_alloc_pool(&address) == CAP_OK) == must_succeed,
	    "given out exactly if one is free, and no test lets it fail");
}

void
prove_a_frame_that_comes_back_twice_stops_the_kernel(void)
{
	uint64_t frame = FIRST_FRAME + any_below(FRAMES - FIRST_FRAME);

	set_up();
	GIVEN(is_free_in(frames.bitmap, frame));
	assertion_is_wanted = true;
	frame_free_pool(frame * PAGE_BYTES);
	PROVE(false, "nothing happens after it");
}

void
prove_adjacent_frames_are_taken_whole_or_not_at_all(void)
{
	struct ledger payer = { 0 };
	uint32_t count = 1 + any_below(RUN_MAX);
	paddr_t address = 0;
	enum cap_status status;

	set_up();
	status = frame_alloc_contiguous(&payer, count, &address);
	PROVE(is_sound(), "bitmap, summary and count agree");
	PROVE(charged == (status == CAP_OK ? count : 0), "paid for exactly if they were given out");
	if (status == CAP_OK)
		PROVE(is_taken_exactly(address / PAGE_BYTES, count), "they were free, all of them");
	else
		PROVE(is_taken_exactly(0, 0), "or else nothing happened");
}

static bool
is_within(uint64_t frame, const struct memory_range *range)
{
	return range->base <= frame * PAGE_BYTES &&
	    (frame + 1) * PAGE_BYTES <= range->base + range->bytes;
}

static bool
is_met(uint64_t frame, const struct memory_range *range)
{
	return (frame + 1) * PAGE_BYTES > range->base &&
	    frame * PAGE_BYTES < range->base + range->bytes;
}

static void
any_range(struct memory_range *range)
{
	range->base = any_below(FRAMES * PAGE_BYTES);
	range->bytes = any_below(FRAMES * PAGE_BYTES);
	GIVEN(range->base + range->bytes <= FRAMES * PAGE_BYTES);
}

/* Ranges as firmware tells them: in any order, not of whole pages, perhaps overlapping. */
void
prove_only_usable_frames_are_ever_free(void)
{
	struct memory_range usable[2];
	struct memory_range reserved;
	uint64_t frame = any_below(FRAMES);
	bool may_be_free;

	any_range(&usable[0]);
	any_range(&usable[1]);
	any_range(&reserved);
	/* A machine with room for the bitmap: with less, the kernel does not start. */
	GIVEN(is_within(1, &usable[0]) && is_within(2, &usable[0]));
	GIVEN(!is_met(1, &reserved) || !is_met(2, &reserved));
	frame_init(usable, 2, &reserved, 1);
	may_be_free = frame != 0 && !is_met(frame, &reserved) &&
	    (is_within(frame, &usable[0]) || is_within(frame, &usable[1]));
	if (frame < frames.frame_count && is_free_in(frames.bitmap, frame))
		PROVE(may_be_free, "usable, whole, and nothing that is reserved");
	PROVE(frames.free_count <= FRAMES - 2, "not its own memory either");
	PROVE(frames.total_count == frames.free_count, "so many there ever are");
}

/* The bitmap's memory; the bytes of other frames are no part of these claims. */
void *
arch_direct_map(paddr_t address)
{
	(void)address;
	return proof_memory;
}

enum cap_status
ledger_charge(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	(void)ledger;
	(void)resource;
	if (any_bool())
		return CAP_ERR_QUOTA_EXCEEDED;
	charged += amount;
	return CAP_OK;
}

void
ledger_release(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	(void)ledger;
	(void)resource;
	PROVE(charged >= amount, "no more is given back than was charged");
	charged -= amount;
}

/* In a window others take frames and give some back. */
void
arch_interrupt_window(void)
{
	any_bitmap();
	for (uint32_t i = 0; i < WORD_COUNT; i++)
		before[i] = frames.bitmap[i];
	free_before = frames.free_count;
}

void
log_line(enum log_level level, const char *topic, const char *format, ...)
{
	(void)level;
	(void)topic;
	(void)format;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/test.h"

#define PAGE 4096
#define BYTES (8 * PAGE)

/* Neither end is a page's. */
struct watched {
	uint8_t *memory;
	struct snapshot_range range;
};

static struct watched
watch(void)
{
	struct watched watched = { .memory = aligned_alloc(PAGE, BYTES) };

	CHECK(watched.memory != NULL);
	for (size_t i = 0; i < BYTES; i++)
		watched.memory[i] = (uint8_t)(i % 251);
	watched.range = (struct snapshot_range){ watched.memory + 100, BYTES - 200 };
	snapshot_start(&watched.range, 1);
	return watched;
}

static bool
is_as_before(const struct watched *watched)
{
	for (size_t i = 0; i < BYTES; i++)
		if (watched->memory[i] != i % 251)
			return false;
	return true;
}

static void
forget(struct watched *watched)
{
	snapshot_stop();
	free(watched->memory);
}

TEST(everything_is_as_it_was_at_the_start)
{
	struct watched watched = watch();

	memset(watched.range.start, 7, watched.range.bytes);
	CHECK(!is_as_before(&watched));
	snapshot_return(0);
	CHECK(is_as_before(&watched));
	memset(watched.range.start, 8, watched.range.bytes);
	snapshot_return(1);
	CHECK(is_as_before(&watched));
	forget(&watched);
}

TEST(a_later_mark_is_another_place_to_go_back_to)
{
	struct watched watched = watch();

	watched.memory[PAGE] = 1;
	snapshot_mark(1);
	watched.memory[PAGE] = 2;
	watched.memory[4 * PAGE] = 3; /* for the first time: as it was, for both */
	snapshot_return(1);
	CHECK_EQ(watched.memory[PAGE], 1);
	CHECK_EQ(watched.memory[4 * PAGE], 4 * PAGE % 251);
	snapshot_return(0);
	CHECK(is_as_before(&watched));
	snapshot_return(1);
	CHECK_EQ(watched.memory[PAGE], 1);
	forget(&watched);
}

TEST(only_what_was_written_is_copied)
{
	struct watched watched = watch();
	size_t ends = snapshot_bytes();

	CHECK_EQ(ends, 2 * (PAGE - 100));
	CHECK(is_as_before(&watched)); /* which reads all of it */
	CHECK_EQ(snapshot_bytes(), ends);
	watched.memory[3 * PAGE + 5]++;
	watched.memory[3 * PAGE + 6]++;
	CHECK_EQ(snapshot_bytes(), ends + PAGE);
	forget(&watched);
}

TEST(what_is_beside_the_range_stays)
{
	struct watched watched = watch();

	watched.memory[99] = 1;
	watched.memory[BYTES - 100] = 2;
	snapshot_return(0);
	CHECK_EQ(watched.memory[99], 1);
	CHECK_EQ(watched.memory[BYTES - 100], 2);
	forget(&watched);
}

TEST(afterwards_everything_can_be_written_and_watched_again)
{
	struct watched watched = watch();

	watched.memory[PAGE] = 1;
	snapshot_stop();
	memset(watched.memory, 9, BYTES);
	CHECK_EQ(watched.memory[5 * PAGE], 9);
	snapshot_start(&watched.range, 1);
	watched.memory[5 * PAGE] = 10;
	snapshot_return(0);
	CHECK_EQ(watched.memory[5 * PAGE], 9);
	forget(&watched);
}

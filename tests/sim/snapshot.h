/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Going back: memory as it was at a mark, without beginning anew. Pages are kept when they are
 * first written after the start, so that little is copied of much that could be: what is not
 * written again and again costs nothing. For one thread, and one user at a time.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SNAPSHOT_MARKS 2

struct snapshot_range {
	void *start;
	size_t bytes;
};

/*
 * Every variable of this program. Its libraries' are left out, and with them what is allocated.
 * False: those of sanitizers or of a profile stand among them, which must not go back.
 */
bool snapshot_of_variables(struct snapshot_range *range);

/*
 * From here on these ranges can go back, to here at first, with each mark. They stay readable for
 * everyone, but the system may not be asked to write there. The ranges are given until
 * snapshot_stop().
 */
void snapshot_start(const struct snapshot_range *ranges, uint32_t count);
/* The mark is here from now on. */
void snapshot_mark(uint32_t mark);
/* Everything is as it was at the mark. */
void snapshot_return(uint32_t mark);
/* How much is copied by that now. */
size_t snapshot_bytes(void);
/* Everything stays as it is, and is forgotten. */
void snapshot_stop(void);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The states that an exploration knows, each by 128 bits of its key's hash: keys would be most of
 * the memory. Two of n states have the same with a chance of n * n / 2^129: of ten million, one in
 * 10^24.
 */
#include "explore.h"

#define EXPLORE_NO_STATE UINT32_MAX

struct explore_hash {
	uint64_t half[2];
};

/* A state is known by its hash, and reached by one action from the state before it. */
struct explore_state {
	struct explore_hash hash;
	uint32_t parent; /* EXPLORE_NO_STATE: it is the first */
	uint16_t depth;
	uint16_t action_count; /* that can be done in it */
	struct explore_action action;
};

struct explore_states {
	struct explore_state *states; /* in the order in which they were found */
	uint32_t count;
	uint32_t room;	 /* a power of two, or zero */
	uint32_t *slots; /* of a table of open addressing, twice as many as there is room for */
};

struct explore_hash explore_hash_of(const uint8_t *key, uint32_t bytes);
/* Adds it behind the others, if it is new; false: it was known. Where it stands in either case. */
bool explore_states_add(
    struct explore_states *states, const struct explore_state *state, uint32_t *index);
void explore_states_free(struct explore_states *states);

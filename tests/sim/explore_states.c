/* SPDX-License-Identifier: Apache-2.0 */
/* What an exploration knows; see explore_states.h. */
#include "explore_states.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 1024

static uint64_t
rotated(uint64_t value, unsigned bits)
{
	return value << bits | value >> (64 - bits);
}

/* Each bit of the value changes each bit of the result with a chance of a half. */
static uint64_t
stirred(uint64_t value)
{
	value = (value ^ value >> 33) * UINT64_C(0xff51afd7ed558ccd);
	value = (value ^ value >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return value ^ value >> 33;
}

/* MurmurHash3's mixing (in the public domain), a word at a time into both halves. */
struct explore_hash
explore_hash_of(const uint8_t *key, uint32_t bytes)
{
	uint64_t one = bytes;
	uint64_t other = UINT64_C(0x9e3779b97f4a7c15) ^ bytes;

	for (uint32_t at = 0; at < bytes; at += sizeof(uint64_t)) {
		uint64_t word = 0;
		uint32_t left = bytes - at;

		memcpy(&word, key + at, left < sizeof(word) ? left : sizeof(word));
		one ^=
		    rotated(word * UINT64_C(0x87c37b91114253d5), 31) * UINT64_C(0x4cf5ad432745937f);
		one = (rotated(one, 27) + other) * 5 + 0x52dce729;
		other ^=
		    rotated(word * UINT64_C(0x4cf5ad432745937f), 33) * UINT64_C(0x87c37b91114253d5);
		other = (rotated(other, 31) + one) * 5 + 0x38495ab5;
	}
	one = stirred(one + other);
	other = stirred(other + one);
	return (struct explore_hash){ { one + other, other } };
}

static uint32_t *
slot_find(struct explore_states *states, const struct explore_hash *hash)
{
	uint32_t mask = 2 * states->room - 1;
	uint32_t at = (uint32_t)hash->half[0] & mask;

	while (states->slots[at] != EXPLORE_NO_STATE &&
	    memcmp(&states->states[states->slots[at]].hash, hash, sizeof(*hash)) != 0)
		at = (at + 1) & mask;
	return &states->slots[at];
}

static void
grow(struct explore_states *states)
{
	uint32_t room = states->room == 0 ? ROOM_FIRST : states->room * 2;
	size_t slot_count = 2 * (size_t)room;

	assert(room < EXPLORE_NO_STATE / 4);
	states->states = reallocarray(states->states, room, sizeof(states->states[0]));
	states->slots = reallocarray(states->slots, slot_count, sizeof(states->slots[0]));
	if (states->states == NULL || states->slots == NULL)
		abort();
	states->room = room;
	memset(states->slots, 0xff, slot_count * sizeof(states->slots[0]));
	for (uint32_t i = 0; i < states->count; i++)
		*slot_find(states, &states->states[i].hash) = i;
}

bool
explore_states_add(
    struct explore_states *states, const struct explore_state *state, uint32_t *index)
{
	uint32_t *slot;

	if (states->count == states->room)
		grow(states);
	slot = slot_find(states, &state->hash);
	*index = *slot;
	if (*slot != EXPLORE_NO_STATE)
		return false;
	*index = states->count++;
	*slot = *index;
	states->states[*index] = *state;
	return true;
}

void
explore_states_free(struct explore_states *states)
{
	free(states->states);
	free(states->slots);
	*states = (struct explore_states){ 0 };
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "explore_states.h"

#include <string.h>

#include "base/test.h"

static bool
is_same_hash(struct explore_hash one, struct explore_hash other)
{
	return memcmp(&one, &other, sizeof(one)) == 0;
}

TEST(each_bit_of_a_key_and_its_length_change_both_halves_of_its_hash)
{
	uint8_t key[37] = { 1, 2, 3 };
	struct explore_hash hash = explore_hash_of(key, sizeof(key));

	CHECK(is_same_hash(explore_hash_of(key, sizeof(key)), hash));
	for (uint32_t i = 0; i < 8 * sizeof(key); i++) {
		struct explore_hash other;

		key[i / 8] ^= (uint8_t)(1 << i % 8);
		other = explore_hash_of(key, sizeof(key));
		key[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK_NE(other.half[0], hash.half[0]);
		CHECK_NE(other.half[1], hash.half[1]);
	}
	for (uint32_t i = 0; i < sizeof(key); i++)
		CHECK(!is_same_hash(explore_hash_of(key, i), hash));
}

/* As many as make the table grow several times. */
TEST(a_state_is_new_once_and_found_where_it_stands_ever_after)
{
	struct explore_states states = { 0 };
	struct explore_state state = { 0 };
	uint32_t index = 0;

	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++) {
			state.hash = explore_hash_of((const uint8_t *)&i, sizeof(i));
			state.parent = i;
			CHECK_EQ(explore_states_add(&states, &state, &index), round == 0);
			CHECK_EQ(index, i);
			CHECK_EQ(states.states[i].parent, i);
		}
	CHECK_EQ(states.count, 5000);
	explore_states_free(&states);
}

/* The table looks at the low bits of the first half alone. */
TEST(states_that_differ_in_any_bit_of_their_hashes_are_two)
{
	struct explore_states states = { 0 };
	struct explore_state state = { 0 };
	uint32_t index;

	CHECK(explore_states_add(&states, &state, &index));
	for (uint32_t i = 0; i < 128; i++) {
		state.hash = (struct explore_hash){ { 0, 0 } };
		state.hash.half[i / 64] = UINT64_C(1) << i % 64;
		CHECK(explore_states_add(&states, &state, &index));
		CHECK_EQ(index, i + 1);
	}
	explore_states_free(&states);
}

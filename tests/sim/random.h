/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Random numbers of one seed: the same seed makes the same run on every machine. */
#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

uint64_t random_next(struct random *random);
/* Below `limit`, which is not 0. */
uint32_t random_below(struct random *random, uint32_t limit);
/* True in `percent` of 100 cases. */
bool random_chance(struct random *random, uint32_t percent);
/* An index, with the odds of its weight; one of them is not 0. */
uint32_t random_weighted(struct random *random, const uint32_t *weights, uint32_t count);

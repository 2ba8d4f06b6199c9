/* SPDX-License-Identifier: Apache-2.0 */
/* splitmix64: a counter and a mixer, so that every seed is a good one. */
#include "random.h"

uint64_t
random_next(struct random *random)
{
	uint64_t value = random->state += UINT64_C(0x9e3779b97f4a7c15);

	value = (value ^ value >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ value >> 27) * UINT64_C(0x94d049bb133111eb);
	return value ^ value >> 31;
}

uint32_t
random_below(struct random *random, uint32_t limit)
{
	return (uint32_t)((random_next(random) >> 32) * limit >> 32);
}

bool
random_chance(struct random *random, uint32_t percent)
{
	return random_below(random, 100) < percent;
}

uint32_t
random_weighted(struct random *random, const uint32_t *weights, uint32_t count)
{
	uint32_t sum = 0;
	uint32_t choice;

	for (uint32_t i = 0; i < count; i++)
		sum += weights[i];
	choice = random_below(random, sum);
	for (uint32_t i = 0; i < count; i++) {
		if (choice < weights[i])
			return i;
		choice -= weights[i];
	}
	return count - 1;
}

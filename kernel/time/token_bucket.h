/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Token buckets: so much per second on average, and a burst at most. A bucket is one word, the time
 * at which it will be full again; all zero is a full bucket. Whoever owns it guards it.
 */
#include "base/types.h"

struct token_bucket {
	uint64_t full_at_ns;
};

struct token_rate {
	uint32_t per_second; /* tokens that come back in a second; not zero */
	uint32_t burst;	     /* tokens in a full bucket */
};

/*
 * Take `amount` tokens at `now_ns`; false, and nothing taken, if there are fewer. More than a full
 * bucket is never there. Times stay below 2^63.
 */
static inline bool
token_bucket_take(
    struct token_bucket *bucket, const struct token_rate *rate, uint64_t now_ns, uint32_t amount)
{
	const uint64_t second_ns = UINT64_C(1000000000);
	uint64_t from_ns = bucket->full_at_ns > now_ns ? bucket->full_at_ns : now_ns;
	/* Rounded up: a token is not given before it is there. */
	uint64_t cost_ns = (amount * second_ns + rate->per_second - 1) / rate->per_second;
	uint64_t burst_ns = rate->burst * second_ns / rate->per_second;

	if (from_ns - now_ns + cost_ns > burst_ns)
		return false;
	bucket->full_at_ns = from_ns + cost_ns;
	return true;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets: a burst, then the rate, and nothing taken by a refusal. */
#include "time/token_bucket.h"

#include "base/test.h"

#define SECOND_NS UINT64_C(1000000000)

static const struct token_rate rate = { .per_second = 100, .burst = 400 };

TEST(a_fresh_bucket_has_its_burst_and_no_more)
{
	struct token_bucket bucket = { 0 };

	CHECK(token_bucket_take(&bucket, &rate, 0, 400));
	CHECK(!token_bucket_take(&bucket, &rate, 0, 1));
}

TEST(tokens_come_back_at_the_rate)
{
	struct token_bucket bucket = { 0 };

	CHECK(token_bucket_take(&bucket, &rate, 5, 400));
	CHECK(!token_bucket_take(&bucket, &rate, 5 + SECOND_NS - 1, 100));
	CHECK(token_bucket_take(&bucket, &rate, 5 + SECOND_NS, 100));
	CHECK(!token_bucket_take(&bucket, &rate, 5 + SECOND_NS, 1));
	CHECK(token_bucket_take(&bucket, &rate, 5 + SECOND_NS + SECOND_NS / 100, 1));
}

TEST(a_bucket_is_never_more_than_full)
{
	struct token_bucket bucket = { 0 };

	CHECK(token_bucket_take(&bucket, &rate, 0, 10));
	CHECK(!token_bucket_take(&bucket, &rate, 1000 * SECOND_NS, 401));
	CHECK(token_bucket_take(&bucket, &rate, 1000 * SECOND_NS, 400));
}

TEST(a_refusal_takes_nothing)
{
	struct token_bucket bucket = { 0 };
	struct token_bucket before;

	CHECK(token_bucket_take(&bucket, &rate, 7, 399));
	before = bucket;
	CHECK(!token_bucket_take(&bucket, &rate, 7, 2));
	CHECK(!token_bucket_take(&bucket, &rate, 7, UINT32_MAX));
	CHECK_EQ(bucket.full_at_ns, before.full_at_ns);
	CHECK(token_bucket_take(&bucket, &rate, 7, 1));
}

TEST(nothing_costs_nothing_even_of_an_empty_bucket)
{
	struct token_bucket bucket = { 0 };

	CHECK(token_bucket_take(&bucket, &rate, 0, 400));
	CHECK(token_bucket_take(&bucket, &rate, 0, 0));
}

/* Whatever the pieces and pauses: never more than the burst and the rate of the time that passed.
 */
TEST(in_any_stretch_of_time_no_more_than_burst_and_rate)
{
	const struct token_rate odd = { .per_second = 65536, .burst = 262144 };
	struct token_bucket bucket = { 0 };
	uint64_t now_ns = 0, taken = 0, random = 1;

	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t amount;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		amount = (uint32_t)(random >> 40) % 5000;
		now_ns += (random >> 33) % 100000000;
		if (token_bucket_take(&bucket, &odd, now_ns, amount))
			taken += amount;
		CHECK(taken <= odd.burst + now_ns / 1000 * odd.per_second / 1000000 + 1);
	}
	CHECK(taken > odd.burst);
}

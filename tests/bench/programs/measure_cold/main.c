/* SPDX-License-Identifier: Apache-2.0 */
/* `cap_enter_cold`: what the first entry of a process takes is its exit code, without what the time
 * stamps take. */
#include <capos/capos.h>

static inline uint64_t
time_stamp(void)
{
	uint32_t low;
	uint32_t high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

int
capos_main(struct capos *self)
{
	uint64_t start = time_stamp();
	int64_t unread = capos_enter(0, CAP_DEADLINE_POLL);
	uint64_t entered = time_stamp() - start;
	uint64_t nothing;

	(void)self;
	start = time_stamp();
	nothing = time_stamp() - start;
	return unread == 0 ? (int)(entered - nothing) : -1;
}

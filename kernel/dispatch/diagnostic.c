/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token buckets of refused submissions. A bucket serves one key for one second; a deadline ends
 * the second and prints the summary. If all buckets are busy, a key shares the bucket that its hash
 * names: fewer lines, never more.
 */
#include "dispatch/diagnostic.h"

#include <abi/ring.h>

#include "arch/clock.h"
#include "base/annotate.h"
#include "base/list.h"
#include "base/log.h"
#include "sync/spinlock.h"
#include "time/deadline.h"

#define BUCKETS 64
#define LINES_PER_SECOND 4
#define SECOND_NS UINT64_C(1000000000)
#define TARGETS_PER_BUCKET 16 /* of capability indexes */

struct bucket {
	struct deadline deadline;
	uint64_t ends_ns;
	uint32_t pid;
	uint32_t shown;
	uint32_t suppressed;
	int32_t last_status;
};

static struct spinlock lock; /* rank LOCK_RANK_OBJECT: nothing else is held here */
static struct bucket buckets[BUCKETS];

static void
second_over(struct deadline *deadline)
{
	struct bucket *bucket = LIST_ENTRY(deadline, struct bucket, deadline);
	struct bucket seen;

	spin_lock(&lock);
	seen = *bucket;
	bucket->suppressed = 0;
	bucket->shown = 0;
	bucket->ends_ns = 0;
	spin_unlock(&lock);
	if (seen.suppressed != 0)
		log_line(LOG_WARN, "dispatch",
		    "pid=%u invalid submissions suppressed=%u last_err=%s", seen.pid,
		    seen.suppressed, cap_status_name(seen.last_status));
}

void
diagnostic_init(void)
{
	spin_init(&lock, LOCK_RANK_OBJECT, UINT64_MAX);
	for (uint32_t i = 0; i < BUCKETS; i++) {
		buckets[i] = (struct bucket){ 0 };
		deadline_prepare(&buckets[i].deadline, second_over);
	}
}

static uint32_t
bucket_index(const struct diagnostic *what)
{
	uint64_t key = what->pid;

	key = key * 31 + (uint32_t)-what->status;
	key = key * 31 + what->opcode;
	key = key * 31 + (what->target & CAP_ID_INDEX_MASK) / TARGETS_PER_BUCKET;
	return (uint32_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 58);
}

/* May this one be shown? */
static bool
take_token_locked(struct bucket *bucket, const struct diagnostic *what)
{
	if (bucket->ends_ns == 0) {
		bucket->ends_ns = arch_clock_now_ns() + SECOND_NS;
		bucket->pid = what->pid;
	}
	if (bucket->shown < LINES_PER_SECOND) {
		bucket->shown++;
		/* The second ends by itself; only a first line needs to arm it. */
		if (bucket->shown == 1)
			deadline_arm(&bucket->deadline, bucket->ends_ns);
		return true;
	}
	bucket->suppressed++;
	bucket->last_status = what->status;
	return false;
}

COLD void
diagnostic_refused(const struct diagnostic *what)
{
	bool show;

	spin_lock(&lock);
	show = take_token_locked(&buckets[bucket_index(what)], what);
	spin_unlock(&lock);
	if (show)
		log_line(LOG_WARN, "dispatch", "pid=%u invalid submission op=%u target=%llx: %s",
		    what->pid, what->opcode, (unsigned long long)what->target,
		    cap_status_name(what->status));
}

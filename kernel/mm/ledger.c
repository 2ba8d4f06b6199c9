/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledgers; see ledger.h. A charge climbs from the ledger to boot; where there is no room, it climbs
 * down again. Relaxed atomics are enough: a counter orders nothing but itself.
 */
#include "mm/ledger.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "mm/funding.h"
#include "mm/pool.h"

struct ledger ledger_boot = {
	.references = 1,
	.debts = { &ledger_boot.debts, &ledger_boot.debts },
	.limit = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX },
};

static struct pool ledger_pool;

const char *
ledger_resource_name(enum ledger_resource resource)
{
	static const char *const names[LEDGER_RESOURCE_COUNT] = {
		[LEDGER_FRAME_PAGES] = "framePages",
		[LEDGER_VIRTUAL_PAGES] = "virtualPages",
		[LEDGER_KERNEL_BYTES] = "kernelBytes",
		[LEDGER_CAP_SLOTS] = "capSlots",
		[LEDGER_ENDPOINT_CALLS] = "endpointCalls",
		[LEDGER_OUTSTANDING_CALLS] = "outstandingCalls",
	};

	return names[resource];
}

void
ledger_module_init(void)
{
	pool_init(&ledger_pool, "ledger", sizeof(struct ledger));
	funding_module_init();
}

/* A limit may have become less than what is used. */
static inline bool
fits(uint64_t used, uint64_t limit, uint64_t amount)
{
	return !(used > limit || amount > limit - used);
}

static bool
charge_one(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	uint64_t used = atomic_load_explicit(&ledger->used[resource], memory_order_relaxed);

	do {
		uint64_t limit =
		    atomic_load_explicit(&ledger->limit[resource], memory_order_relaxed);

		if (!fits(used, limit, amount))
			return false;
	} while (!atomic_compare_exchange_weak_explicit(&ledger->used[resource], &used,
	    used + amount, memory_order_relaxed, memory_order_relaxed));
	return true;
}

static void
release_one(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	uint64_t before =
	    atomic_fetch_sub_explicit(&ledger->used[resource], amount, memory_order_relaxed);

	KASSERT(before >= amount);
}

HOT_INLINE enum cap_status
ledger_charge_below(
    struct ledger *ledger, const struct ledger *end, enum ledger_resource resource, uint64_t amount)
{
	for (struct ledger *at = ledger; at != end; at = at->parent) {
		if (charge_one(at, resource, amount))
			continue;
		ledger_release_below(ledger, at, resource, amount);
		return CAP_ERR_QUOTA_EXCEEDED;
	}
	return CAP_OK;
}

HOT_INLINE void
ledger_release_below(
    struct ledger *ledger, const struct ledger *end, enum ledger_resource resource, uint64_t amount)
{
	for (; ledger != end; ledger = ledger->parent)
		release_one(ledger, resource, amount);
}

enum cap_status
ledger_charge(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	return ledger_charge_below(ledger, NULL, resource, amount);
}

bool
ledger_has_room(const struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	for (; ledger != NULL; ledger = ledger->parent) {
		uint64_t used = atomic_load_explicit(&ledger->used[resource], memory_order_relaxed);
		uint64_t limit =
		    atomic_load_explicit(&ledger->limit[resource], memory_order_relaxed);

		if (!fits(used, limit, amount))
			return false;
	}
	return true;
}

void
ledger_release(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	ledger_release_below(ledger, NULL, resource, amount);
}

enum cap_status
ledger_create(
    struct ledger *parent, const uint64_t limit[LEDGER_RESOURCE_COUNT], struct ledger **out)
{
	void *object;
	struct ledger *ledger;
	enum cap_status status;

	if (parent->depth == LEDGER_DEPTH_MAX)
		return CAP_ERR_INVALID_ARGUMENT;
	status = pool_alloc(&ledger_pool, parent, &object);
	if (status != CAP_OK)
		return status;
	ledger = object;
	ledger->parent = parent;
	ledger->depth = parent->depth + 1;
	ledger->references = 1;
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		ledger->limit[i] = limit[i];
	spin_init(&ledger->lock, LOCK_RANK_MEMORY, 0);
	list_init(&ledger->debts);
	ledger_get(parent);
	*out = ledger;
	return CAP_OK;
}

void
ledger_get(struct ledger *ledger)
{
	atomic_fetch_add_explicit(&ledger->references, 1, memory_order_relaxed);
}

static void
ledger_free(struct ledger *ledger)
{
	struct ledger *parent = ledger->parent;

	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		KASSERT(ledger->used[i] == 0);
	pool_free(&ledger_pool, parent, ledger);
}

/* Debts are as many as there were donors: they go in steps. */
static enum job_state
last_step(struct job *job)
{
	struct ledger *ledger = LIST_ENTRY(job, struct ledger, last);
	struct ledger *parent = ledger->parent;

	if (funding_pass_on(ledger, JOB_STEP_ENTRIES))
		return JOB_AGAIN;
	ledger_free(ledger);
	ledger_put(parent);
	return JOB_DONE;
}

void
ledger_put(struct ledger *ledger)
{
	/* Acquire and release: who frees has seen everything that others did before they let go. */
	while (atomic_fetch_sub_explicit(&ledger->references, 1, memory_order_acq_rel) == 1) {
		struct ledger *parent = ledger->parent;

		if (funding_is_owed(ledger)) {
			list_init(&ledger->last.link);
			ledger->last.step = last_step;
			job_reap_queue(&ledger->last);
			return;
		}
		ledger_free(ledger);
		/* The reference that the child held, which may be the last one. */
		ledger = parent;
	}
}

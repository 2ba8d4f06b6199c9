/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledgers; see ledger.h. A charge climbs from the ledger to boot; where there is no room, it climbs
 * down again. Relaxed atomics are enough: a counter orders nothing but itself.
 */
#include "mm/ledger.h"

#include <core/string.h>

#include "base/assert.h"
#include "mm/pool.h"

struct ledger ledger_boot = {
	.references = 1,
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
}

static bool
charge_one(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	uint64_t used = __atomic_load_n((uint64_t *)&ledger->used[resource], __ATOMIC_RELAXED);

	do {
		if (amount > ledger->limit[resource] - used)
			return false;
	} while (!__atomic_compare_exchange_n((uint64_t *)&ledger->used[resource], &used,
	    used + amount, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return true;
}

static void
release_one(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	uint64_t before =
	    __atomic_fetch_sub((uint64_t *)&ledger->used[resource], amount, __ATOMIC_RELAXED);

	KASSERT(before >= amount);
}

enum cap_status
ledger_charge(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	for (struct ledger *at = ledger; at != NULL; at = at->parent) {
		if (charge_one(at, resource, amount))
			continue;
		for (struct ledger *undo = ledger; undo != at; undo = undo->parent)
			release_one(undo, resource, amount);
		return CAP_ERR_QUOTA_EXCEEDED;
	}
	return CAP_OK;
}

void
ledger_release(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	for (; ledger != NULL; ledger = ledger->parent)
		release_one(ledger, resource, amount);
}

enum cap_status
ledger_create(
    struct ledger *parent, const uint64_t limit[LEDGER_RESOURCE_COUNT], struct ledger **out)
{
	void *object;
	struct ledger *ledger;
	enum cap_status status = pool_alloc(&ledger_pool, parent, &object);

	if (status != CAP_OK)
		return status;
	ledger = object;
	ledger->parent = parent;
	ledger->references = 1;
	memcpy(ledger->limit, limit, sizeof(ledger->limit));
	ledger_get(parent);
	*out = ledger;
	return CAP_OK;
}

void
ledger_get(struct ledger *ledger)
{
	__atomic_fetch_add((uint32_t *)&ledger->references, 1, __ATOMIC_RELAXED);
}

void
ledger_put(struct ledger *ledger)
{
	/* Acquire and release: who frees has seen everything that others did before they let go. */
	while (__atomic_fetch_sub((uint32_t *)&ledger->references, 1, __ATOMIC_ACQ_REL) == 1) {
		struct ledger *parent = ledger->parent;

		for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
			KASSERT(ledger->used[i] == 0);
		pool_free(&ledger_pool, parent, ledger);
		/* The reference that the child held, which may be the last one. */
		ledger = parent;
	}
}

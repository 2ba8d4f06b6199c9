/* SPDX-License-Identifier: Apache-2.0 */
/* Room that moves between ledgers; see funding.h. */
#include "mm/funding.h"

#include <stdatomic.h>

#include "base/assert.h"
#include "mm/pool.h"

/* Debts that a funding which ends looks at. */
#define SETTLED_AT_END 8

struct funding {
	struct list_node link;	  /* owed: in the recipient's debts */
	struct ledger *donor;	  /* [I] a reference */
	struct ledger *recipient; /* a reference; none if owed: then it has the record */
	struct ledger *common;	  /* [I] the first one above both, or one of the two */
	uint64_t amount[LEDGER_RESOURCE_COUNT];
};

static struct pool funding_pool;

void
funding_module_init(void)
{
	pool_init(&funding_pool, "funding", sizeof(struct funding));
}

static struct ledger *
common_ancestor(struct ledger *one, struct ledger *other)
{
	while (one != other) {
		if (one->depth >= other->depth)
			one = one->parent;
		else
			other = other->parent;
	}
	return one;
}

/* Amounts of resources below `end` are charged to the donor's side. */
static void
donor_release(struct funding *funding, const uint64_t *amount, uint32_t end)
{
	for (uint32_t i = 0; i < end; i++)
		ledger_release_below(funding->donor, funding->common, i, amount[i]);
}

static enum cap_status
donor_charge(struct funding *funding)
{
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
		enum cap_status status =
		    ledger_charge_below(funding->donor, funding->common, i, funding->amount[i]);

		if (status != CAP_OK) {
			donor_release(funding, funding->amount, i);
			return status;
		}
	}
	return CAP_OK;
}

static bool
would_wrap(const struct funding *funding)
{
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		for (struct ledger *at = funding->recipient; at != funding->common; at = at->parent)
			if (funding->amount[i] > UINT64_MAX / 2 ||
			    at->limit[i] > UINT64_MAX - 1 - funding->amount[i])
				return true;
	return false;
}

static void
limit_raise(struct funding *funding)
{
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		for (struct ledger *at = funding->recipient; at != funding->common; at = at->parent)
			atomic_fetch_add_explicit(
			    &at->limit[i], funding->amount[i], memory_order_relaxed);
}

/*
 * Room that was charged on the recipient's way goes, limit first: whoever charges meanwhile may be
 * refused although there is room, and never gets what is taken.
 */
static void
limit_lower(struct funding *funding, uint32_t resource, uint64_t amount)
{
	for (struct ledger *at = funding->recipient; at != funding->common; at = at->parent) {
		uint64_t before =
		    atomic_fetch_sub_explicit(&at->limit[resource], amount, memory_order_relaxed);

		KASSERT(before >= amount);
	}
	ledger_release_below(funding->recipient, funding->common, resource, amount);
	funding->amount[resource] -= amount;
}

/* The room for as much as possible of one resource, charged on the recipient's way. */
static uint64_t
charge_unused(struct funding *funding, uint32_t resource)
{
	uint64_t amount = funding->amount[resource];

	while (amount != 0) {
		for (struct ledger *at = funding->recipient; at != funding->common;
		    at = at->parent) {
			uint64_t limit = at->limit[resource];
			uint64_t used = at->used[resource];
			uint64_t room = used < limit ? limit - used : 0;

			if (amount > room)
				amount = room;
		}
		if (ledger_charge_below(funding->recipient, funding->common, resource, amount) ==
		    CAP_OK)
			break;
	}
	return amount;
}

/* False: something is in use still. */
static bool
give_back(struct funding *funding)
{
	bool all = true;

	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++) {
		uint64_t amount = charge_unused(funding, i);

		limit_lower(funding, i, amount);
		ledger_release_below(funding->donor, funding->common, i, amount);
		all = all && funding->amount[i] == 0;
	}
	return all;
}

static void
record_free(struct funding *funding)
{
	struct ledger *donor = funding->donor;

	pool_free(&funding_pool, donor, funding);
	ledger_put(donor);
}

enum cap_status
funding_create(struct ledger *donor, struct ledger *recipient,
    const uint64_t amount[LEDGER_RESOURCE_COUNT], struct funding **out)
{
	struct ledger *common = common_ancestor(donor, recipient);
	struct funding *funding;
	void *memory;
	enum cap_status status;

	if (common == recipient)
		return CAP_ERR_INVALID_ARGUMENT;
	status = pool_alloc(&funding_pool, donor, &memory);
	if (status != CAP_OK)
		return status;
	funding = memory;
	funding->donor = donor;
	funding->recipient = recipient;
	funding->common = common;
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		funding->amount[i] = amount[i];
	status = would_wrap(funding) ? CAP_ERR_INVALID_ARGUMENT : donor_charge(funding);
	if (status != CAP_OK) {
		pool_free(&funding_pool, donor, funding);
		return status;
	}
	limit_raise(funding);
	ledger_get(donor);
	ledger_get(recipient);
	*out = funding;
	return CAP_OK;
}

void
funding_amounts(const struct funding *funding, uint64_t amount[LEDGER_RESOURCE_COUNT])
{
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		amount[i] = funding->amount[i];
}

enum cap_status
funding_reduce(struct funding *funding, const uint64_t amount[LEDGER_RESOURCE_COUNT])
{
	struct ledger *recipient = funding->recipient;
	uint32_t charged;

	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		if (amount[i] > funding->amount[i])
			return CAP_ERR_INVALID_ARGUMENT;
	for (charged = 0; charged < LEDGER_RESOURCE_COUNT; charged++)
		if (ledger_charge_below(recipient, funding->common, charged, amount[charged]) !=
		    CAP_OK)
			break;
	if (charged < LEDGER_RESOURCE_COUNT) {
		for (uint32_t i = 0; i < charged; i++)
			ledger_release_below(recipient, funding->common, i, amount[i]);
		return CAP_ERR_QUOTA_EXCEEDED;
	}
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		limit_lower(funding, i, amount[i]);
	donor_release(funding, amount, LEDGER_RESOURCE_COUNT);
	return CAP_OK;
}

static void
debt_add(struct funding *funding)
{
	struct ledger *recipient = funding->recipient;

	spin_lock(&recipient->lock);
	list_append(&recipient->debts, &funding->link);
	spin_unlock(&recipient->lock);
}

/* The oldest debt, out of the list; NULL: there is none. */
static struct funding *
debt_take(struct ledger *recipient)
{
	struct list_node *first;

	spin_lock(&recipient->lock);
	first = list_first(&recipient->debts);
	if (first != NULL)
		list_remove(first);
	spin_unlock(&recipient->lock);
	return first != NULL ? LIST_ENTRY(first, struct funding, link) : NULL;
}

/* Of the oldest debts what can be given back by now; each has its turn. */
static void
settle_some(struct ledger *recipient)
{
	for (uint32_t i = 0; i < SETTLED_AT_END; i++) {
		struct funding *debt = debt_take(recipient);

		if (debt == NULL)
			return;
		if (give_back(debt))
			record_free(debt);
		else
			debt_add(debt);
	}
}

void
funding_end(struct funding *funding)
{
	struct ledger *recipient = funding->recipient;

	for (struct ledger *at = recipient; at != funding->common; at = at->parent)
		settle_some(at);
	if (give_back(funding))
		record_free(funding);
	else
		debt_add(funding);
	/* May be the last one: then what is owed goes, too. */
	ledger_put(recipient);
}

bool
funding_is_owed(struct ledger *recipient)
{
	bool is_owed;

	spin_lock(&recipient->lock);
	is_owed = !list_is_empty(&recipient->debts);
	spin_unlock(&recipient->lock);
	return is_owed;
}

bool
funding_pass_on(struct ledger *recipient, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct funding *debt = debt_take(recipient);

		if (debt == NULL)
			return false;
		if (give_back(debt)) {
			record_free(debt);
			continue;
		}
		/*
		 * Nothing is charged to this ledger, so it is one above that has no room. Below the
		 * common one there is always one: else everything was given back.
		 */
		debt->recipient = recipient->parent;
		debt_add(debt);
	}
	return funding_is_owed(recipient);
}

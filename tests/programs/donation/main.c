/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server keeps for a client is paid for by the client: it runs out of its own, the server
 * and other clients do not. CapSet: `console`, `store` (PageStore), `ledger` (its own).
 */
#include <schema/ledger.client.h>
#include <schema/memory.client.h>
#include <schema/page_store.client.h>
#include <string.h>

#include "claims.h"

CAPOS_LARGE_MESSAGES(1);

#define PAGES 8
#define PAGES_PAID (PAGES + 1) /* the object's own */
#define TIMES 3		       /* that the budget is enough for */
#define BUDGET_PAGES (TIMES * PAGES_PAID + PAGES)

struct donation {
	struct claims claims;
	struct capos *self;
	struct page_store store;
	struct ledger ledger;
};

struct balance {
	uint32_t kept;
	int64_t frames;
	int64_t slots;
	int64_t bytes;
};

static struct donation donation;

/* A ledger below our own, with room for so many pages. */
static struct ledger
divide(uint64_t pages)
{
	struct capos_call call;
	struct ledger made = { 0 };
	struct resource_amounts_builder limits =
	    ledger_divide_params_init_limits(ledger_divide_begin(&call, donation.ledger));

	resource_amounts_set_frame_pages(limits, pages);
	resource_amounts_set_cap_slots(limits, 32);
	resource_amounts_set_kernel_bytes(limits, 32768);
	if (capos_call_run(&call) != CAP_OK ||
	    capos_adopt(&call, 0, LEDGER_INTERFACE_ID, &made.cap) != CAP_OK)
		made.cap.cap_id = 0;
	capos_call_end(&call);
	return made;
}

static uint64_t
frames_used(struct ledger ledger)
{
	struct capos_call call;
	struct ledger_usage_results results;
	uint64_t used = UINT64_MAX;

	(void)ledger_usage_begin(&call, ledger);
	if (ledger_usage_run(&call, &results) == CAP_OK) {
		struct usage_list usages = ledger_usage_results_usage(results);

		for (uint32_t i = 0; i < usage_list_size(usages); i++)
			if (strcmp(usage_name(usage_at(usages, i)).data, "framePages") == 0)
				used = usage_used(usage_at(usages, i));
	}
	capos_call_end(&call);
	return used;
}

/* The status that reaches us; the memory is ours to drop. */
static enum cap_status
keep(struct ledger ledger, uint32_t pages)
{
	struct capos_call call;
	struct page_store_keep_params_builder params = page_store_keep_begin(&call, donation.store);
	struct capos_cap memory;
	enum cap_status status;

	page_store_keep_params_set_ledger(params,
	    (struct capnp_cap){ ledger.cap.cap_id, ledger.cap.interface_id, CAPNP_CAP_COPY });
	page_store_keep_params_set_pages(params, pages);
	status = capos_call_reason(&call, capos_call_run(&call));
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, MEMORY_OBJECT_INTERFACE_ID, &memory);
	capos_call_end(&call);
	if (status == CAP_OK)
		capos_release(memory);
	return status;
}

static bool
balance_get(struct balance *out)
{
	return capos_release_flush(donation.self) == CAP_OK &&
	    page_store_balance(
		donation.store, &out->kept, &out->frames, &out->slots, &out->bytes) == CAP_OK;
}

/* As much as before beyond what is paid for, or less: what is paid for is an upper bound. */
static bool
is_unharmed(const struct balance *before)
{
	struct balance now;

	return balance_get(&now) && now.frames <= before->frames && now.slots <= before->slots &&
	    now.bytes <= before->bytes;
}

static void
claim_budget(struct ledger budget, const struct balance *before)
{
	struct claims *claims = &donation.claims;
	uint64_t own = frames_used(donation.ledger);
	uint32_t kept = 0;
	enum cap_status status;

	while ((status = keep(budget, PAGES)) == CAP_OK)
		kept++;
	claim_equal(claims, "a client has as much kept as its budget pays for", kept, TIMES);
	claim_equal(
	    claims, "and is refused then, by its own limit", status, CAP_ERR_QUOTA_EXCEEDED);
	claim_equal(claims, "what is kept is charged to the budget", (int64_t)frames_used(budget),
	    TIMES * PAGES_PAID);
	claim_equal(claims, "and to the client, once",
	    (int64_t)(frames_used(donation.ledger) - own), TIMES * PAGES_PAID);
	claim(claims, "the server uses nothing of its own for it", is_unharmed(before));
}

static void
claim_other(const struct balance *before)
{
	struct ledger other = divide(PAGES_PAID);

	claim_equal(
	    &donation.claims, "another client with a budget is served", keep(other, PAGES), CAP_OK);
	claim_equal(
	    &donation.claims, "one without is not", keep(divide(0), 1), CAP_ERR_QUOTA_EXCEEDED);
	claim(&donation.claims, "and the server is as it was", is_unharmed(before));
	capos_release(other.cap);
}

int
capos_main(struct capos *self)
{
	struct claims *claims = &donation.claims;
	struct balance before, after;
	struct ledger budget;
	uint64_t own;

	claims_start(claims, self, "donation");
	donation.self = self;
	if (page_store_from_capset(self, "store", &donation.store) != CAP_OK ||
	    ledger_from_capset(self, "ledger", &donation.ledger) != CAP_OK)
		return 101;
	own = frames_used(donation.ledger);
	budget = divide(BUDGET_PAGES);
	claim(claims, "a budget is divided off", budget.cap.cap_id != 0);
	/* So that the store has its tables as large as it will need them. */
	while (keep(budget, 1) == CAP_OK)
		;
	claim_equal(claims, "what is kept is cleared", page_store_clear(donation.store), CAP_OK);
	claim(claims, "the store tells what it uses", balance_get(&before) && before.kept == 0);
	claim_budget(budget, &before);
	claim_other(&before);
	claim_equal(
	    claims, "the store gives everything back", page_store_clear(donation.store), CAP_OK);
	claim_equal(claims, "the budget has its room again", (int64_t)frames_used(budget), 0);
	claim_equal(
	    claims, "and the client its own", (int64_t)frames_used(donation.ledger), (int64_t)own);
	claim(claims, "the store uses exactly what it used before",
	    balance_get(&after) && memcmp(&before, &after, sizeof(before)) == 0);
	return claims_end(claims);
}

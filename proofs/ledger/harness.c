/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Claims about kernel/mm/ledger.c: a charge goes to a ledger and all of its ancestors or to none,
 * no counter passes its limit, and what was charged comes back exactly.
 */
#include <stdbool.h>
#include <stdint.h>

/* Others may charge and release between any two accesses, as far as their own limits let them. */
#ifdef RACES
static void interfere(void);
#define PROOF_INTERFERE() interfere()
#endif

#include "kernel_base.h"
#include "mm/ledger.c"

#define LEDGERS 4
#define RESOURCE LEDGER_CAP_SLOTS

/* boot <- 0 <- 1 <- 2, and 3 beside 2 */
static struct ledger ledgers[LEDGERS];

static struct ledger *
parent_of(uint32_t index)
{
	return index == 0 ? &ledger_boot : index == 3 ? &ledgers[1] : &ledgers[index - 1];
}

/* A tree of any limits and any charges that keep to them. */
static void
set_up(void)
{
	for (uint32_t i = 0; i < LEDGERS; i++) {
		ledgers[i].parent = parent_of(i);
		ledgers[i].limit[RESOURCE] = any_u64();
		ledgers[i].used[RESOURCE] = any_u64();
		GIVEN(ledgers[i].used[RESOURCE] <= ledgers[i].limit[RESOURCE]);
	}
	ledger_boot.limit[RESOURCE] = any_u64();
	ledger_boot.used[RESOURCE] = any_u64();
	GIVEN(ledger_boot.used[RESOURCE] <= ledger_boot.limit[RESOURCE]);
}

static bool
is_at_or_above(const struct ledger *ancestor, const struct ledger *ledger)
{
	for (const struct ledger *at = ledger; at != NULL; at = at->parent)
		if (at == ancestor)
			return true;
	return false;
}

static bool
has_room(const struct ledger *ledger, uint64_t amount)
{
	return amount <= ledger->limit[RESOURCE] - ledger->used[RESOURCE];
}

void
prove_charge_is_whole_or_nothing(void)
{
	struct ledger *payer;
	uint64_t before[LEDGERS];
	uint64_t boot_before;
	uint64_t amount = any_u64();
	bool room = true;
	enum cap_status status;

	set_up();
	payer = &ledgers[2]; /* the deepest: every other is on its way, but for one beside it */
	boot_before = ledger_boot.used[RESOURCE];
	for (uint32_t i = 0; i < LEDGERS; i++)
		before[i] = ledgers[i].used[RESOURCE];
	for (const struct ledger *at = payer; at != NULL; at = at->parent)
		room = room && has_room(at, amount);
	status = ledger_charge(payer, RESOURCE, amount);
	PROVE((status == CAP_OK) == room, "refused exactly if there is no room on the way");
	for (uint32_t i = 0; i < LEDGERS; i++) {
		bool pays = status == CAP_OK && is_at_or_above(&ledgers[i], payer);

		PROVE(ledgers[i].used[RESOURCE] == before[i] + (pays ? amount : 0),
		    "charged: the payer and its ancestors, nobody else; refused: nobody");
		PROVE(ledgers[i].used[RESOURCE] <= ledgers[i].limit[RESOURCE], "within its limit");
	}
	PROVE(ledger_boot.used[RESOURCE] == boot_before + (status == CAP_OK ? amount : 0),
	    "boot pays too");
	if (status == CAP_OK)
		ledger_release(payer, RESOURCE, amount);
	for (uint32_t i = 0; i < LEDGERS; i++)
		PROVE(ledgers[i].used[RESOURCE] == before[i], "it comes back exactly");
	PROVE(ledger_boot.used[RESOURCE] == boot_before, "it comes back exactly");
}

/* What is outstanding: charged and not released, at one ledger, one beside it, and below both. */
struct outstanding {
	uint64_t mine;
	uint64_t others;
	uint64_t both;
};

/* One charge or release of any amount; what is outstanding changes with it. */
static void
step(struct ledger *ledger, struct outstanding *outstanding)
{
	uint64_t amount = any_u64();

	if (any_bool()) {
		if (ledger_charge(ledger, RESOURCE, amount) != CAP_OK)
			return;
		outstanding->mine += amount;
		outstanding->both += amount;
	} else {
		GIVEN(amount <= outstanding->mine);
		ledger_release(ledger, RESOURCE, amount);
		outstanding->mine -= amount;
		outstanding->both -= amount;
	}
}

/* Each counter is what is outstanding at its ledger and below, and within its limit. */
static bool
balances(const struct outstanding *outstanding)
{
	for (uint32_t i = 0; i < LEDGERS; i++)
		if (ledgers[i].used[RESOURCE] > ledgers[i].limit[RESOURCE])
			return false;
	return ledgers[2].used[RESOURCE] == outstanding->mine &&
	    ledgers[3].used[RESOURCE] == outstanding->others &&
	    ledgers[1].used[RESOURCE] == outstanding->both &&
	    ledgers[0].used[RESOURCE] == outstanding->both &&
	    ledger_boot.used[RESOURCE] == outstanding->both &&
	    outstanding->mine <= outstanding->both;
}

/*
 * Any order and any number of charges and releases: one of them, in every state that balances. The
 * first state does, with nothing charged; the one beside it differs in nothing.
 */
void
prove_sequences_balance(void)
{
	struct outstanding outstanding = { any_u64(), any_u64(), any_u64() };

	set_up();
	GIVEN(balances(&outstanding));
	step(&ledgers[2], &outstanding);
	PROVE(balances(&outstanding), "it still balances");
}

#ifdef RACES
static struct ledger *watched; /* of which others change `used` */
static uint64_t watched_floor; /* what this thread has charged to it; nobody else takes that */
static uint32_t interferences;

static void
interfere(void)
{
	uint64_t used;

	if (watched == NULL || interferences == 0 || !any_bool())
		return;
	interferences--;
	used = any_u64();
	GIVEN(used <= watched->limit[RESOURCE] && used >= watched_floor);
	watched->used[RESOURCE] = used;
}

/* Whatever other CPUs charge and release meanwhile, the counter stays within the limit. */
void
prove_races_keep_the_limit(void)
{
	uint64_t amount = any_u64();
	bool charged;

	set_up();
	watched = &ledgers[0];
	watched_floor = 0;
	interferences = 2;
	charged = charge_one(watched, RESOURCE, amount);
	PROVE(watched->used[RESOURCE] <= watched->limit[RESOURCE], "within the limit");
	if (!charged)
		return;
	PROVE(watched->used[RESOURCE] >= amount, "the charge is there");
	watched_floor = amount;
	interferences = 2;
	release_one(watched, RESOURCE, amount);
}
#endif

/* Not reached by any claim here. */
void
funding_module_init(void)
{
}

bool
funding_is_owed(struct ledger *ledger)
{
	(void)ledger;
	return false;
}

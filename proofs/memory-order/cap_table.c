/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A lookup of kernel/cap/table.c, which takes no lock, while another processor ends the hold in the
 * slot and puts another one there: it finds one of the two, whole, by its own id.
 */
#include "order.h"

#include "cap/table.c"

#define OLD_ID id_make(1, 0)
#define NEW_ID id_make(2, 0)

static struct object objects[2];
static const struct cap_hold holds[2] = {
	{ .object = &objects[0], .object_epoch = 7, .interface_index = 1, .mode = 1 },
	{ .object = &objects[1], .object_epoch = 9, .interface_index = 2, .mode = 2 },
};
static struct cap_chunk chunk;
static struct cap_directory directory;
static struct ledger payer;
static struct cap_table table;
static cap_id_t wanted;
static enum cap_status status;
static struct cap_ref found;

void
ledger_release(struct ledger *ledger, enum ledger_resource resource, uint64_t amount)
{
	(void)ledger;
	(void)resource;
	(void)amount;
}

static void
start(void)
{
	memset(&chunk, 0, sizeof(chunk));
	directory.chunks[0] = &chunk;
	table = (struct cap_table){ .directories = { &directory },
		.payer = &payer,
		.slot_count = 1,
		.occupied_count = 1,
		.free_first = NO_SLOT,
		.free_last = NO_SLOT };
	for (uint32_t i = 0; i < 2; i++)
		objects[i].epoch = holds[i].object_epoch;
	chunk.slots[0] = (struct cap_slot){ .object = holds[0].object,
		.object_epoch = holds[0].object_epoch,
		.tag = tag_make(1, holds[0].mode, holds[0].interface_index) };
	status = CAP_ERR_INVALID_CAP;
}

static void
start_old(void)
{
	start();
	wanted = OLD_ID;
}

static void
start_new(void)
{
	start();
	wanted = NEW_ID;
}

static void
replace(void)
{
	slot_empty_locked(&table, &chunk.slots[0], 0);
	slot_fill(&chunk.slots[0], &holds[1]);
}

static void
look_up(void)
{
	status = cap_lookup_plain(&table, wanted, &found);
}

static bool
finds_its_own(void)
{
	const struct cap_hold *own = &holds[wanted == OLD_ID ? 0 : 1];

	return status == CAP_ERR_INVALID_CAP || status == CAP_ERR_STALE_GENERATION ||
	    (status == CAP_OK && found.object == own->object &&
		found.object_epoch == own->object_epoch &&
		found.interface_index == own->interface_index && found.mode == own->mode);
}

static void
look_longer(void)
{
	status = lookup_any(&table, wanted, &found);
}

static const struct order_program programs[] = {
	{ "an id finds its own hold while that ends", start_old, { replace, look_up },
	    finds_its_own },
	{ "an id finds its own hold when that has begun", start_new, { replace, look_up },
	    finds_its_own },
	{ "by the longer look as well, while that ends", start_old, { replace, look_longer },
	    finds_its_own },
	{ "by the longer look as well, when that has begun", start_new, { replace, look_longer },
	    finds_its_own },
};

int
main(void)
{
	return order_explore_all(programs, sizeof(programs) / sizeof(programs[0]));
}

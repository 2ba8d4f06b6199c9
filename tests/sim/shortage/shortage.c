/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See shortage.h. Whatever allocates or charges is called through the linker's --wrap: the kernel
 * is the shipped one, and the place is the return address. Places where a shortage was made are
 * printed as offsets in the program; `test_shortage.py` looks up which they are.
 */
#include "shortage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/test.h"
#include "mm/frame.h"
#include "mm/pool.h"

#define PLACES_MAX 512
#define TRIES_MAX 500
#define WATCHED_MAX 3
#define POOLS_MAX 64
#define SLOTS_MAX 64
#define GENERATIONS_MAX 4
#define KEPT_MAX 3 /* page tables on the way to a page */

enum kind {
	KIND_MEMORY,
	KIND_CHARGE,
	KINDS,
};

static const enum cap_status expected[KINDS] = { CAP_ERR_NO_MEMORY, CAP_ERR_QUOTA_EXCEEDED };

static struct {
	bool is_armed;
	enum kind kind;
	uint32_t left; /* that succeed before */
	bool was_made;
	uintptr_t place;
} shortage;

static uintptr_t places[PLACES_MAX];
static uint32_t place_count;

extern const char __executable_start[];

static void
place_remember(uintptr_t place)
{
	for (uint32_t i = 0; i < place_count; i++)
		if (places[i] == place)
			return;
	if (place_count == PLACES_MAX)
		abort();
	places[place_count++] = place;
}

static bool
is_short(enum kind kind, const void *return_address)
{
	if (!shortage.is_armed || shortage.kind != kind || shortage.was_made ||
	    shortage.left-- != 0)
		return false;
	shortage.was_made = true;
	/* Of the call itself. */
	shortage.place = (uintptr_t)return_address - 1 - (uintptr_t)__executable_start;
	place_remember(shortage.place);
	return true;
}

#define HERE __builtin_return_address(0)

#define WRAP(name, kind, parameters, arguments)                                                    \
	enum cap_status __real_##name parameters;                                                  \
	enum cap_status __wrap_##name parameters;                                                  \
	enum cap_status __wrap_##name parameters                                                   \
	{                                                                                          \
		return is_short(kind, HERE) ? expected[kind] : __real_##name arguments;            \
	}

WRAP(pool_alloc, KIND_MEMORY, (struct pool * pool, struct ledger *payer, void **out),
    (pool, payer, out))
WRAP(pool_alloc_unset, KIND_MEMORY, (struct pool * pool, struct ledger *payer, void **out),
    (pool, payer, out))
WRAP(frame_alloc, KIND_MEMORY, (struct ledger * payer, paddr_t *out), (payer, out))
WRAP(frame_alloc_dirty, KIND_MEMORY, (struct ledger * payer, paddr_t *out), (payer, out))
WRAP(frame_alloc_pool, KIND_MEMORY, (paddr_t * out), (out))
WRAP(frame_alloc_contiguous, KIND_MEMORY, (struct ledger * payer, uint32_t count, paddr_t *out),
    (payer, count, out))
WRAP(ledger_charge, KIND_CHARGE,
    (struct ledger * payer, enum ledger_resource resource, uint64_t amount),
    (payer, resource, amount))

WRAP(ledger_charge_below, KIND_CHARGE,
    (struct ledger * payer, const struct ledger *end, enum ledger_resource resource,
	uint64_t amount),
    (payer, end, resource, amount))

/* Everything that a refusal must leave as it was. */
struct state {
	uint64_t free_pages;
	uint64_t boot[LEDGER_RESOURCE_COUNT];
	struct {
		uint64_t used[LEDGER_RESOURCE_COUNT];
		uint64_t slots;
		uint64_t in_flight;
		uint64_t queued;
		const struct object *slot[SLOTS_MAX];
	} process[WATCHED_MAX];
	struct pool_numbers pools[POOLS_MAX];
};

static const struct world_process *watched[WATCHED_MAX];
static uint32_t watched_count;

void
shortage_watch(const struct world_process *process)
{
	CHECK(watched_count < WATCHED_MAX);
	watched[watched_count++] = process;
}

static const struct object *
object_at(const struct world_process *process, uint64_t index)
{
	struct cap_ref ref;

	for (uint64_t generation = 1; generation <= GENERATIONS_MAX; generation++)
		if (cap_lookup(process->process->table, generation << CAP_ID_INDEX_BITS | index,
			&ref) == CAP_OK)
			return ref.object;
	return NULL;
}

static void
state_take_process(struct state *state, uint32_t number)
{
	const struct world_process *process = watched[number];

	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		state->process[number].used[i] = process->process->ledger->used[i];
	state->process[number].slots = cap_table_used(process->process->table);
	for (uint64_t i = 0; i < SLOTS_MAX; i++)
		state->process[number].slot[i] = object_at(process, i);
	for (uint32_t i = 0; i < ring_cq_entries(process->thread->ring); i++)
		state->process[number].in_flight +=
		    ring_op(process->thread->ring, i)->state == OP_PENDING;
	state->process[number].queued = process->ring->sq_tail - process->ring->sq_head;
}

static void
state_take(struct state *state)
{
	world_settle();
	world_settle();
	memset(state, 0, sizeof(*state));
	state->free_pages = world_free_frames();
	for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
		state->boot[i] = ledger_boot.used[i];
	for (uint32_t i = 0; i < watched_count; i++)
		state_take_process(state, i);
	for (uint32_t i = 0; pool_numbers_get(i, &state->pools[i]); i++)
		CHECK(i + 1 < POOLS_MAX);
}

static void
tell(const char *what, uint64_t before, uint64_t after)
{
	if (before != after)
		fprintf(stderr, "  %s: %llu before, %llu after\n", what, (unsigned long long)before,
		    (unsigned long long)after);
}

static void
tell_differences(const struct state *before, const struct state *after)
{
	tell("free pages", before->free_pages, after->free_pages);
	for (uint32_t i = 0; i < POOLS_MAX && before->pools[i].name != NULL; i++)
		tell(before->pools[i].name, before->pools[i].object_count,
		    after->pools[i].object_count);
	for (uint32_t k = 0; k < watched_count; k++) {
		for (uint32_t i = 0; i < LEDGER_RESOURCE_COUNT; i++)
			tell(ledger_resource_name(i), before->process[k].used[i],
			    after->process[k].used[i]);
		tell("slots", before->process[k].slots, after->process[k].slots);
		tell("ops in flight", before->process[k].in_flight, after->process[k].in_flight);
		tell("submissions", before->process[k].queued, after->process[k].queued);
	}
}

static void
begin(const struct shortage_case *tried)
{
	watched_count = 0;
	tried->prepare();
}

static void
refute(const struct shortage_case *tried, const char *what)
{
	fprintf(stderr, "%s, shortage %u at offset %llx: %s\n", tried->name, shortage.kind,
	    (unsigned long long)shortage.place, what);
	CHECK(false);
}

/* False: it was not made, and nothing was refused. */
static bool
act_short(const struct shortage_case *tried, enum kind kind, uint32_t successes)
{
	enum cap_status status;

	shortage.kind = kind;
	shortage.left = successes;
	shortage.was_made = false;
	shortage.is_armed = true;
	status = tried->act();
	shortage.is_armed = false;
	if (!shortage.was_made && status != CAP_OK)
		refute(tried, "it does not succeed without a shortage");
	if (shortage.was_made && status != expected[kind]) {
		fprintf(stderr, "%s\n", cap_status_name(status));
		refute(tried, "the shortage is told as something else");
	}
	return shortage.was_made;
}

static void
check_same(const struct shortage_case *tried, const struct state *before, const struct state *after)
{
	if (memcmp(before, after, sizeof(*before)) == 0)
		return;
	tell_differences(before, after);
	refute(tried, "something is different");
}

/* What is used becomes what it is now if it may: a page table is one frame more. */
static void
accept_use(uint64_t *before, const uint64_t *after, uint64_t page_tables)
{
	before[LEDGER_KERNEL_BYTES] = after[LEDGER_KERNEL_BYTES];
	if (after[LEDGER_FRAME_PAGES] != before[LEDGER_FRAME_PAGES])
		before[LEDGER_FRAME_PAGES] += page_tables;
}

/* Something of these pools stayed: it is as if it had been there before. */
static void
accept_kept(const char *pools, struct state *before, const struct state *after)
{
	for (uint32_t i = 0; before->pools[i].name != NULL; i++) {
		const char *pool = before->pools[i].name;
		uint64_t kept = after->pools[i].object_count - before->pools[i].object_count;
		uint64_t page_tables = strcmp(pool, "page-table") == 0 ? kept : 0;

		if (strstr(pools, pool) == NULL || kept == 0 || kept > KEPT_MAX)
			continue;
		before->pools[i] = after->pools[i];
		before->free_pages = after->free_pages;
		accept_use(before->boot, after->boot, page_tables);
		for (uint32_t k = 0; k < watched_count; k++)
			accept_use(before->process[k].used, after->process[k].used, page_tables);
	}
}

/* The one after so many that succeed is refused; false: there are no more. */
static bool
try_one(const struct shortage_case *tried, enum kind kind, uint32_t successes)
{
	static struct state before, after;

	begin(tried);
	state_take(&before);
	if (!act_short(tried, kind, successes))
		return false;
	state_take(&after);
	if (tried->keeps != NULL)
		accept_kept(tried->keeps, &before, &after);
	check_same(tried, &before, &after);
	if (tried->keeps != NULL) {
		CHECK(act_short(tried, kind, 0));
		state_take(&after);
		check_same(tried, &before, &after);
	}
	if (tried->act() != CAP_OK)
		refute(tried, "it does not succeed afterwards");
	return true;
}

static void
places_print(void)
{
	for (uint32_t i = 0; i < place_count; i++)
		printf("place %llx\n", (unsigned long long)places[i]);
}

void
shortage_run(const struct shortage_case *cases, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint32_t made[KINDS] = { 0, 0 };

		for (enum kind kind = 0; kind < KINDS; kind++)
			while (try_one(&cases[i], kind, made[kind]))
				CHECK(++made[kind] < TRIES_MAX);
		printf("case %s: %u allocations, %u charges\n", cases[i].name, made[KIND_MEMORY],
		    made[KIND_CHARGE]);
		CHECK(made[KIND_MEMORY] + made[KIND_CHARGE] != 0);
	}
	places_print();
}

enum cap_status
shortage_do(struct world_process *from, const struct cap_sqe *sqe)
{
	struct cap_cqe cqe = { 0 };

	world_submit(from, sqe);
	CHECK(world_enter(from, 0, 0) >= 0);
	(void)world_reap(from, &cqe);
	return cqe.result < 0 ? (enum cap_status)cqe.result : CAP_OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that a server holds. A call id is a sequence number of the process and an index: never
 * reused. Slots are charged by the chunk and kept until the process ends, so that serving allocates
 * nothing.
 */
#include "base/assert.h"
#include "ipc/endpoint_internal.h"
#include "mm/pool.h"

#define CALL_ID_INDEX_BITS 16
/* So that the slots which are reserved then still get theirs. */
#define CALL_SEQUENCE_LIMIT ((UINT64_C(1) << 48) - 1 - CALL_CHUNK_SLOTS * CALL_CHUNKS)

static struct pool table_pool;
static struct pool chunk_pool;

void
call_table_init(void)
{
	pool_init(&table_pool, "call_table", sizeof(struct call_table));
	pool_init(&chunk_pool, "call_chunk", sizeof(struct call_chunk));
}

HOT_INLINE bool
call_table_is_spent(const struct call_table *table)
{
	return table->sequence >= CALL_SEQUENCE_LIMIT;
}

static inline struct call_slot *
slot_at(struct call_table *table, uint32_t index)
{
	return &table->chunks[index / CALL_CHUNK_SLOTS]->slots[index % CALL_CHUNK_SLOTS];
}

static enum cap_status
grow_locked(struct call_table *table)
{
	uint32_t first = table->slot_count;
	void *memory;
	enum cap_status status;

	if (first == CALL_CHUNK_SLOTS * CALL_CHUNKS)
		return CAP_ERR_QUEUE_FULL;
	status = ledger_charge(table->payer, LEDGER_OUTSTANDING_CALLS, CALL_CHUNK_SLOTS);
	if (status != CAP_OK)
		return status;
	status = pool_alloc(&chunk_pool, table->payer, &memory);
	if (status != CAP_OK) {
		ledger_release(table->payer, LEDGER_OUTSTANDING_CALLS, CALL_CHUNK_SLOTS);
		return status;
	}
	table->chunks[first / CALL_CHUNK_SLOTS] = memory;
	table->slot_count += CALL_CHUNK_SLOTS;
	table->available += CALL_CHUNK_SLOTS;
	for (uint32_t i = table->slot_count; i > first; i--) {
		slot_at(table, i - 1)->id = table->free_first;
		table->free_first = i;
	}
	return CAP_OK;
}

/* The table itself, or more slots. */
static COLD enum cap_status
make_available_locked(struct process *server)
{
	struct call_table *table = server->calls;
	void *memory;

	if (table == NULL) {
		enum cap_status status = pool_alloc(&table_pool, server->ledger, &memory);

		if (status != CAP_OK)
			return status;
		table = memory;
		table->payer = server->ledger;
		server->calls = table;
	}
	if (call_table_is_spent(table))
		return CAP_ERR_QUEUE_FULL;
	return table->available != 0 ? CAP_OK : grow_locked(table);
}

HOT_INLINE enum cap_status
call_table_reserve_locked(struct process *server)
{
	struct call_table *table = server->calls;

	if (table == NULL || table->available == 0 || call_table_is_spent(table)) {
		enum cap_status status = make_available_locked(server);

		if (status != CAP_OK)
			return status;
		table = server->calls;
	}
	table->available--;
	return CAP_OK;
}

void
call_table_unreserve_locked(struct process *server)
{
	server->calls->available++;
}

HOT_INLINE struct call_slot *
call_table_take_locked(struct process *server, struct op *call)
{
	struct call_table *table = server->calls;
	uint32_t index = table->free_first - 1;
	struct call_slot *slot = slot_at(table, index);

	table->free_first = (uint32_t)slot->id;
	table->sequence++;
	slot->id = table->sequence << CALL_ID_INDEX_BITS | index;
	slot->op = call;
	return slot;
}

void
call_table_give_locked(struct process *server, struct call_slot *slot, bool reserve)
{
	struct call_table *table = server->calls;
	uint32_t index = (uint32_t)(slot->id & ((1U << CALL_ID_INDEX_BITS) - 1));

	slot->op = NULL;
	slot->id = table->free_first;
	table->free_first = index + 1;
	table->available += !reserve;
}

struct call_slot *
call_table_find_locked(struct process *server, uint64_t call_id)
{
	struct call_table *table = server->calls;
	uint32_t index = (uint32_t)(call_id & ((1U << CALL_ID_INDEX_BITS) - 1));
	struct call_slot *slot;

	/* The sequence starts at one: smaller ids are free-list links. */
	if (table == NULL || index >= table->slot_count || call_id >> CALL_ID_INDEX_BITS == 0)
		return NULL;
	slot = slot_at(table, index);
	return slot->id == call_id ? slot : NULL;
}

static void
table_free(struct process *server)
{
	struct call_table *table = server->calls;

	for (uint32_t i = 0; i < table->slot_count / CALL_CHUNK_SLOTS; i++)
		pool_free(&chunk_pool, table->payer, table->chunks[i]);
	ledger_release(table->payer, LEDGER_OUTSTANDING_CALLS, table->slot_count);
	pool_free(&table_pool, table->payer, table);
	server->calls = NULL;
}

/* The call in a slot loses its server; NULL: there is none, or someone else ends it. */
static struct op *
slot_abandon(struct process *server, struct call_slot *slot, struct served_call *last)
{
	struct op *call;

	spin_lock(&server->lock);
	call = slot->op;
	slot->op = NULL;
	if (call != NULL && !op_claim_end(call))
		call = NULL;
	if (call != NULL && slot->id > last->call_id)
		*last = (struct served_call){ slot->id,
			object_interface_id(call->object, call->interface_index),
			call->sqe.method };
	spin_unlock(&server->lock);
	return call;
}

enum job_state
endpoint_server_gone_step(struct process *server, struct served_call *last)
{
	struct call_table *table = server->calls;

	if (table == NULL)
		return JOB_DONE;
	for (uint32_t i = 0; i < JOB_STEP_ENTRIES && table->ended < table->slot_count; i++) {
		struct op *call = slot_abandon(server, slot_at(table, table->ended++), last);

		if (call != NULL)
			ipc_op_end_status(call, CAP_ERR_DISCONNECTED);
	}
	if (table->ended < table->slot_count)
		return JOB_AGAIN;
	table_free(server);
	return JOB_DONE;
}

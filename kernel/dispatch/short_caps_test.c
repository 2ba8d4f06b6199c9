/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A call that gives one capability goes straight, or the general way if it names a deadline, even
 * one that never comes. Both have to leave the same behind.
 */
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "ipc/endpoint.h"
#include "object/memory.h"
#include "object/permanent.h"
#include "object/timer.h"

#define BYTES 16 /* of the message, before its one transfer entry */
#define DELIVERED (sizeof(struct cap_delivery) + BYTES + sizeof(struct cap_record))
#define NOTHING -4711

static struct world_process client;
static struct world_process server;
static struct object *given;
static cap_id_t facet;
static cap_id_t owner;

static struct object *
copyable(void)
{
	return timer_object();
}

static struct object *
movable(void)
{
	struct endpoint *endpoint;

	CHECK_EQ(endpoint_create(client.process->ledger, &endpoint), CAP_OK);
	return endpoint_object(endpoint);
}

static struct object *
fixed(void)
{
	struct object *object;

	CHECK_EQ(virtual_memory_create(client.process, &object), CAP_OK);
	return object;
}

struct row {
	struct object *(*make)(void);
	struct cap_transfer entry; /* cap_id 0: that of what was made */
	uint8_t cap_max;	   /* that the receiver takes */
	bool is_stale;
	bool has_no_receiver;
	bool is_own; /* the receiver is the caller's */
	bool is_unaligned;
	int32_t result; /* of the call; NOTHING: it is pending */
};

static const struct row rows[] = {
	{ copyable, { .mode = CAP_TRANSFER_COPY }, .cap_max = 1, .result = NOTHING },
	{ copyable, { .mode = CAP_TRANSFER_MOVE }, .cap_max = 1, .result = NOTHING },
	{ copyable, { .mode = CAP_TRANSFER_COPY }, .cap_max = 8, .result = NOTHING },
	{ movable, { .mode = CAP_TRANSFER_MOVE }, .cap_max = 1, .result = NOTHING },
	{ movable, { .mode = CAP_TRANSFER_COPY }, .cap_max = 1,
	    .result = CAP_ERR_TRANSFER_NOT_SUPPORTED },
	{ fixed, { .mode = CAP_TRANSFER_COPY }, .cap_max = 1,
	    .result = CAP_ERR_TRANSFER_NOT_SUPPORTED },
	{ fixed, { .mode = CAP_TRANSFER_MOVE }, .cap_max = 1,
	    .result = CAP_ERR_TRANSFER_NOT_SUPPORTED },
	{ copyable, { .mode = CAP_TRANSFER_COPY }, .cap_max = 0, .result = CAP_ERR_TOO_MANY_CAPS },
	{ copyable, { .mode = CAP_TRANSFER_MOVE }, .cap_max = 1, .is_stale = true,
	    .result = CAP_ERR_STALE_GENERATION },
	{ copyable, { .cap_id = 5000, .mode = CAP_TRANSFER_COPY }, .cap_max = 1,
	    .result = CAP_ERR_INVALID_CAP },
	{ copyable, { .mode = 3 }, .cap_max = 1, .result = CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ copyable, { .mode = CAP_TRANSFER_COPY, .reserved = { [6] = 1 } }, .cap_max = 1,
	    .result = CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ copyable, { .mode = CAP_TRANSFER_HOLE }, .cap_max = 1,
	    .result = CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
	{ copyable, { .mode = CAP_TRANSFER_COPY }, .has_no_receiver = true, .result = NOTHING },
	{ copyable, { .mode = CAP_TRANSFER_MOVE }, .cap_max = 1, .is_own = true,
	    .result = NOTHING },
	/* At the next multiple of 8 stands no good entry, but one that looks good before it. */
	{ copyable, { .cap_id = UINT64_C(1) << 32, .mode = CAP_TRANSFER_HOLE }, .cap_max = 1,
	    .is_unaligned = true, .result = CAP_ERR_INVALID_TRANSFER_DESCRIPTOR },
};

/* What both ways are compared by. */
struct outcome {
	int32_t call_result;
	int32_t receive_result;
	uint32_t cap_count;
	uint32_t references;
	enum cap_status at_client;
	enum cap_status at_server;
	uint32_t client_slots;
	uint32_t server_slots;
	uint64_t client_charged;
	uint64_t server_charged;
	uint8_t delivered[DELIVERED];
};

static int32_t
run(struct world_process *process, const struct cap_sqe *sqe, uint32_t *cap_count)
{
	struct cap_cqe cqe = { .result = NOTHING };

	world_submit(process, sqe);
	CHECK(world_enter(process, 0, 0) >= 0);
	(void)world_reap(process, &cqe);
	*cap_count = cqe.cap_count;
	return cqe.result;
}

static enum cap_status
look(struct world_process *process, cap_id_t cap_id)
{
	struct cap_ref ref;

	return cap_lookup(process->process->table, cap_id, &ref);
}

static void
start(const struct row *row)
{
	struct endpoint *endpoint;
	uint16_t index = 0;

	world_start();
	objects_init();
	client = world_process(NULL);
	server = row->is_own ? client : world_process(NULL);
	CHECK_EQ(endpoint_create(server.process->ledger, &endpoint), CAP_OK);
	CHECK_EQ(endpoint_facet(endpoint, 7, &index), CAP_OK);
	facet = world_give(&client, endpoint_object(endpoint), index);
	owner = world_give(&server, endpoint_object(endpoint), 0);
	object_put(endpoint_object(endpoint));
}

static void
receive(const struct row *row)
{
	struct cap_sqe sqe = { .op = CAP_OP_RECV,
		.target = owner,
		.cap_max = row->cap_max,
		.result_addr = server.message + 512,
		.result_len = 256 };
	uint32_t cap_count;

	if (!row->has_no_receiver)
		CHECK_EQ(run(&server, &sqe, &cap_count), NOTHING);
}

static void
call(const struct row *row, cap_id_t cap_id, bool is_general, struct outcome *out)
{
	struct cap_sqe sqe = { .op = CAP_OP_CALL,
		.target = facet,
		.addr = client.message + (row->is_unaligned ? 4 : 0),
		.len = BYTES,
		.xfer_count = 1,
		.result_addr = client.message + 256,
		.result_len = 64,
		.deadline_ns = is_general ? CAP_DEADLINE_NONE : 0 };
	struct cap_transfer entry = row->entry;

	if (entry.cap_id == 0)
		entry.cap_id = cap_id;
	world_write(&client, client.message, "sixteen bytes...four", 20);
	world_write(&client, client.message + 20, &cap_id, sizeof(uint32_t));
	world_write(
	    &client, client.message + (row->is_unaligned ? 24 : BYTES), &entry, sizeof(entry));
	out->call_result = run(&client, &sqe, &out->cap_count);
}

static struct outcome
outcome_of(const struct row *row, bool is_general)
{
	struct outcome out;
	struct cap_cqe cqe = { .result = NOTHING };
	struct cap_record record;
	cap_id_t cap_id;

	memset(&out, 0, sizeof(out));
	start(row);
	given = row->make();
	cap_id = world_give(&client, given, 0);
	if (row->is_stale)
		CHECK_EQ(world_release(&client, cap_id), CAP_OK);
	receive(row);
	call(row, cap_id, is_general, &out);
	/* One's own receiver ends in the same entry, before what is pending. */
	if (row->is_own) {
		out.receive_result = out.call_result;
		out.call_result = NOTHING;
	} else if (world_reap(&server, &cqe)) {
		out.cap_count = cqe.cap_count;
		out.receive_result = cqe.result;
	}
	world_read(&server, server.message + 512, out.delivered, sizeof(out.delivered));
	memcpy(&record, out.delivered + sizeof(struct cap_delivery) + BYTES, sizeof(record));
	out.at_server = look(&server, record.cap_id);
	out.at_client = look(&client, cap_id);
	out.references = given->references;
	out.client_slots = cap_table_used(client.process->table);
	out.server_slots = cap_table_used(server.process->table);
	out.client_charged = client.process->ledger->used[LEDGER_CAP_SLOTS];
	out.server_charged = server.process->ledger->used[LEDGER_CAP_SLOTS];
	return out;
}

TEST(one_capability_goes_the_same_by_both_ways)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome straight = outcome_of(&rows[i], false);
		struct outcome general = outcome_of(&rows[i], true);

		if (straight.call_result != rows[i].result)
			fail_msg("row %zu ends with %d", i, straight.call_result);
		if (memcmp(&straight, &general, sizeof(straight)) != 0)
			fail_msg("row %zu goes another way: %u and %u capabilities", i,
			    straight.cap_count, general.cap_count);
	}
}

TEST(what_is_given_arrives_and_what_is_refused_stays)
{
	struct outcome copied = outcome_of(&rows[0], false);
	struct outcome moved = outcome_of(&rows[1], false);
	struct outcome refused = outcome_of(&rows[4], false);

	CHECK_EQ(copied.receive_result, DELIVERED);
	CHECK_EQ(copied.cap_count, 1);
	CHECK_EQ(copied.at_server, CAP_OK);
	CHECK_EQ(copied.at_client, CAP_OK);
	CHECK_EQ(moved.cap_count, 1);
	CHECK_EQ(moved.at_server, CAP_OK);
	CHECK_EQ(moved.at_client, CAP_ERR_STALE_GENERATION);
	CHECK_EQ(copied.references, moved.references + 1);
	CHECK_EQ(refused.cap_count, 0);
	CHECK_EQ(refused.at_client, CAP_OK);
}

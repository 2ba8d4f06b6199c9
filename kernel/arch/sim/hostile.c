/* SPDX-License-Identifier: Apache-2.0 */
/* The world of hostile submissions, and what is compared around each of them. */
#include "arch/sim/hostile.h"

#include <string.h>

#include "base/assert.h"
#include "ipc/endpoint.h"
#include "ipc/notification.h"
#include "ipc/snapshot.h"
#include "object/memory.h"
#include "object/permanent.h"
#include "object/signal.h"
#include "object/timer.h"

static struct {
	struct world_process process;
	struct world_process peer;
	struct endpoint *own;	 /* the process serves it */
	struct endpoint *theirs; /* the peer does */
	struct notification *notification;
	struct object fixed;
	struct object revoked;
	cap_id_t ids[HOSTILE_TARGET_COUNT];
} w;

static const struct object_type fixed_type = {
	.name = "fixed",
	.interface_id = 3,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_NONE,
	.destroy = permanent_destroy,
};

static const struct object_type revoked_type = {
	.name = "revoked",
	.interface_id = 4,
	.kind = OBJECT_KIND_METHODS,
	.transfer = OBJECT_TRANSFER_COPY,
	.destroy = permanent_destroy,
};

static void
submit(struct world_process *from, struct cap_sqe sqe)
{
	int64_t result;

	world_submit(from, &sqe);
	result = world_enter(from, 0, 0);
	KASSERT(result >= 0);
}

static void
receive(struct world_process *server, cap_id_t owner, uint8_t cap_max)
{
	submit(server,
	    (struct cap_sqe){ .op = CAP_OP_RECV,
		.target = owner,
		.cap_max = cap_max,
		.result_addr = HOSTILE_DELIVERY,
		.result_len = 1024 });
}

/* The peer calls; the process takes the call, and holds it. */
static uint64_t
take_call(cap_id_t owner, cap_id_t facet)
{
	struct cap_delivery delivery;
	struct cap_cqe cqe;
	bool there;

	receive(&w.process, owner, 0);
	submit(&w.peer,
	    (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = facet,
		.cap_max = 2,
		.result_addr = WORLD_DATA,
		.result_len = 256 });
	there = world_reap(&w.process, &cqe);
	KASSERT(there && cqe.result == sizeof(delivery));
	world_read(&w.process, HOSTILE_DELIVERY, &delivery, sizeof(delivery));
	return delivery.call_id;
}

static struct endpoint *
endpoint_between(
    struct world_process *server, struct world_process *client, cap_id_t *owner, cap_id_t *facet)
{
	struct endpoint *endpoint;
	uint16_t index;
	enum cap_status status = endpoint_create(server->process->ledger, &endpoint);

	KASSERT(status == CAP_OK);
	status = endpoint_facet(endpoint, 7, &index);
	KASSERT(status == CAP_OK);
	*facet = world_give(client, endpoint_object(endpoint), index);
	*owner = world_give(server, endpoint_object(endpoint), 0);
	object_put(endpoint_object(endpoint));
	return endpoint;
}

static void
release(cap_id_t id)
{
	struct cap_cqe cqe =
	    world_do(&w.process, &(struct cap_sqe){ .op = CAP_OP_RELEASE, .target = id });

	KASSERT(cqe.result == CAP_OK);
}

static void
give_objects(void)
{
	struct limited_signaller_request limited;
	struct object *object;
	enum cap_status status = notification_create(w.process.process->ledger, &w.notification);

	KASSERT(status == CAP_OK);
	w.ids[HOSTILE_NOTIFICATION] =
	    world_give(&w.process, notification_waiting_side(w.notification), 0);
	w.ids[HOSTILE_SIGNALLER] =
	    world_give(&w.process, notification_signalling_side(w.notification), 0);
	limited = (struct limited_signaller_request){
		.payer = w.process.process->ledger, .notification = w.notification, .mask = 1
	};
	status = limited_signaller_create(&limited, &object);
	KASSERT(status == CAP_OK);
	w.ids[HOSTILE_LIMITED] = world_give(&w.process, object, 0);
	object_put(object);
	object_init(&w.fixed, &fixed_type);
	object_init(&w.revoked, &revoked_type);
	w.ids[HOSTILE_FIXED] = world_give(&w.process, &w.fixed, 0);
	w.ids[HOSTILE_REVOKED] = world_give(&w.process, &w.revoked, 0);
	(void)object_revoke(&w.revoked);
	w.ids[HOSTILE_TIMER] = world_give(&w.process, timer_object(), 0);
	w.ids[HOSTILE_CONSOLE] = world_give(&w.process, console_object(), 0);
	w.ids[HOSTILE_FRAMES] = world_give(&w.process, frame_allocator_object(), 0);
	status = virtual_memory_create(w.process.process, &object);
	KASSERT(status == CAP_OK);
	w.ids[HOSTILE_MEMORY] = world_give(&w.process, object, 0);
	object_put(object);
}

/* Every slot that the process ever had is in use again, but for one. */
static void
give_dead_ids(void)
{
	cap_id_t stale = world_give(&w.process, timer_object(), 0);
	cap_id_t found = 0;

	release(stale);
	/* Free slots are reused first-in first-out: a round through all of them. */
	for (uint32_t i = 0; (found ^ stale) << (64 - CAP_ID_INDEX_BITS) != 0; i++) {
		KASSERT(i < CAP_TABLE_SLOTS_MAX);
		found = world_give(&w.process, timer_object(), 0);
	}
	w.ids[HOSTILE_STALE] = stale;
	w.ids[HOSTILE_EMPTY] = world_give(&w.process, timer_object(), 0);
	release(w.ids[HOSTILE_EMPTY]);
	for (uint32_t i = 0; i < 64; i++)
		w.ids[HOSTILE_FOREIGN] = world_give(&w.peer, timer_object(), 0);
}

static void
fill_memory(void)
{
	static uint8_t bytes[WORLD_DATA_PAGES * PAGE_BYTES];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	world_write(&w.process, WORLD_DATA, bytes, sizeof(bytes));
	world_write(&w.peer, WORLD_DATA, bytes, sizeof(bytes));
}

struct world_process *
hostile_start(void)
{
	cap_id_t theirs, called;

	memset(&w, 0, sizeof(w));
	world_start();
	objects_init();
	w.process = world_process(NULL);
	w.peer = world_process(NULL);
	KASSERT(w.process.message == HOSTILE_MESSAGE);
	w.own = endpoint_between(&w.process, &w.peer, &w.ids[HOSTILE_OWNER], &called);
	w.theirs = endpoint_between(&w.peer, &w.process, &theirs, &w.ids[HOSTILE_FACET]);
	give_objects();
	give_dead_ids();
	w.ids[HOSTILE_CALL_BEFORE] = take_call(w.ids[HOSTILE_OWNER], called);
	(void)world_do(&w.process,
	    &(struct cap_sqe){ .op = CAP_OP_RETURN,
		.target = w.ids[HOSTILE_CALL_BEFORE],
		.addr = HOSTILE_MESSAGE });
	w.ids[HOSTILE_CALL] = take_call(w.ids[HOSTILE_OWNER], called);
	/* The peer holds one of the process's calls, whose answer has a name; then it waits. */
	receive(&w.peer, theirs, 1);
	submit(&w.process,
	    (struct cap_sqe){ .op = CAP_OP_CALL,
		.target = w.ids[HOSTILE_FACET],
		.answer_id = HOSTILE_ANSWER,
		.cap_max = 1,
		.result_addr = WORLD_DATA,
		.result_len = 256 });
	receive(&w.peer, theirs, 2);
	receive(&w.peer, theirs, 2);
	for (struct cap_cqe cqe; world_reap(&w.process, &cqe) || world_reap(&w.peer, &cqe);)
		;
	submit(&w.process, (struct cap_sqe){ .op = CAP_OP_NOP });
	submit(&w.peer, (struct cap_sqe){ .op = CAP_OP_NOP });
	for (struct cap_cqe cqe; world_reap(&w.process, &cqe) || world_reap(&w.peer, &cqe);)
		;
	fill_memory();
	return &w.process;
}

cap_id_t
hostile_id(enum hostile_target target)
{
	return w.ids[target];
}

struct world_process *
hostile_peer(void)
{
	return &w.peer;
}

static void
mix_holds(uint64_t *hash, const struct world_process *of)
{
	for (uint32_t i = 0; i < HOSTILE_TARGET_COUNT; i++) {
		struct cap_ref ref = { 0 };
		enum cap_status status = cap_lookup(of->process->table, w.ids[i], &ref);
		uint64_t parts[] = { (uint64_t)status, (uintptr_t)ref.object, (uintptr_t)ref.cell,
			ref.object == NULL ? 0 : ref.object->references, ref.object_epoch,
			ref.interface_index, ref.mode };

		snapshot_mix(hash, parts, sizeof(parts));
	}
}

/* What is in flight, as its ops have it. */
static void
mix_ops(uint64_t *hash, struct ring *ring)
{
	for (uint32_t i = 0; i < ring_cq_entries(ring); i++) {
		const struct op *op = ring_op(ring, i);

		if (op->state != OP_PENDING)
			continue;
		snapshot_mix(hash, &op->sqe, sizeof(op->sqe));
		snapshot_mix(hash, &op->place, sizeof(op->place));
		snapshot_mix(hash, &op->reserved_slots, sizeof(op->reserved_slots));
		snapshot_mix(hash, &op->sequence, sizeof(op->sequence));
		snapshot_mix(hash, &op->object, sizeof(op->object));
		snapshot_mix(hash, &op->peer, sizeof(op->peer));
	}
}

static void
mix_memory(uint64_t *hash, struct world_process *of)
{
	static uint8_t bytes[(WORLD_DATA_PAGES + 1) * PAGE_BYTES];

	world_read(of, WORLD_DATA, bytes, sizeof(bytes));
	snapshot_mix(hash, bytes, sizeof(bytes));
	snapshot_mix(hash, (const char *)of->ring + of->ring->message_offset, of->message_bytes);
	snapshot_mix(hash, of->ring, offsetof(struct cap_ring, sq_head));
}

struct hostile_snapshot
hostile_snapshot(void)
{
	struct world_process *both[] = { &w.process, &w.peer };
	struct hostile_snapshot taken;

	memset(&taken, 0, sizeof(taken));
	for (uint32_t i = 0; i < 2; i++) {
		taken.accounts[i] = world_accounts(both[i]);
		taken.in_flight[i] = ring_in_flight(both[i]->thread->ring);
		mix_holds(&taken.holds, both[i]);
		mix_ops(&taken.queues, both[i]->thread->ring);
		snapshot_mix_calls(&taken.queues, both[i]->process, both[i]->thread->ring);
		mix_memory(&taken.memory, both[i]);
	}
	snapshot_mix_endpoint(&taken.queues, w.own);
	snapshot_mix_endpoint(&taken.queues, w.theirs);
	/* All are taken, and set again: nobody waits for them. */
	taken.bits = notification_poll(w.notification, UINT64_MAX);
	if (taken.bits != 0)
		(void)!notification_signal(w.notification, taken.bits);
	return taken;
}

static struct cap_sqe
prepare(const struct hostile_case *c)
{
	struct cap_sqe sqe = c->sqe;
	uint64_t end = (sqe.addr + sqe.len + 7) & ~UINT64_C(7);

	if (c->target != HOSTILE_AS_IS)
		sqe.target = w.ids[c->target];
	if (c->receive_from != HOSTILE_AS_IS)
		sqe.receive_from = w.ids[c->receive_from];
	if (c->word_count != 0)
		world_write(&w.process, sqe.addr, c->words, c->word_count * sizeof(c->words[0]));
	for (uint32_t i = 0; i < c->entry_count; i++) {
		struct cap_transfer entry = c->entries[i].entry;

		if (c->entries[i].hold != HOSTILE_AS_IS)
			entry.cap_id = w.ids[c->entries[i].hold];
		world_write(&w.process, end + i * sizeof(entry), &entry, sizeof(entry));
	}
	return sqe;
}

struct cap_cqe
hostile_do(const struct hostile_case *c, struct hostile_snapshot *before)
{
	struct cap_sqe sqe = prepare(c);
	struct cap_cqe cqe;

	*before = hostile_snapshot();
	cqe = world_do(&w.process, &sqe);
	world_settle();
	return cqe;
}

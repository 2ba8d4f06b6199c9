/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/transfer-matrix.md with real objects, of every kind that the kernel has: each is copied and
 * moved to another process, or refused with nothing changed, as the schema says.
 */
#include <capnp/reflect.h>

#include "arch/sim/gallery.h"
#include "arch/sim/hostile.h"
#include "cap/table.h"

static struct world_process *process;

static bool
schema_allows(const struct gallery_kind *kind, enum cap_transfer_mode mode)
{
	const struct reflect_interface *interface = reflect_interface_find(kind->interface_id);

	CHECK(interface != NULL);
	return interface->transfer == REFLECT_TRANSFER_COPY ||
	    (interface->transfer == REFLECT_TRANSFER_MOVE && mode == CAP_TRANSFER_MOVE);
}

/* A call that carries the capability: what the process has of it then. */
static enum cap_status
send(cap_id_t id, enum cap_transfer_mode mode)
{
	const struct cap_transfer entry = { .cap_id = id, .mode = (uint8_t)mode };
	struct cap_cqe cqe = { 0 };
	struct cap_ref ref;

	world_write(process, HOSTILE_MESSAGE, &entry, sizeof(entry));
	world_submit(process,
	    &(struct cap_sqe){ .op = CAP_OP_CALL,
		.target = hostile_id(HOSTILE_FACET),
		.addr = HOSTILE_MESSAGE,
		.xfer_count = 1 });
	CHECK(world_enter(process, 0, 0) >= 0);
	if (world_reap(process, &cqe))
		return (enum cap_status)cqe.result;
	return cap_lookup(process->process->table, id, &ref);
}

/* The peer has it, as what it is. */
static void
check_arrived(const struct gallery_kind *kind, const struct object *object)
{
	struct world_process *peer = hostile_peer();
	struct cap_record record;
	struct cap_cqe cqe;
	struct cap_ref ref;

	CHECK(world_reap(peer, &cqe));
	CHECK_EQ(cqe.cap_count, 1);
	world_read(peer, HOSTILE_DELIVERY + sizeof(struct cap_delivery), &record, sizeof(record));
	CHECK_EQ(record.interface_id, kind->interface_id);
	CHECK_EQ(cap_lookup(peer->process->table, record.cap_id, &ref), CAP_OK);
	CHECK_EQ(ref.object, object);
}

static void
check_mode(const struct gallery_kind *kind, enum cap_transfer_mode mode)
{
	bool is_allowed = schema_allows(kind, mode);
	enum cap_status gone = mode == CAP_TRANSFER_MOVE ? CAP_ERR_STALE_GENERATION : CAP_OK;
	enum cap_status expected = is_allowed ? gone : CAP_ERR_TRANSFER_NOT_SUPPORTED;
	struct hostile_snapshot before, after;
	enum cap_status status;
	struct cap_ref ref;
	cap_id_t id;

	process = hostile_start();
	id = kind->give(process);
	world_settle();
	CHECK_EQ(cap_lookup(process->process->table, id, &ref), CAP_OK);
	before = hostile_snapshot();
	status = send(id, mode);
	if (status != expected)
		(void)printf("%s, mode %d: %d\n", kind->name, (int)mode, (int)status);
	CHECK_EQ(status, expected);
	after = hostile_snapshot();
	before.memory = after.memory; /* the entry was written */
	if (is_allowed) {
		check_arrived(kind, ref.object);
		return;
	}
	CHECK_MEMORY(&before, &after, sizeof(before));
	CHECK_EQ(cap_lookup(process->process->table, id, &ref), CAP_OK);
}

TEST(holds_are_handed_on_as_the_schema_says)
{
	for (size_t i = 0; i < GALLERY_KINDS; i++) {
		check_mode(&gallery_kinds[i], CAP_TRANSFER_COPY);
		check_mode(&gallery_kinds[i], CAP_TRANSFER_MOVE);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which page is meant, when two processes or a process and the kernel speak of the same one: docs/
 * architecture.md says the rules. A page of a memory object is the object and an offset, whatever
 * maps it where; a pinned page is a frame that nothing takes away while its process lives.
 */
#include <abi/start.h>
#include <schema/memory.capnp.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "ipc/notification.h"
#include "mm/address_space_internal.h"
#include "mm/memory_object.h"
#include "object/memory.h"
#include "object/notification.h"
#include "object/permanent.h"

#define AT UINT64_C(0x50000000)
#define OTHER UINT64_C(0x60000000)
#define PAGES 4

static struct world_process one;
static struct world_process other;
static struct memory_object *object;

static struct memory_object *
make_object(void)
{
	const struct memory_object_request request = { &ledger_boot, PAGES, false };
	struct memory_object *made;

	CHECK_EQ(memory_object_create(&request, &made), CAP_OK);
	return made;
}

static void
start(void)
{
	world_start();
	objects_init();
	one = world_process(NULL);
	other = world_process(NULL);
	object = make_object();
}

static void
change(struct world_process *in, enum space_operation operation, struct memory_object *of,
    uaddr_t address)
{
	struct space_request request = { .operation = operation,
		.access = PAGE_ACCESS_WRITE,
		.address = address,
		.bytes = PAGES * PAGE_BYTES,
		.object = of };

	CHECK_EQ(space_request_run(in->process->space, &request), CAP_OK);
}

/* The frame that an address of a process means; 0: none. */
static paddr_t
frame_at(struct world_process *in, uaddr_t address)
{
	const uint64_t *entry = page_entry_find(in->process->space, address);

	return entry == NULL || !arch_pte_is_used(*entry) ? 0 : arch_pte_frame(*entry);
}

TEST(a_page_of_an_object_is_the_same_frame_wherever_it_is_mapped)
{
	start();
	change(&one, SPACE_MAP_OBJECT, object, AT);
	change(&one, SPACE_MAP_OBJECT, object, OTHER);
	change(&other, SPACE_MAP_OBJECT, object, AT);
	for (uint64_t at = 0; at < PAGES * PAGE_BYTES; at += PAGE_BYTES) {
		paddr_t frame = memory_object_frame(object, at);

		CHECK_EQ(frame_at(&one, AT + at), frame);
		CHECK_EQ(frame_at(&one, OTHER + at), frame);
		CHECK_EQ(frame_at(&other, AT + at), frame);
	}
	memory_object_put(object);
}

/* Who is quick enough to map something else at an address changes what the address means, and
 * nothing that was named by object and offset. */
TEST(another_mapping_at_the_same_address_is_another_page)
{
	struct memory_object *second;
	paddr_t frames[PAGES];

	start();
	second = make_object();
	for (uint64_t i = 0; i < PAGES; i++)
		frames[i] = memory_object_frame(object, i * PAGE_BYTES);
	change(&one, SPACE_MAP_OBJECT, object, AT);
	change(&one, SPACE_UNMAP_OBJECT, object, AT);
	CHECK_EQ(frame_at(&one, AT), 0);
	change(&one, SPACE_MAP_OBJECT, second, AT);
	for (uint64_t i = 0; i < PAGES; i++) {
		CHECK(frame_at(&one, AT + i * PAGE_BYTES) != frames[i]);
		CHECK_EQ(memory_object_frame(object, i * PAGE_BYTES), frames[i]);
	}
	memory_object_put(second);
	memory_object_put(object);
}

/* The frames live by their mappings: no hold is left, and the page is still the same. */
TEST(a_mapping_keeps_its_frames_without_any_hold)
{
	paddr_t frame;
	uint64_t free;

	start();
	change(&one, SPACE_MAP_OBJECT, object, AT);
	frame = frame_at(&one, AT);
	memory_object_put(object);
	world_settle();
	free = world_free_frames();
	CHECK_EQ(frame_at(&one, AT), frame);
	change(&one, SPACE_UNMAP_OBJECT, object, AT);
	world_settle();
	CHECK(world_free_frames() >= free + PAGES);
}

static const struct {
	const char *what;
	enum space_operation operation;
} attacks[] = {
	{ "map over", SPACE_MAP_ANONYMOUS },
	{ "reserve over", SPACE_RESERVE },
	{ "commit", SPACE_COMMIT },
	{ "decommit", SPACE_DECOMMIT },
	{ "unmap", SPACE_UNMAP },
	{ "protect", SPACE_PROTECT },
	{ "map an object over", SPACE_MAP_OBJECT },
	{ "unmap an object", SPACE_UNMAP_OBJECT },
	{ "protect an object", SPACE_PROTECT_OBJECT },
};

/* The kernel reaches the ring through its frame: the process cannot make its address mean another.
 */
TEST(pinned_pages_keep_their_frames_whatever_is_asked)
{
	static const uaddr_t pinned[] = { USER_RING_ADDRESS, USER_CAPSET_ADDRESS };

	start();
	for (size_t i = 0; i < sizeof(pinned) / sizeof(pinned[0]); i++) {
		paddr_t frame = frame_at(&one, pinned[i]);

		if (frame == 0)
			continue; /* a world's process has no CapSet */
		for (size_t k = 0; k < sizeof(attacks) / sizeof(attacks[0]); k++) {
			struct space_request request = { .operation = attacks[k].operation,
				.access = PAGE_ACCESS_WRITE,
				.address = pinned[i],
				.bytes = PAGE_BYTES,
				.object = object };
			enum cap_status status = space_request_run(one.process->space, &request);

			CHECK(status == CAP_ERR_ADDRESS_IN_USE || status == CAP_ERR_NOT_MAPPED);
			CHECK_EQ(frame_at(&one, pinned[i]), frame);
		}
	}
	CHECK(frame_at(&one, USER_RING_ADDRESS) != 0);
	memory_object_put(object);
}

/* What waits is named by its object, not by an address: nothing that is mapped or unmapped
 * meanwhile reaches it. */
TEST(a_wait_is_for_its_object_whatever_is_mapped_meanwhile)
{
	struct notification *notification;
	struct cap_sqe wait = { .op = CAP_OP_WAIT, .addr = 1, .user_data = 3 };
	struct cap_cqe cqe;

	start();
	CHECK_EQ(notification_create(&ledger_boot, &notification), CAP_OK);
	wait.target = world_give(&one, notification_waiting_side(notification), 0);
	object_put(notification_waiting_side(notification));
	world_submit(&one, &wait);
	CHECK_EQ(world_enter(&one, 1, CAP_DEADLINE_NONE), WORLD_WAITS);
	change(&one, SPACE_MAP_OBJECT, object, AT);
	change(&one, SPACE_UNMAP_OBJECT, object, AT);
	CHECK_EQ(notification_signal(notification, 1), CAP_OK);
	CHECK(world_reap(&one, &cqe));
	CHECK_EQ(cqe.user_data, 3);
	CHECK_EQ(cqe.bits, 1);
	memory_object_put(object);
}

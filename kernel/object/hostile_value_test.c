/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hostile parameters of the kernel's methods: sizes of zero, addresses that are no pages, sums that
 * wrap, names that are none. A row is what a method accepts with one or two parameters changed.
 */
#include <abi/start.h>
#include <schema/boot.capnp.h>
#include <schema/device.capnp.h>
#include <schema/endpoint.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/notification.capnp.h>
#include <schema/process.capnp.h>
#include <schema/tap.capnp.h>
#include <schema/timer.capnp.h>

#include "arch/sim/method_call.h"

#define CHANGES_MAX 3

struct row {
	const char *interface, *method;
	enum cap_status expected;
	struct method_param changes[CHANGES_MAX + 1];
};

#define ROW(interface, method, error, ...)                                                         \
	{                                                                                          \
		#interface, #method, CAP_ERR_##error,                                              \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
#define N(name, value) { .path = #name, .number = (value) }
#define T(name, text) { .path = #name, .bytes = (text) }
#define C(name, interface) { .path = #name, .interface_id = interface##_INTERFACE_ID }
#define LAST_PAGE (UINT64_MAX - PAGE_BYTES + 1)
#define KERNEL UINT64_C(0xffff800000000000)
#define NONCANONICAL UINT64_C(0x0000800000000000)

static const struct gallery_kind *
kind_named(const char *name)
{
	for (size_t i = 0; i < GALLERY_KINDS; i++)
		if (strcmp(gallery_kinds[i].name, name) == 0)
			return &gallery_kinds[i];
	return NULL;
}

static void
check_row(const struct row *row)
{
	const struct gallery_kind *kind = kind_named(row->interface);
	const struct reflect_interface *interface = reflect_interface_find(kind->interface_id);
	const struct reflect_method *method =
	    reflect_method_find(interface, capnp_text_from_string(row->method));
	struct method_call call;
	char what[160] = "";

	CHECK(method != NULL);
	method_call_start(&call, kind, (uint16_t)(method - interface->methods));
	method_call_build(&call, row->changes);
	for (size_t i = 0; row->changes[i].path != NULL; i++)
		(void)snprintf(what + strlen(what), sizeof(what) - strlen(what), " %s = 0x%llx %s",
		    row->changes[i].path, (unsigned long long)row->changes[i].number,
		    row->changes[i].bytes == NULL ? "" : row->changes[i].bytes);
	method_check_refused(&call, what, row->expected);
}

#define RUN(rows)                                                                                  \
	do {                                                                                       \
		for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++)                      \
			check_row(&(rows)[i]);                                                     \
	} while (false)

/* What is refused of a range, whatever is to be done with it. */
#define BAD_SIZES(interface, method)                                                               \
	ROW(interface, method, INVALID_ARGUMENT, N(size, 0)),                                      \
	    ROW(interface, method, INVALID_ARGUMENT, N(size, 1)),                                  \
	    ROW(interface, method, INVALID_ARGUMENT, N(size, PAGE_BYTES - 1)),                     \
	    ROW(interface, method, INVALID_ARGUMENT, N(size, PAGE_BYTES + 1)),                     \
	    ROW(interface, method, INVALID_ARGUMENT, N(size, UINT64_MAX)),                         \
	    ROW(interface, method, INVALID_ARGUMENT, N(size, LAST_PAGE)),                          \
	    ROW(interface, method, INVALID_ARGUMENT, N(size, UINT64_C(1) << 63)),                  \
	    ROW(interface, method, INVALID_ARGUMENT, N(size, USER_ADDRESS_END))
#define BAD_PLACES(interface, method, place)                                                       \
	ROW(interface, method, INVALID_ARGUMENT, N(place, 1)),                                     \
	    ROW(interface, method, INVALID_ARGUMENT, N(place, PAGE_BYTES)),                        \
	    ROW(interface, method, INVALID_ARGUMENT, N(place, USER_ADDRESS_MIN - PAGE_BYTES)),     \
	    ROW(interface, method, INVALID_ARGUMENT, N(place, METHOD_PLACE + 8)),                  \
	    ROW(interface, method, INVALID_ARGUMENT, N(place, USER_ADDRESS_END)),                  \
	    ROW(interface, method, INVALID_ARGUMENT, N(place, USER_ADDRESS_END - PAGE_BYTES),      \
		N(size, 2 * PAGE_BYTES)),                                                          \
	    ROW(interface, method, INVALID_ARGUMENT, N(place, NONCANONICAL)),                      \
	    ROW(interface, method, INVALID_ARGUMENT, N(place, KERNEL)),                            \
	    ROW(interface, method, INVALID_ARGUMENT, N(place, LAST_PAGE)),                         \
	    ROW(interface, method, INVALID_ARGUMENT, N(place, LAST_PAGE),                          \
		N(size, 2 * PAGE_BYTES)),                                                          \
	    ROW(interface, method, INVALID_ARGUMENT, N(place, UINT64_MAX))

#define TAKEN(interface, method)                                                                   \
	ROW(interface, method, ADDRESS_IN_USE, N(hint, WORLD_DATA)),                               \
	    ROW(interface, method, ADDRESS_IN_USE, N(hint, WORLD_DATA - PAGE_BYTES)),              \
	    ROW(interface, method, ADDRESS_IN_USE, N(hint, WORLD_READ_ONLY)),                      \
	    ROW(interface, method, ADDRESS_IN_USE, N(hint, USER_RING_ADDRESS))

TEST(places_that_cannot_be_mapped)
{
	static const struct row rows[] = {
		BAD_SIZES(VirtualMemory, map),
		BAD_PLACES(VirtualMemory, map, hint),
		TAKEN(VirtualMemory, map),
		ROW(VirtualMemory, map, QUOTA_EXCEEDED, N(size, 5000 * PAGE_BYTES)),
		ROW(VirtualMemory, map, QUOTA_EXCEEDED, N(size, 300000 * PAGE_BYTES), N(hint, 0)),
		BAD_SIZES(VirtualMemory, reserve),
		BAD_PLACES(VirtualMemory, reserve, hint),
		TAKEN(VirtualMemory, reserve),
		ROW(VirtualMemory, reserve, NO_MEMORY, N(size, USER_ADDRESS_END), N(hint, 0)),
		ROW(VirtualMemory, reserve, QUOTA_EXCEEDED, N(size, 300000 * PAGE_BYTES),
		    N(hint, 0)),
		BAD_SIZES(MemoryObject, map),
		BAD_PLACES(MemoryObject, map, hint),
		TAKEN(MemoryObject, map),
	};

	RUN(rows);
}

TEST(parts_of_objects_that_are_not_there)
{
	static const struct row rows[] = {
		ROW(MemoryObject, map, INVALID_ARGUMENT, N(size, 3 * PAGE_BYTES)),
		ROW(MemoryObject, map, INVALID_ARGUMENT, N(offset, 1)),
		ROW(MemoryObject, map, INVALID_ARGUMENT, N(offset, PAGE_BYTES)),
		ROW(MemoryObject, map, INVALID_ARGUMENT, N(offset, 3 * PAGE_BYTES)),
		ROW(MemoryObject, map, INVALID_ARGUMENT, N(offset, 2 * PAGE_BYTES),
		    N(size, PAGE_BYTES)),
		ROW(MemoryObject, map, INVALID_ARGUMENT, N(offset, LAST_PAGE)),
		ROW(MemoryObject, map, INVALID_ARGUMENT, N(offset, LAST_PAGE), N(size, PAGE_BYTES)),
		ROW(MemoryObject, map, INVALID_ARGUMENT, N(offset, UINT64_MAX)),
		ROW(ProcessBuilder, map, INVALID_ARGUMENT, N(size, 3 * PAGE_BYTES)),
		ROW(ProcessBuilder, map, INVALID_ARGUMENT, N(offset, 1)),
		ROW(ProcessBuilder, map, INVALID_ARGUMENT, N(offset, 2 * PAGE_BYTES)),
		ROW(ProcessBuilder, map, INVALID_ARGUMENT, N(offset, LAST_PAGE)),
		ROW(ProcessBuilder, map, INVALID_ARGUMENT, N(offset, UINT64_MAX)),
		ROW(ProcessBuilder, mapCopy, INVALID_ARGUMENT, N(copyBytes, PAGE_BYTES + 1)),
		ROW(ProcessBuilder, mapCopy, INVALID_ARGUMENT, N(copyBytes, UINT64_MAX)),
		ROW(ProcessBuilder, mapCopy, INVALID_ARGUMENT, N(copyBytes, 2 * PAGE_BYTES + 1),
		    N(size, 3 * PAGE_BYTES)),
		ROW(ProcessBuilder, mapCopy, INVALID_ARGUMENT, N(offset, 1)),
		ROW(ProcessBuilder, mapCopy, INVALID_ARGUMENT, N(offset, 2 * PAGE_BYTES)),
		ROW(ProcessBuilder, mapCopy, INVALID_ARGUMENT, N(offset, LAST_PAGE)),
		ROW(ProcessBuilder, mapCopy, INVALID_ARGUMENT, N(offset, LAST_PAGE),
		    N(copyBytes, PAGE_BYTES)),
	};

	RUN(rows);
}

#define NOT_THERE(interface, method)                                                               \
	BAD_SIZES(interface, method), BAD_PLACES(interface, method, address),                      \
	    ROW(interface, method, INVALID_ARGUMENT, N(address, 0)),                               \
	    ROW(interface, method, NOT_MAPPED, N(size, 3 * PAGE_BYTES)),                           \
	    ROW(interface, method, NOT_MAPPED, N(size, 64 * PAGE_BYTES)),                          \
	    ROW(interface, method, NOT_MAPPED, N(address, METHOD_PLACE - PAGE_BYTES),              \
		N(size, 2 * PAGE_BYTES)),                                                          \
	    ROW(interface, method, NOT_MAPPED, N(address, METHOD_PLACE + 2 * PAGE_BYTES)),         \
	    ROW(interface, method, NOT_MAPPED, N(address, USER_RING_ADDRESS)),                     \
	    ROW(interface, method, NOT_MAPPED, N(address, USER_ADDRESS_END - PAGE_BYTES))

TEST(ranges_that_are_not_the_callers_to_change)
{
	static const struct row rows[] = {
		NOT_THERE(VirtualMemory, unmap),
		NOT_THERE(VirtualMemory, protect),
		NOT_THERE(VirtualMemory, commit),
		NOT_THERE(VirtualMemory, decommit),
		ROW(VirtualMemory, commit, ADDRESS_IN_USE, N(address, WORLD_DATA)),
		ROW(VirtualMemory, commit, ADDRESS_IN_USE,
		    N(address, WORLD_DATA + 39 * PAGE_BYTES)),
		NOT_THERE(MemoryObject, unmap),
		ROW(MemoryObject, unmap, NOT_MAPPED, N(address, WORLD_DATA)),
		NOT_THERE(MemoryObject, protect),
		ROW(MemoryObject, protect, NOT_MAPPED, N(address, WORLD_DATA)),
	};

	RUN(rows);
}

TEST(places_that_a_new_process_cannot_have)
{
	static const struct row rows[] = {
		BAD_SIZES(ProcessBuilder, map),
		BAD_PLACES(ProcessBuilder, map, address),
		ROW(ProcessBuilder, map, INVALID_ARGUMENT, N(address, 0)),
		ROW(ProcessBuilder, map, ADDRESS_IN_USE, N(address, USER_CAPSET_ADDRESS)),
		BAD_SIZES(ProcessBuilder, mapCopy),
		BAD_PLACES(ProcessBuilder, mapCopy, address),
		ROW(ProcessBuilder, mapCopy, INVALID_ARGUMENT, N(address, 0)),
		ROW(ProcessBuilder, mapCopy, ADDRESS_IN_USE, N(address, USER_CAPSET_ADDRESS)),
		ROW(ProcessBuilder, mapCopy, QUOTA_EXCEEDED, N(size, 5000 * PAGE_BYTES)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(entry, 0)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(entry, USER_ADDRESS_MIN - 1)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(entry, USER_ADDRESS_END)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(entry, NONCANONICAL)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(entry, KERNEL)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(entry, UINT64_MAX)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(stackBytes, 1)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(stackBytes, UINT64_MAX)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(stackBytes, LAST_PAGE)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(tlsBytes, UINT64_MAX)),
		ROW(ProcessBuilder, start, INVALID_ARGUMENT, N(tlsBytes, LAST_PAGE)),
	};

	RUN(rows);
}

#define LONG_NAME "a-name-of-thirty-two-characters!"
#define BAD_NAMES(interface, method)                                                               \
	ROW(interface, method, NAME_TOO_LONG, T(name, "")),                                        \
	    ROW(interface, method, NAME_TOO_LONG, T(name, LONG_NAME)),                             \
	    ROW(interface, method, NAME_TOO_LONG, T(name, "two words")),                           \
	    ROW(interface, method, NAME_TOO_LONG, T(name, "a\nline")),                             \
	    ROW(interface, method, NAME_TOO_LONG, T(name, "\x7f")),                                \
	    ROW(interface, method, NAME_TOO_LONG, T(name, "gr\xc3\xbc\x6e"))
#define NOT_TO_BE_COPIED(interface, method)                                                        \
	ROW(interface, method, TRANSFER_NOT_SUPPORTED, C(cap, NOTIFICATION)),                      \
	    ROW(interface, method, TRANSFER_NOT_SUPPORTED, C(cap, ENDPOINT)),                      \
	    ROW(interface, method, TRANSFER_NOT_SUPPORTED, C(cap, MACHINE_CONTROL)),               \
	    ROW(interface, method, TRANSFER_NOT_SUPPORTED, C(cap, INTERRUPT)),                     \
	    ROW(interface, method, TRANSFER_NOT_SUPPORTED, C(cap, VIRTUAL_MEMORY)),                \
	    ROW(interface, method, TRANSFER_NOT_SUPPORTED, C(cap, PROCESS_BUILDER))

TEST(grants_and_names_that_are_none)
{
	static const struct row rows[] = {
		BAD_NAMES(ProcessFactory, create),
		BAD_NAMES(ProcessBuilder, grant),
		BAD_NAMES(ProcessBuilder, grantLocal),
		BAD_NAMES(CapabilityManager, grant),
		NOT_TO_BE_COPIED(ProcessBuilder, grant),
		NOT_TO_BE_COPIED(CapabilityManager, grant),
		ROW(CapabilityManager, grant, NAME_IN_USE, T(name, "timer")),
		ROW(CapabilityManager, revoke, NOT_FOUND, N(grant, 0)),
		ROW(CapabilityManager, revoke, NOT_FOUND, N(grant, 2)),
		ROW(CapabilityManager, revoke, NOT_FOUND, N(grant, (UINT64_C(1) << 32) + 1)),
		ROW(CapabilityManager, revoke, NOT_FOUND, N(grant, UINT64_MAX)),
		ROW(ProcessBuilder, grantLocal, INVALID_ARGUMENT, N(interfaceId, 0)),
		ROW(ProcessBuilder, grantLocal, INVALID_ARGUMENT,
		    N(interfaceId, MEMORY_OBJECT_INTERFACE_ID)),
		ROW(ProcessBuilder, grantLocal, INVALID_ARGUMENT,
		    N(interfaceId, VIRTUAL_MEMORY_INTERFACE_ID)),
		ROW(Endpoint, client, INVALID_ARGUMENT, N(interfaceId, 0)),
		ROW(Endpoint, client, INVALID_ARGUMENT, N(interfaceId, MEMORY_OBJECT_INTERFACE_ID)),
		ROW(Endpoint, client, INVALID_ARGUMENT,
		    N(interfaceId, VIRTUAL_MEMORY_INTERFACE_ID)),
	};

	RUN(rows);
}

TEST(amounts_that_nobody_has)
{
	static const struct row rows[] = {
		ROW(FrameAllocator, alloc, INVALID_ARGUMENT, N(count, 0)),
		ROW(FrameAllocator, alloc, INVALID_ARGUMENT, N(count, 4097)),
		ROW(FrameAllocator, alloc, INVALID_ARGUMENT, N(count, UINT32_MAX)),
		ROW(FrameAllocator, alloc, NO_MEMORY, N(count, 4096)),
		ROW(FrameAllocator, allocContiguous, INVALID_ARGUMENT, N(count, 0)),
		ROW(FrameAllocator, allocContiguous, INVALID_ARGUMENT, N(count, 1025)),
		ROW(FrameAllocator, allocContiguous, INVALID_ARGUMENT, N(count, UINT32_MAX)),
		ROW(Funding, reduce, INVALID_ARGUMENT, N(amounts.framePages, 3)),
		ROW(Funding, reduce, INVALID_ARGUMENT, N(amounts.framePages, UINT64_MAX)),
		ROW(Funding, reduce, INVALID_ARGUMENT, N(amounts.capSlots, 1)),
		ROW(Funding, reduce, INVALID_ARGUMENT, N(amounts.outstandingCalls, 1)),
		ROW(Ledger, fund, QUOTA_EXCEEDED, N(amounts.framePages, 1001)),
		ROW(Ledger, fund, QUOTA_EXCEEDED, N(amounts.framePages, 1),
		    N(amounts.capSlots, 1001)),
		ROW(Ledger, fund, INVALID_ARGUMENT, N(amounts.framePages, UINT64_MAX)),
		ROW(Ledger, fund, INVALID_ARGUMENT, N(amounts.kernelBytes, UINT64_MAX)),
		ROW(BootPackage, readManifest, INVALID_ARGUMENT, N(maxBytes, 15 * 1024 + 1)),
		ROW(BootPackage, readManifest, INVALID_ARGUMENT, N(maxBytes, UINT32_MAX)),
		ROW(MachineControl, halt, INVALID_ARGUMENT, N(code, 101)),
		ROW(MachineControl, halt, INVALID_ARGUMENT, N(code, 255)),
	};

	RUN(rows);
}

TEST(bits_and_taps_that_are_none)
{
	static const struct row rows[] = {
		ROW(Interrupt, notify, INVALID_ARGUMENT, N(mask, 0)),
		ROW(Notification, limitedSignaller, INVALID_ARGUMENT, N(mask, 0)),
		ROW(Timer, alarm, INVALID_ARGUMENT, N(mask, 0)),
		ROW(Signaller of some bits, signal, INVALID_ARGUMENT, N(mask, 2)),
		ROW(Signaller of some bits, signal, INVALID_ARGUMENT, N(mask, 3)),
		ROW(Signaller of some bits, signal, INVALID_ARGUMENT, N(mask, UINT64_MAX)),
		ROW(TapFactory, create, INVALID_ARGUMENT, N(mask, 0)),
		ROW(PayloadTapFactory, create, INVALID_ARGUMENT, N(mask, 0)),
		ROW(PayloadTapFactory, create, INVALID_ARGUMENT, N(payloadMax, 0)),
		ROW(PayloadTapFactory, create, INVALID_ARGUMENT, N(payloadMax, 7)),
		ROW(PayloadTapFactory, create, INVALID_ARGUMENT, N(payloadMax, 8192)),
		ROW(PayloadTapFactory, create, INVALID_ARGUMENT, N(payloadMax, UINT32_MAX - 7)),
		ROW(PayloadTapFactory, create, INVALID_ARGUMENT, N(payloadMax, UINT32_MAX)),
	};

	RUN(rows);
}

/* What it made runs: there is nothing left to build. */
TEST(a_builder_that_has_started_does_nothing_more)
{
	const struct gallery_kind *kind = kind_named("ProcessBuilder");
	uint32_t methods = reflect_interface_find(kind->interface_id)->method_count;

	for (uint32_t method = 0; method < methods; method++) {
		struct method_call call;

		method_call_start(&call, kind, PROCESS_BUILDER_METHOD_START);
		CHECK_EQ(method_call_run(&call).status, CAP_OK);
		method_call_select(&call, (uint16_t)method);
		method_check_refused(&call, "after the start", CAP_ERR_WRONG_STATE);
	}
}

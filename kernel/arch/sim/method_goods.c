/* SPDX-License-Identifier: Apache-2.0 */
/* What each method of the kernel accepts; see method_call.h. */
#include <abi/start.h>
#include <schema/ledger.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/notification.capnp.h>
#include <schema/process.capnp.h>
#include <schema/tap.capnp.h>
#include <schema/timer.capnp.h>

#include "arch/sim/method_call.h"

#define NUMBER(name, value) { .path = (name), .number = (value) }
#define BYTES(name, text) { .path = (name), .bytes = (text) }
#define CAP(name, interface) { .path = (name), .interface_id = interface##_INTERFACE_ID }
#define NEVER (UINT64_MAX / 2)
#define PLACE(name) NUMBER(name, METHOD_PLACE)
#define SIZE NUMBER("size", 2 * PAGE_BYTES)
#define ONE_PAGE NUMBER("size", PAGE_BYTES)
#define WRITABLE NUMBER("protection", PROTECTION_READ_WRITE)

static const struct method_good goods[] = {
	{ "Alarm.set", NULL, { NUMBER("deadlineNs", NEVER) } },
	{ "BootPackage.readManifest", NULL, { NUMBER("maxBytes", 16) } },
	{ "CapabilityManager.list", NULL, { NUMBER("after", 0) } },
	{ "CapabilityManager.revoke", NULL, { NUMBER("grant", 1) } },
	{ "CapabilityManager.grant", NULL, { BYTES("name", "more"), CAP("cap", TIMER) } },
	{ "Console.write", NULL, { BYTES("data", "bytes") } },
	{ "Console.writeLine", NULL, { BYTES("text", "line") } },
	{ "Endpoint.client", NULL, { NUMBER("interfaceId", METHOD_INTERFACE) } },
	{ "FrameAllocator.allocContiguous", NULL, { NUMBER("count", 1) } },
	{ "FrameAllocator.alloc", NULL, { NUMBER("count", 1) } },
	{ "Funding.reduce", NULL, { NUMBER("amounts.framePages", 1) } },
	{ "Interrupt.notify", NULL, { CAP("signaller", SIGNALLER), NUMBER("mask", 1) } },
	{ "KernelStats.pools", NULL, { NUMBER("first", 0) } },
	{ "KernelStats.ledgers", NULL, { NUMBER("afterPid", 0) } },
	{ "Ledger.divide", NULL, { NUMBER("limits.framePages", 1) } },
	{ "Ledger.fund", NULL, { NUMBER("amounts.framePages", 1) } },
	{ "MachineControl.halt", NULL, { NUMBER("code", 0) } },
	{ "MemoryObject.map", NULL, { SIZE, PLACE("hint"), WRITABLE } },
	{ "MemoryObject.unmap", "map", { PLACE("address"), ONE_PAGE } },
	{ "MemoryObject.protect", "map", { PLACE("address"), ONE_PAGE, NUMBER("protection", 1) } },
	{ "Notification.poll", NULL, { NUMBER("mask", 1) } },
	{ "Notification.limitedSignaller", NULL, { NUMBER("mask", 1) } },
	{ "PayloadTapFactory.create", NULL,
	    { CAP("buffer", MEMORY_OBJECT), NUMBER("payloadMax", 64), CAP("signaller", SIGNALLER),
		NUMBER("mask", 1) } },
	{ "ProcessBuilder.map", NULL,
	    { CAP("memory", MEMORY_OBJECT), ONE_PAGE, NUMBER("address", USER_IMAGE_BASE),
		NUMBER("protection", PROTECTION_READ) } },
	{ "ProcessBuilder.mapCopy", NULL,
	    { CAP("memory", MEMORY_OBJECT), NUMBER("copyBytes", 100), ONE_PAGE,
		NUMBER("address", USER_IMAGE_BASE), WRITABLE } },
	{ "ProcessBuilder.grant", NULL, { BYTES("name", "it"), CAP("cap", TIMER) } },
	{ "ProcessBuilder.grantLocal", NULL,
	    { BYTES("name", "it"), NUMBER("source", LOCAL_SOURCE_ENDPOINT),
		NUMBER("interfaceId", METHOD_INTERFACE) } },
	{ "ProcessBuilder.start", NULL, { NUMBER("entry", USER_IMAGE_BASE) } },
	{ "ProcessBuilder.tap", NULL, { CAP("tap", RING_TAP) } },
	{ "ProcessFactory.create", NULL,
	    { BYTES("name", "made"), NUMBER("limits.framePages", 100) } },
	{ "ProcessFactory.within", NULL, { CAP("ledger", LEDGER) } },
	{ "RingTap.attach", NULL, { CAP("process", PROCESS_HANDLE) } },
	{ "RingTap.detach", "attach", { { 0 } } },
	{ "Signaller.signal", NULL, { NUMBER("mask", 1) } },
	{ "TapFactory.create", NULL,
	    { CAP("buffer", MEMORY_OBJECT), CAP("signaller", SIGNALLER), NUMBER("mask", 1) } },
	{ "Timer.sleepUntil", NULL, { NUMBER("deadlineNs", NEVER) } },
	{ "Timer.alarm", NULL, { CAP("signaller", SIGNALLER), NUMBER("mask", 1) } },
	{ "VirtualMemory.map", NULL, { PLACE("hint"), SIZE, WRITABLE } },
	{ "VirtualMemory.unmap", "map", { PLACE("address"), ONE_PAGE } },
	{ "VirtualMemory.protect", "map", { PLACE("address"), ONE_PAGE, NUMBER("protection", 1) } },
	{ "VirtualMemory.reserve", NULL, { PLACE("hint"), SIZE } },
	{ "VirtualMemory.commit", "reserve", { PLACE("address"), ONE_PAGE, WRITABLE } },
	{ "VirtualMemory.decommit", "map", { PLACE("address"), ONE_PAGE } },
};

const struct method_good *
method_good_find(const struct reflect_interface *interface, const struct reflect_method *method)
{
	size_t length = strlen(interface->name);

	for (size_t i = 0; i < sizeof(goods) / sizeof(goods[0]); i++)
		if (strncmp(goods[i].name, interface->name, length) == 0 &&
		    goods[i].name[length] == '.' &&
		    strcmp(goods[i].name + length + 1, method->name) == 0)
			return &goods[i];
	return NULL;
}

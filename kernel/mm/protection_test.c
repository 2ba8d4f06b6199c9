/* SPDX-License-Identifier: Apache-2.0 */
/* Each protection that a program asks for is what its pages have: never writable and executable. */
#include <schema/memory.capnp.h>

#include "arch/page_table.h"
#include "arch/sim/method_call.h"
#include "mm/address_space_internal.h"
#include "mm/user_copy.h"

static const struct {
	enum protection asked;
	enum page_access given;
} protections[] = {
	{ PROTECTION_NONE, PAGE_ACCESS_NONE },
	{ PROTECTION_READ, PAGE_ACCESS_READ },
	{ PROTECTION_READ_WRITE, PAGE_ACCESS_WRITE },
	{ PROTECTION_READ_EXECUTE, PAGE_ACCESS_EXECUTE },
};

#define PROTECTIONS (sizeof(protections) / sizeof(protections[0]))

/* The method with each protection, at METHOD_PLACE: what the page's entry says then. */
static void
check_method(uint64_t interface_id, uint16_t method)
{
	for (size_t i = 0; i < PROTECTIONS; i++) {
		const struct method_param changes[] = {
			{ .path = "protection", .number = protections[i].asked }, { 0 }
		};
		struct method_call call;
		const uint64_t *entry;

		method_call_start(&call, gallery_find(interface_id), method);
		method_call_build(&call, changes);
		CHECK_EQ(method_call_run(&call).status, CAP_OK);
		entry = page_entry_find(call.process->process->space, METHOD_PLACE);
		CHECK(entry != NULL && arch_pte_is_used(*entry));
		CHECK_EQ(arch_pte_access(*entry), protections[i].given);
		CHECK_EQ(user_check_writable(call.process->process->space, METHOD_PLACE, 1),
		    protections[i].asked == PROTECTION_READ_WRITE ? CAP_OK
								  : CAP_ERR_INVALID_BUFFER);
	}
}

TEST(pages_have_the_protection_that_was_asked_for)
{
	check_method(VIRTUAL_MEMORY_INTERFACE_ID, VIRTUAL_MEMORY_METHOD_MAP);
	check_method(VIRTUAL_MEMORY_INTERFACE_ID, VIRTUAL_MEMORY_METHOD_PROTECT);
	check_method(VIRTUAL_MEMORY_INTERFACE_ID, VIRTUAL_MEMORY_METHOD_COMMIT);
	check_method(MEMORY_OBJECT_INTERFACE_ID, MEMORY_OBJECT_METHOD_MAP);
	check_method(MEMORY_OBJECT_INTERFACE_ID, MEMORY_OBJECT_METHOD_PROTECT);
}

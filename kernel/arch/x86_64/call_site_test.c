/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses behind call instructions are told from others. */
#include "call_site.h"

#include <string.h>

#include "base/test.h"

struct code {
	uint8_t bytes[CALL_BYTES_MAX];
	uint8_t length;
};

static bool
ends_in_call(const struct code *code)
{
	uint8_t text[CALL_BYTES_MAX];

	memset(text, 0x90, sizeof(text));
	memcpy(text + sizeof(text) - code->length, code->bytes, code->length);
	return is_behind_call(text + sizeof(text));
}

TEST(every_form_of_a_call_is_seen)
{
	static const struct code calls[] = {
		{ { 0xe8, 0x12, 0x34, 0x56, 0x78 }, 5 }, { { 0xff, 0xd0 }, 2 }, /* call *%rax */
		{ { 0x41, 0xff, 0xd3 }, 3 },					/* call *%r11 */
		{ { 0xff, 0x10 }, 2 },						/* call *(%rax) */
		{ { 0xff, 0x50, 0x18 }, 3 },					/* call *24(%rax) */
		{ { 0xff, 0x14, 0xc5 }, 3 },					/* with an index */
		{ { 0xff, 0x54, 0x24, 0x08 }, 4 },				/* call *8(%rsp) */
		{ { 0xff, 0x15, 0, 0x10, 0, 0 }, 6 },				/* call *x(%rip) */
		{ { 0xff, 0x90, 0, 0x10, 0, 0 }, 6 },	    /* call *4096(%rax) */
		{ { 0xff, 0x94, 0xc0, 0, 0x10, 0, 0 }, 7 }, /* with both */
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		CHECK(ends_in_call(&calls[i]));
}

TEST(other_instructions_are_no_calls)
{
	static const struct code others[] = {
		{ { 0x90 }, 1 }, { { 0xe9, 0x12, 0x34, 0x56, 0x78 }, 5 }, /* jmp */
		{ { 0xff, 0xe0 }, 2 },					  /* jmp *%rax */
		{ { 0xff, 0xc0 }, 2 },					  /* inc %eax */
		{ { 0xff, 0x70, 0x18 }, 3 },				  /* push 24(%rax) */
		{ { 0xff, 0x25, 0, 0x10, 0, 0 }, 6 },			  /* jmp *x(%rip) */
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK(!ends_in_call(&others[i]));
}

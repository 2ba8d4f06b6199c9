/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Is an address one that a call instruction returns to? (Intel SDM volume 2, CALL: E8 with 4 bytes,
 * or FF /2 with a register or memory operand.) Pure code, tested on the host.
 */
#include "base/types.h"

#define CALL_BYTES_MAX 7 /* that are looked at in front of the address */

static inline bool
is_behind_call(const uint8_t *code)
{
	/* The length of the instruction follows from the byte behind FF. */
	static const struct {
		uint8_t bytes;
		uint8_t mask;
		uint8_t value;
	} forms[] = {
		{ 2, 0xf8, 0xd0 }, /* a register */
		{ 2, 0xf8, 0x10 }, /* memory at a register */
		{ 3, 0xff, 0x14 }, /* with an index */
		{ 3, 0xf8, 0x50 }, /* and 8 bits */
		{ 4, 0xff, 0x54 },
		{ 6, 0xff, 0x15 }, /* and 32 bits */
		{ 6, 0xf8, 0x90 },
		{ 7, 0xff, 0x94 },
	};

	if (code[-5] == 0xe8)
		return true;
	for (uint32_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const uint8_t *start = code - forms[i].bytes;

		if (start[0] == 0xff && (start[1] & forms[i].mask) == forms[i].value)
			return true;
	}
	return false;
}

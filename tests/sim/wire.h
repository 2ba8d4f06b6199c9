/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Messages written by hand, byte by byte from the encoding's definition: one segment, a root struct
 * of at most a few data words and one pointer. The runtime's own builder is part of what is tested.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_BYTES_MAX 512

struct wire {
	size_t bytes;
	uint8_t message[WIRE_BYTES_MAX];
};

/* A struct of `data_words` words; `data` may be NULL. */
struct wire wire_struct(const uint64_t *data, uint32_t data_words);
/* A struct whose only field is capability 0 of the message. */
struct wire wire_capability(void);
/* A CapException; `reason` NULL: none. */
struct wire wire_exception(uint16_t type, int32_t status, const char *reason);

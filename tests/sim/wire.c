/* SPDX-License-Identifier: Apache-2.0 */
/* Messages written by hand: see wire.h. */
#include "wire.h"

#include <string.h>

#define POINTER_CAPABILITY 3
#define POINTER_LIST 1
#define LIST_OF_BYTES 2

static void
word_add(struct wire *wire, uint64_t word)
{
	memcpy(&wire->message[wire->bytes], &word, sizeof(word));
	wire->bytes += sizeof(word);
}

/* Segment table and root pointer; the struct follows. */
static struct wire
begin(uint32_t data_words, uint32_t pointers, uint32_t words_behind)
{
	struct wire wire = { 0 };
	/* An empty struct's pointer points at itself, so that it is not null. */
	uint64_t offset = data_words + pointers == 0 ? UINT32_C(0xfffffffc) : 0;

	word_add(&wire, (uint64_t)(1 + data_words + pointers + words_behind) << 32);
	word_add(&wire, offset | (uint64_t)data_words << 32 | (uint64_t)pointers << 48);
	return wire;
}

struct wire
wire_struct(const uint64_t *data, uint32_t data_words)
{
	struct wire wire = begin(data_words, 0, 0);

	for (uint32_t i = 0; i < data_words; i++)
		word_add(&wire, data[i]);
	return wire;
}

struct wire
wire_capability(void)
{
	struct wire wire = begin(0, 1, 0);

	word_add(&wire, POINTER_CAPABILITY);
	return wire;
}

struct wire
wire_exception(uint16_t type, int32_t status, const char *reason)
{
	uint64_t data = type | (uint64_t)(uint32_t)status << 32;
	size_t text_bytes = reason == NULL ? 0 : strlen(reason) + 1;
	uint32_t text_words = (uint32_t)(text_bytes + 7) / 8;
	struct wire wire = begin(1, 1, text_words);

	word_add(&wire, data);
	word_add(&wire,
	    reason == NULL
		? 0
		: POINTER_LIST | (uint64_t)LIST_OF_BYTES << 32 | (uint64_t)text_bytes << 35);
	if (reason != NULL)
		memcpy(&wire.message[wire.bytes], reason, text_bytes);
	wire.bytes += (size_t)text_words * 8;
	return wire;
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The bits of a pointer word ("Encoding Spec", sections Structs, Lists, Inter-Segment Pointers,
 * Capabilities).
 */
#include <string.h>

#include "message.h"

enum capnp_pointer_kind {
	CAPNP_POINTER_STRUCT = 0,
	CAPNP_POINTER_LIST = 1,
	CAPNP_POINTER_FAR = 2,
	CAPNP_POINTER_OTHER = 3,
};

static inline uint64_t
capnp_load(const uint8_t *word)
{
	uint64_t value;

	memcpy(&value, word, sizeof(value));
	return value;
}

/* Segment tables are made of half words. */
static inline uint32_t
capnp_load_half(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

static inline void
capnp_store(uint8_t *word, uint64_t value)
{
	memcpy(word, &value, sizeof(value));
}

static inline enum capnp_pointer_kind
capnp_pointer_kind(uint64_t word)
{
	return (enum capnp_pointer_kind)(word & 3);
}

/* Struct and list pointers: words from the end of the pointer to the content. */
static inline int32_t
capnp_pointer_offset(uint64_t word)
{
	return (int32_t)(uint32_t)word >> 2;
}

static inline uint32_t
capnp_struct_data_words(uint64_t word)
{
	return (uint32_t)(word >> 32) & 0xffff;
}

static inline uint32_t
capnp_struct_pointers(uint64_t word)
{
	return (uint32_t)(word >> 48);
}

static inline enum capnp_element
capnp_list_element(uint64_t word)
{
	return (enum capnp_element)((word >> 32) & 7);
}

/* Elements; of a struct list the words of its content without the tag. */
static inline uint32_t
capnp_list_count(uint64_t word)
{
	return (uint32_t)(word >> 35);
}

static inline bool
capnp_far_is_double(uint64_t word)
{
	return (word & 4) != 0;
}

static inline uint32_t
capnp_far_offset(uint64_t word)
{
	return (uint32_t)word >> 3;
}

static inline uint32_t
capnp_far_segment(uint64_t word)
{
	return (uint32_t)(word >> 32);
}

static inline uint64_t
capnp_make_struct(int64_t offset, uint32_t data_words, uint32_t pointers)
{
	return (uint32_t)((uint64_t)offset << 2) | (uint64_t)data_words << 32 |
	    (uint64_t)pointers << 48;
}

static inline uint64_t
capnp_make_list(int64_t offset, enum capnp_element element, uint32_t count)
{
	return (uint32_t)((uint64_t)offset << 2) | CAPNP_POINTER_LIST | (uint64_t)element << 32 |
	    (uint64_t)count << 35;
}

static inline uint64_t
capnp_make_far(bool is_double, uint32_t offset, uint32_t segment)
{
	return (uint64_t)offset << 3 | (uint64_t)is_double << 2 | CAPNP_POINTER_FAR |
	    (uint64_t)segment << 32;
}

static inline uint64_t
capnp_make_cap(uint32_t index)
{
	return CAPNP_POINTER_OTHER | (uint64_t)index << 32;
}

/* Bits of one element; 0 for void and for structs. */
static inline uint32_t
capnp_element_bits(enum capnp_element element)
{
	static const uint8_t bits[8] = { 0, 1, 8, 16, 32, 64, 64, 0 };

	return bits[element & 7];
}

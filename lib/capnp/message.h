/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What readers and builders of Cap'n Proto messages share: limits, errors, capabilities, text and
 * data. The encoding is specified by the Cap'n Proto project ("Encoding Spec"); words are 8 bytes,
 * little endian.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CAPNP_WORD_BYTES 8
#define CAPNP_SEGMENTS_MAX 16
#define CAPNP_DEPTH_MAX 32 /* of nested pointers */
#define CAPNP_CAPS_MAX 8   /* in one message */
#define CAPNP_MESSAGE_WORDS_MAX (UINT32_C(1) << 29)

/* For what is kept off the straight path. */
#define CAPNP_RARELY(condition) __builtin_expect((condition), 0)

enum capnp_error {
	CAPNP_OK,
	CAPNP_ERROR_FRAME,     /* the segment table is not one, or disagrees with the size */
	CAPNP_ERROR_BOUNDS,    /* a pointer leaves its segment */
	CAPNP_ERROR_SEGMENT,   /* a far pointer names no segment, or its landing pad is no pad */
	CAPNP_ERROR_KIND,      /* a pointer of another kind than the schema says */
	CAPNP_ERROR_DEPTH,     /* nested too deeply */
	CAPNP_ERROR_TRAVERSAL, /* reads more than the limit: pointers that share what they point to
				*/
	CAPNP_ERROR_TEXT,      /* a Text without its final NUL */
	CAPNP_ERROR_CAP,       /* a capability index without a capability */
	CAPNP_ERROR_SPACE,     /* no room in the builder's buffer, or too many capabilities */
	CAPNP_ERROR_PACKED,    /* the packed form ends in the middle */
};

const char *capnp_error_name(enum capnp_error error);

struct capnp_text {
	const char *data; /* `size` bytes without the final NUL */
	uint32_t size;
};

struct capnp_data {
	const uint8_t *data;
	uint32_t size;
};

#define CAPNP_TEXT(literal) ((struct capnp_text){ (literal), sizeof(literal) - 1 })

struct capnp_text capnp_text_from_string(const char *string);

/* The element sizes of list pointers, with their encoded numbers. */
enum capnp_element {
	CAPNP_ELEMENT_VOID = 0,
	CAPNP_ELEMENT_BIT = 1,
	CAPNP_ELEMENT_1 = 2,
	CAPNP_ELEMENT_2 = 3,
	CAPNP_ELEMENT_4 = 4,
	CAPNP_ELEMENT_8 = 5,
	CAPNP_ELEMENT_POINTER = 6,
	CAPNP_ELEMENT_STRUCT = 7,
};

/* How a capability travels; the numbers are those of enum cap_transfer_mode in abi/ring.h. */
enum capnp_cap_mode {
	CAPNP_CAP_HOLE = 0,
	CAPNP_CAP_COPY = 1,
	CAPNP_CAP_MOVE = 2,
};

struct capnp_cap {
	uint64_t cap_id;       /* zero: null */
	uint64_t interface_id; /* zero where it is not known */
	uint8_t mode;	       /* enum capnp_cap_mode; of a received capability: COPY */
};

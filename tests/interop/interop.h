/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Random messages of a schema that uses every feature, built, read and compared by the schema's
 * reflection tables and by the accessors that were generated: what the differential test against
 * the stock tool is made of.
 */
#include <capnp/builder.h>
#include <capnp/reflect_value.h>
#include <stdint.h>
#include <stdio.h>

#define INTEROP_KINDS 20
#define MESSAGE_BYTES_MAX (1 << 24)

/* Everything of features.capnp. */
extern const struct reflect_struct reflect_struct_ba1b2c3d4e5f6073;

/* What a message went through before it is compared with the original. */
enum interop_way {
	INTEROP_BINARY,
	INTEROP_COPY,	    /* read and built by generated accessors */
	INTEROP_OUR_TEXT,   /* our printer, the stock tool's parser */
	INTEROP_STOCK_TEXT, /* the stock tool's printer, our parser */
};

/* How two messages are compared, and a number of each feature that was seen. */
struct interop_comparison {
	enum interop_way way;
	uint64_t fields[INTEROP_KINDS]; /* by kind; lists by what they hold */
	uint64_t lists[INTEROP_KINDS];
	uint64_t groups;
	uint64_t union_members;
	uint64_t defaults; /* fields that had their default value although it is not zero */
	uint64_t far_pointers;
	/* What text cannot carry; what came is checked all the same. */
	uint64_t nans;	  /* all are one in text */
	uint64_t rounded; /* Float32 that the stock tool prints with too few digits */
	uint64_t nulls;	  /* empty in text */
};

struct random {
	uint64_t state;
	/* Only what text carries whole: no nan, no digits that the stock tool rounds, nothing that
	 * becomes empty. */
	bool is_plain;
};

uint64_t random_next(struct random *random);
/* Below `limit`, which is not 0. */
uint64_t random_below(struct random *random, uint64_t limit);

/* Fill an allocated struct with random values, at most `depth` levels deep. */
void interop_fill(struct random *random, const struct reflect_struct *type,
    struct capnp_struct_builder to, uint32_t depth);

/* True if `other` is what has to come of `one` on its way; counts what was seen. The first
 * difference is named on standard error. */
bool interop_equal(const struct reflect_struct *type, struct capnp_struct one,
    struct capnp_struct other, struct interop_comparison *comparison);

/* The next framed message of a file; its size, 0 at the end. */
size_t interop_read_message(FILE *file, uint8_t bytes[MESSAGE_BYTES_MAX]);
/* A message of one segment. False, told on standard error, if building it failed. */
bool interop_write_message(FILE *file, struct capnp_builder *builder, const void *bytes);

/* Messages to text, a line each, and back. False after an error, told on standard error. */
bool interop_print_messages(FILE *from, FILE *to);
bool interop_parse_messages(FILE *from, FILE *to);
/* The same text by the accessors that were generated; with `reads_defaults` pointers that are not
 * set are shown as the values that they read as. */
bool interop_print_typed_messages(FILE *from, FILE *to, bool reads_defaults);
/* Each message, read and built by the accessors that were generated. */
bool interop_copy_messages(FILE *from, FILE *to);
/* A line of text, `#`, `(` and `)` in strings escaped: the stock tool takes them for comments and
 * ends of messages. */
void interop_write_line(FILE *to, const char *text, size_t size);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Random messages of a schema that uses every feature, built, read and compared by the schema's
 * reflection tables: what the differential test against the stock tool is made of.
 */
#include <capnp/builder.h>
#include <capnp/reflect_value.h>
#include <stdint.h>

#define INTEROP_KINDS 20
#define MESSAGE_BYTES_MAX (1 << 24)

/* Everything of features.capnp. */
extern const struct reflect_struct reflect_struct_ba1b2c3d4e5f6073;

/* A number of each feature that was seen. */
struct interop_counts {
	uint64_t fields[INTEROP_KINDS]; /* by kind; lists by what they hold */
	uint64_t lists[INTEROP_KINDS];
	uint64_t groups;
	uint64_t union_members;
	uint64_t defaults; /* fields that had their default value although it is not zero */
	uint64_t far_pointers;
};

struct random {
	uint64_t state;
};

uint64_t random_next(struct random *random);
/* Below `limit`, which is not 0. */
uint64_t random_below(struct random *random, uint64_t limit);

/* Fill an allocated struct with random values, at most `depth` levels deep. */
void interop_fill(struct random *random, const struct reflect_struct *type,
    struct capnp_struct_builder to, uint32_t depth);

/* True if both read the same; counts what was seen. The first difference is named on standard
 * error. */
bool interop_equal(const struct reflect_struct *type, struct capnp_struct one,
    struct capnp_struct other, struct interop_counts *counts);

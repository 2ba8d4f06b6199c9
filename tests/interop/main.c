/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interop-messages generate SEED COUNT DEPTH > FILE  framed random messages
 * interop-messages generate-plain SEED COUNT DEPTH   only what text carries whole
 * interop-messages compare WAY FILE OTHER            both files hold the same messages; prints a
 *                                                    count for each feature. WAY is what was done:
 *                                                    binary, copy, our-text, stock-text
 * interop-messages mutate SEED COUNT < FILE          damaged messages are read whole: an error or a
 *                                                    value, nothing else
 * interop-messages pack < FILE > PACKED              the packed form of each message
 * interop-messages unpack < PACKED > FILE
 * interop-messages print < FILE > TEXT               by reflection, a line each
 * interop-messages parse < TEXT > FILE
 * interop-messages print-typed < FILE > TEXT         by generated accessors
 * interop-messages print-defaults < FILE > TEXT      pointers that are not set as what they read as
 * interop-messages copy < FILE > COPY                read and built by generated accessors
 */
#include <capnp/packed.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "interop.h"

#define SEGMENTS 8
#define UNPACK_BYTES_MAX (1 << 28)

static const struct reflect_struct *const root_type = &reflect_struct_ba1b2c3d4e5f6073;
static _Alignas(8) uint8_t segment_memory[SEGMENTS][MESSAGE_BYTES_MAX / SEGMENTS];

/* The framed form; segments that were too small for anything are empty, and stand between others.
 */
static void
write_message(struct capnp_builder *builder, const struct capnp_builder_segment *segments)
{
	uint32_t table[SEGMENTS + 2] = { 0 };
	uint32_t used = 0;

	if (capnp_builder_error(builder) != CAPNP_OK) {
		fprintf(stderr, "generate: %s\n", capnp_error_name(capnp_builder_error(builder)));
		exit(1);
	}
	for (uint32_t i = 0; i < SEGMENTS; i++)
		if (segments[i].used_words != 0)
			used = i + 1;
	table[0] = used - 1;
	for (uint32_t i = 0; i < used; i++)
		table[i + 1] = segments[i].used_words;
	fwrite(table, 4, (used + 2) & ~1U, stdout);
	for (uint32_t i = 0; i < used; i++)
		fwrite(segments[i].words, 8, segments[i].used_words, stdout);
}

/* One segment, or several small ones: then pointers have to go far. */
static void
generate_one(struct random *random, uint32_t depth)
{
	struct capnp_builder_segment segments[SEGMENTS];
	bool is_split = random_below(random, 2) != 0;
	struct capnp_builder builder;

	for (uint32_t i = 0; i < SEGMENTS; i++) {
		uint32_t words = (uint32_t)sizeof(segment_memory[i]) / 8;

		if (is_split && i + 1 < SEGMENTS)
			words = 40 + (uint32_t)random_below(random, 60);
		segments[i] = (struct capnp_builder_segment){ segment_memory[i], words, 0 };
	}
	capnp_builder_init_segments(&builder, segments, SEGMENTS);
	interop_fill(random, root_type,
	    capnp_builder_root(&builder, root_type->data_words, root_type->pointer_count, 0),
	    depth);
	write_message(&builder, segments);
}

static bool
print_counts(const struct interop_comparison *counts)
{
	static const char *const names[] = { "Void", "Bool", "Int8", "Int16", "Int32", "Int64",
		"UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64", "Text", "Data", "List",
		"Enum", "Struct" };
	bool complete = true;

	for (uint32_t kind = 0; kind < sizeof(names) / sizeof(names[0]); kind++) {
		bool has_list = kind < REFLECT_UINT8 || kind > REFLECT_UINT64;

		printf("%-8s %8llu fields %8llu in lists\n", names[kind],
		    (unsigned long long)counts->fields[kind],
		    (unsigned long long)counts->lists[kind]);
		complete &= counts->fields[kind] != 0 && (counts->lists[kind] != 0 || !has_list);
	}
	printf("groups %llu, unions %llu, defaults %llu, several segments %llu\n",
	    (unsigned long long)counts->groups, (unsigned long long)counts->union_members,
	    (unsigned long long)counts->defaults, (unsigned long long)counts->far_pointers);
	printf("not in text: %llu bits of nan, %llu digits of Float32, %llu empty pointers\n",
	    (unsigned long long)counts->nans, (unsigned long long)counts->rounded,
	    (unsigned long long)counts->nulls);
	return complete && counts->groups != 0 && counts->union_members != 0 &&
	    counts->defaults != 0 && counts->far_pointers != 0;
}

static int
compare(FILE *one, FILE *other, enum interop_way way)
{
	static _Alignas(8) uint8_t bytes[2][MESSAGE_BYTES_MAX];
	struct interop_comparison comparison = { .way = way };
	uint64_t messages = 0;

	for (;; messages++) {
		size_t size = interop_read_message(one, bytes[0]);
		size_t other_size = interop_read_message(other, bytes[1]);
		struct capnp_reader readers[2];

		if (size == 0 && other_size == 0)
			break;
		if (capnp_reader_init(&readers[0], bytes[0], size) != CAPNP_OK ||
		    capnp_reader_init(&readers[1], bytes[1], other_size) != CAPNP_OK ||
		    !interop_equal(root_type, capnp_reader_root(&readers[0]),
			capnp_reader_root(&readers[1]), &comparison) ||
		    readers[0].error != CAPNP_OK || readers[1].error != CAPNP_OK) {
			fprintf(stderr, "message %llu differs\n", (unsigned long long)messages);
			return 1;
		}
		comparison.far_pointers += readers[0].segment_count > 1;
	}
	printf("%llu messages are the same\n", (unsigned long long)messages);
	return print_counts(&comparison) ? 0 : 1;
}

static int
mutate(uint64_t seed, uint64_t count)
{
	static _Alignas(8) uint8_t original[MESSAGE_BYTES_MAX];
	static _Alignas(8) uint8_t damaged[MESSAGE_BYTES_MAX];
	struct random random = { .state = seed };
	uint64_t errors = 0;
	uint64_t done = 0;
	size_t size;

	while (done < count && (size = interop_read_message(stdin, original)) != 0) {
		for (uint32_t round = 0; round < 20 && done < count; round++, done++) {
			struct interop_comparison comparison = { 0 };
			struct capnp_reader reader;

			memcpy(damaged, original, size);
			for (uint64_t i = 0; i <= random_below(&random, 4); i++)
				damaged[random_below(&random, size)] =
				    (uint8_t)random_next(&random);
			if (capnp_reader_init(&reader, damaged, size) != CAPNP_OK) {
				errors++;
				continue;
			}
			/* Compared with itself: everything that can be reached is read. */
			(void)interop_equal(root_type, capnp_reader_root(&reader),
			    capnp_reader_root(&reader), &comparison);
			errors += reader.error != CAPNP_OK;
		}
	}
	printf("%llu damaged messages read, %llu refused\n", (unsigned long long)done,
	    (unsigned long long)errors);
	return done == count && errors != 0 && errors != done ? 0 : 1;
}

static int
pack(void)
{
	static _Alignas(8) uint8_t bytes[MESSAGE_BYTES_MAX];
	static uint8_t packed[CAPNP_PACKED_BYTES_MAX(MESSAGE_BYTES_MAX)];
	size_t size;

	while ((size = interop_read_message(stdin, bytes)) != 0) {
		struct capnp_data message = { bytes, (uint32_t)size };
		size_t packed_size;

		if (capnp_pack(message, packed, sizeof(packed), &packed_size) != CAPNP_OK)
			return 1;
		fwrite(packed, 1, packed_size, stdout);
	}
	return 0;
}

/* The whole file at once: messages follow each other in the packed form as they do in the plain. */
static int
unpack(void)
{
	static uint8_t packed[UNPACK_BYTES_MAX];
	static uint8_t bytes[UNPACK_BYTES_MAX];
	struct capnp_data input = { packed, (uint32_t)fread(packed, 1, sizeof(packed), stdin) };
	size_t size;

	if (!feof(stdin) || capnp_unpack(input, bytes, sizeof(bytes), &size) != CAPNP_OK)
		return 1;
	fwrite(bytes, 1, size, stdout);
	return 0;
}

static int
generate(struct random random, uint64_t count, uint32_t depth)
{

	for (; count > 0; count--)
		generate_one(&random, depth);
	return 0;
}

/* What reads standard input and writes standard output. */
static int
run_filter(const char *name)
{
	if (strcmp(name, "pack") == 0)
		return pack();
	if (strcmp(name, "unpack") == 0)
		return unpack();
	if (strcmp(name, "print") == 0)
		return !interop_print_messages(stdin, stdout);
	if (strcmp(name, "parse") == 0)
		return !interop_parse_messages(stdin, stdout);
	if (strcmp(name, "print-typed") == 0)
		return !interop_print_typed_messages(stdin, stdout, false);
	if (strcmp(name, "print-defaults") == 0)
		return !interop_print_typed_messages(stdin, stdout, true);
	if (strcmp(name, "copy") == 0)
		return !interop_copy_messages(stdin, stdout);
	return 2;
}

static int
run_compare(const char *way, const char *path, const char *other_path)
{
	static const char *const ways[] = { [INTEROP_BINARY] = "binary",
		[INTEROP_COPY] = "copy",
		[INTEROP_OUR_TEXT] = "our-text",
		[INTEROP_STOCK_TEXT] = "stock-text" };
	FILE *one = fopen(path, "rb");
	FILE *other = fopen(other_path, "rb");

	for (uint32_t i = 0; one != NULL && other != NULL && i < sizeof(ways) / sizeof(ways[0]);
	    i++)
		if (strcmp(way, ways[i]) == 0)
			return compare(one, other, (enum interop_way)i);
	return 2;
}

int
main(int argument_count, char **arguments)
{
	const char *verb = argument_count < 2 ? "" : arguments[1];

	if (argument_count == 5 && strncmp(verb, "generate", strlen("generate")) == 0)
		return generate((struct random){ strtoull(arguments[2], NULL, 0),
				    strcmp(verb, "generate-plain") == 0 },
		    strtoull(arguments[3], NULL, 0), (uint32_t)strtoul(arguments[4], NULL, 0));
	if (argument_count == 5 && strcmp(verb, "compare") == 0)
		return run_compare(arguments[2], arguments[3], arguments[4]);
	if (argument_count == 4 && strcmp(verb, "mutate") == 0)
		return mutate(strtoull(arguments[2], NULL, 0), strtoull(arguments[3], NULL, 0));
	if (argument_count == 2)
		return run_filter(verb);
	fprintf(stderr, "usage: interop-messages generate|compare|mutate|... ...\n");
	return 2;
}

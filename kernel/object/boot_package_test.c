/* SPDX-License-Identifier: Apache-2.0 */
/* BootPackage: every part of the bytes, the end of them, and offsets that lie anywhere. */
#include <schema/boot.capnp.h>
#include <stdlib.h>
#include <string.h>

#include "arch/sim/world_call.h"
#include "base/test.h"
#include "object/permanent.h"

#define READ_BYTES_MAX (15 * 1024)
#define PACKAGE_BYTES (2 * READ_BYTES_MAX + 1234)

static struct world_process one;
static cap_id_t capability;
static struct world_call call;
static uint8_t package[PACKAGE_BYTES];

static void
start(const void *bytes, uint64_t byte_count)
{
	world_start();
	objects_init();
	for (uint32_t i = 0; i < sizeof(package); i++)
		package[i] = (uint8_t)(i * 7 + i / 251);
	boot_package_set(bytes, byte_count);
	one = world_process(NULL);
	capability = world_give(&one, boot_package_object(), 0);
}

static enum cap_status
read_part(uint64_t offset, uint32_t bytes_max)
{
	struct boot_package_read_manifest_params_builder params;

	world_call_begin(&call, &one, capability, BOOT_PACKAGE_METHOD_READ_MANIFEST);
	params = boot_package_read_manifest_params_init_root(&call.params);
	boot_package_read_manifest_params_set_offset(params, offset);
	boot_package_read_manifest_params_set_max_bytes(params, bytes_max);
	return world_call(&call);
}

static struct capnp_data
part(void)
{
	return boot_package_read_manifest_results_data(
	    boot_package_read_manifest_results_root(&call.results));
}

static uint64_t
size(void)
{
	world_call_begin(&call, &one, capability, BOOT_PACKAGE_METHOD_MANIFEST_SIZE);
	(void)boot_package_manifest_size_params_init_root(&call.params);
	CHECK_EQ(world_call(&call), CAP_OK);
	return boot_package_manifest_size_results_size(
	    boot_package_manifest_size_results_root(&call.results));
}

TEST(the_size_is_that_of_the_package)
{
	start(package, sizeof(package));
	CHECK_EQ(size(), sizeof(package));
	start(package, 1);
	CHECK_EQ(size(), 1);
}

TEST(all_parts_together_are_the_package)
{
	uint64_t at = 0;

	start(package, sizeof(package));
	while (at < sizeof(package)) {
		CHECK_EQ(read_part(at, READ_BYTES_MAX), CAP_OK);
		CHECK_EQ(part().size,
		    sizeof(package) - at < READ_BYTES_MAX ? sizeof(package) - at : READ_BYTES_MAX);
		CHECK_MEMORY(part().data, package + at, part().size);
		at += part().size;
	}
	CHECK_EQ(at, sizeof(package));
}

TEST(a_part_is_what_was_asked_for_and_ends_with_the_package)
{
	static const struct {
		uint64_t offset;
		uint32_t bytes_max;
		uint32_t expected;
	} cases[] = {
		{ 0, 0, 0 },
		{ 0, 1, 1 },
		{ 3, 17, 17 },
		{ PACKAGE_BYTES - 1, 1, 1 },
		{ PACKAGE_BYTES - 1, 2, 1 },
		{ PACKAGE_BYTES - 1, READ_BYTES_MAX, 1 },
		{ PACKAGE_BYTES, 1, 0 },
		{ PACKAGE_BYTES + 1, READ_BYTES_MAX, 0 },
		{ UINT64_MAX, 1, 0 },
		{ UINT64_MAX, READ_BYTES_MAX, 0 },
		{ UINT64_MAX - READ_BYTES_MAX + 1, READ_BYTES_MAX, 0 },
		{ UINT64_C(1) << 63, READ_BYTES_MAX, 0 },
		{ UINT64_C(1) << 32, READ_BYTES_MAX, 0 },
	};

	start(package, sizeof(package));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_EQ(read_part(cases[i].offset, cases[i].bytes_max), CAP_OK);
		CHECK_EQ(part().size, cases[i].expected);
		if (cases[i].expected != 0)
			CHECK_MEMORY(part().data, package + cases[i].offset, cases[i].expected);
	}
}

/* The sanitizer sees a byte that is read behind it. */
TEST(nothing_behind_the_package_is_read)
{
	uint8_t *exact = malloc(5);

	CHECK(exact != NULL);
	memset(exact, 0x5a, 5);
	start(exact, 5);
	for (uint64_t offset = 0; offset < 8; offset++)
		CHECK_EQ(read_part(offset, READ_BYTES_MAX), CAP_OK);
	CHECK_EQ(read_part(0, READ_BYTES_MAX), CAP_OK);
	CHECK_EQ(part().size, 5);
	CHECK_MEMORY(part().data, exact, 5);
	free(exact);
}

TEST(more_than_a_message_holds_is_refused)
{
	static const uint32_t bad[] = { READ_BYTES_MAX + 1, 16 * 1024, UINT32_MAX };

	start(package, sizeof(package));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ(read_part(0, bad[i]), CAP_ERR_INVALID_ARGUMENT);
		CHECK_EQ(read_part(UINT64_MAX, bad[i]), CAP_ERR_INVALID_ARGUMENT);
	}
}

TEST(an_answer_that_does_not_fit_is_refused_by_its_buffer)
{
	struct boot_package_read_manifest_params_builder params;

	start(package, sizeof(package));
	for (uint32_t room = 8; room < 32 + 40; room += 8) {
		world_call_begin(&call, &one, capability, BOOT_PACKAGE_METHOD_READ_MANIFEST);
		call.sqe.result_len = room;
		params = boot_package_read_manifest_params_init_root(&call.params);
		boot_package_read_manifest_params_set_max_bytes(params, 40);
		/* Frame, root and the pointer take three words. */
		CHECK_EQ(world_call(&call), room < 24 + 40 ? CAP_ERR_BUFFER_TOO_SMALL : CAP_OK);
	}
}

TEST(the_package_is_not_changed_by_who_reads_it)
{
	uint8_t copy[256];

	start(package, sizeof(package));
	memcpy(copy, package, sizeof(copy));
	CHECK_EQ(read_part(0, sizeof(copy)), CAP_OK);
	memset(call.result_words, 0, sizeof(copy));
	world_write(&one, WORLD_CALL_RESULTS, call.result_words, sizeof(copy));
	CHECK_MEMORY(package, copy, sizeof(copy));
}

TEST(a_method_that_does_not_exist_is_refused)
{
	start(package, sizeof(package));
	world_call_begin(&call, &one, capability, 2);
	CHECK_EQ(world_call(&call), CAP_ERR_UNIMPLEMENTED_METHOD);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Init from a boot package: what starts, and what is refused with the name of the field and no
 * frame lost. */
#include "boot/first_process.h"

#include <abi/start.h>
#include <core/fake_elf.h>
#include <schema/boot.capnp.h>
#include <string.h>

#include "arch/sim/world.h"
#include "base/test.h"
#include "mm/frame.h"
#include "object/permanent.h"
#include "proc/process.h"

#define PROGRAM_BYTES 0x1100
#define CAPS_MAX 4

struct plan_cap {
	const char *name;
	enum kernel_source_which which;
	uint16_t base;
	uint16_t count;
};

struct plan {
	uint32_t version;
	const char *binary;
	bool bad_program;
	uint32_t cap_count;
	struct plan_cap caps[CAPS_MAX];
	enum cap_status expected;
	const char *why; /* how the reason begins */
};

static _Alignas(8) uint8_t package[0x4000];

/* One executable segment of 0x100 bytes in the file, and two pages of memory. */
static void
make_program(uint8_t *file)
{
	static const struct fake_elf_segment segment = { FAKE_ELF_LOAD,
		FAKE_ELF_READ | FAKE_ELF_EXECUTE, 0x1000, USER_IMAGE_BASE, 0, 0x100, 0x1001, 0 };

	fake_elf_make(file, PROGRAM_BYTES, USER_IMAGE_BASE, &segment, 1);
	memset(file + 0x1000, 0x90, 0x100);
}

static void
make_source(struct kernel_source_builder source, const struct plan_cap *cap)
{
	struct kernel_source_io_ports_builder ports;

	switch (cap->which) {
	case KERNEL_SOURCE_WHICH_CONSOLE:
		kernel_source_set_console(source);
		break;
	case KERNEL_SOURCE_WHICH_VIRTUAL_MEMORY:
		kernel_source_set_virtual_memory(source);
		break;
	case KERNEL_SOURCE_WHICH_IO_PORTS:
		ports = kernel_source_init_io_ports(source);
		kernel_source_io_ports_set_base(ports, cap->base);
		kernel_source_io_ports_set_count(ports, cap->count);
		break;
	default:
		kernel_source_set_unspecified(source);
	}
}

static size_t
make_package(const struct plan *plan)
{
	struct capnp_builder builder;
	struct system_manifest_builder manifest;
	struct named_blob_builder blob;
	struct init_entry_builder init;
	struct init_cap_list_builder caps;
	uint8_t program[PROGRAM_BYTES];

	capnp_builder_init(&builder, package, sizeof(package));
	manifest = system_manifest_init_root(&builder);
	system_manifest_set_schema_version(manifest, plan->version);
	blob = named_blob_builder_at(system_manifest_init_binaries(manifest, 1), 0);
	named_blob_set_name(blob, CAPNP_TEXT("init"));
	make_program(program);
	if (plan->bad_program)
		program[0] = 0;
	named_blob_set_data(blob, (struct capnp_data){ program, sizeof(program) });
	init = init_config_init_init(system_manifest_init_init_config(manifest));
	init_entry_set_binary(init, capnp_text_from_string(plan->binary));
	caps = init_entry_init_caps(init, plan->cap_count);
	for (uint32_t i = 0; i < plan->cap_count; i++) {
		struct init_cap_builder cap = init_cap_builder_at(caps, i);

		init_cap_set_name(cap, capnp_text_from_string(plan->caps[i].name));
		make_source(init_cap_init_kernel(cap), &plan->caps[i]);
	}
	return capnp_builder_finish(&builder);
}

static uint64_t
free_pages(void)
{
	struct frame_stats stats;

	frame_stats_get(&stats);
	return stats.free_pages;
}

static void
start(void)
{
	world_start();
	objects_init();
}

static const struct plan good = {
	.version = MANIFEST_SCHEMA_VERSION,
	.binary = "init",
	.cap_count = 3,
	.caps = { { "console", KERNEL_SOURCE_WHICH_CONSOLE, 0, 0 },
	    { "vm", KERNEL_SOURCE_WHICH_VIRTUAL_MEMORY, 0, 0 },
	    { "ports", KERNEL_SOURCE_WHICH_IO_PORTS, 0x2f8, 8 } },
};

TEST(a_good_package_starts_init_with_its_program_in_place)
{
	struct world_process init = { 0 };
	uint8_t bytes[0x101];
	char why[200] = "";
	size_t size;

	start();
	size = make_package(&good);
	CHECK(size != 0);
	CHECK_EQ(first_process_start(package, size, NULL, why), CAP_OK);
	init.process = process_after(-1);
	CHECK(init.process != NULL);
	CHECK_STR(init.process->name, "init");
	CHECK_EQ(init.process->state, PROCESS_RUNNING);
	CHECK_EQ(init.process->ledger->used[LEDGER_CAP_SLOTS], 3);
	world_read(&init, USER_IMAGE_BASE, bytes, sizeof(bytes));
	CHECK_EQ(bytes[0], 0x90);
	CHECK_EQ(bytes[0xff], 0x90);
	CHECK_EQ(bytes[0x100], 0);
}

TEST(a_package_that_cannot_start_is_refused_by_field_and_loses_no_frame)
{
	static const struct plan cases[] = {
		{ 0, "init", false, 0, { { 0 } }, CAP_ERR_UNSUPPORTED_VERSION, "schemaVersion: " },
		{ 2, "init", false, 0, { { 0 } }, CAP_ERR_UNSUPPORTED_VERSION, "schemaVersion: " },
		{ 1, "", false, 0, { { 0 } }, CAP_ERR_NOT_FOUND, "initConfig.init.binary: " },
		{ 1, "other", false, 0, { { 0 } }, CAP_ERR_NOT_FOUND, "initConfig.init.binary: " },
		{ 1, "init", true, 0, { { 0 } }, CAP_ERR_INVALID_ELF, "initConfig.init.binary: " },
		{ 1, "init", false, 1, { { "a", KERNEL_SOURCE_WHICH_UNSPECIFIED, 0, 0 } },
		    CAP_ERR_INVALID_ARGUMENT, "initConfig.init.caps[0]: " },
		{ 1, "init", false, 2,
		    { { "a", KERNEL_SOURCE_WHICH_VIRTUAL_MEMORY, 0, 0 },
			{ "a", KERNEL_SOURCE_WHICH_CONSOLE, 0, 0 } },
		    CAP_ERR_NAME_IN_USE, "initConfig.init.caps[1]: " },
		{ 1, "init", false, 1, { { "a b", KERNEL_SOURCE_WHICH_VIRTUAL_MEMORY, 0, 0 } },
		    CAP_ERR_NAME_TOO_LONG, "initConfig.init.caps[0]: " },
		{ 1, "init", false, 1, { { "", KERNEL_SOURCE_WHICH_CONSOLE, 0, 0 } },
		    CAP_ERR_NAME_TOO_LONG, "initConfig.init.caps[0]: " },
		{ 1, "init", false, 1, { { "p", KERNEL_SOURCE_WHICH_IO_PORTS, 0x2f8, 0 } },
		    CAP_ERR_INVALID_ARGUMENT, "initConfig.init.caps[0]: " },
		{ 1, "init", false, 1, { { "p", KERNEL_SOURCE_WHICH_IO_PORTS, 0xffff, 2 } },
		    CAP_ERR_INVALID_ARGUMENT, "initConfig.init.caps[0]: " },
		{ 1, "init", false, 1, { { "p", KERNEL_SOURCE_WHICH_IO_PORTS, 0x3f8, 8 } },
		    CAP_ERR_INVALID_ARGUMENT, "initConfig.init.caps[0]: " },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char why[200] = "";
		uint64_t before;
		size_t size;

		start();
		before = free_pages();
		size = make_package(&cases[i]);
		CHECK_EQ(first_process_start(package, size, NULL, why), cases[i].expected);
		CHECK_MEMORY(why, cases[i].why, strlen(cases[i].why));
		CHECK_EQ(process_after(-1), NULL);
		world_settle();
		CHECK_EQ(free_pages(), before);
	}
}

TEST(a_package_cut_anywhere_is_refused)
{
	size_t size = make_package(&good);

	start();
	for (size_t cut = 0; cut < size; cut += cut < 256 ? 8 : 1024) {
		char why[200] = "";

		CHECK(first_process_start(package, cut, NULL, why) != CAP_OK);
		CHECK(why[0] != 0);
	}
	CHECK_EQ(process_after(-1), NULL);
}

/* The list of capabilities is longer than the package: not the same as none. */
TEST(a_package_whose_capabilities_cannot_be_read_is_refused)
{
	struct capnp_reader reader;
	size_t size = make_package(&good);
	char why[200] = "";
	uint64_t *pointer;
	struct init_entry init;

	start();
	CHECK_EQ(capnp_reader_init_single(&reader, package, size), CAPNP_OK);
	init = init_config_init(system_manifest_init_config(system_manifest_root(&reader)));
	pointer = (uint64_t *)(uintptr_t)init.s.pointers + 1;
	CHECK_EQ(*pointer & 3, CAPNP_POINTER_LIST);
	*pointer |= UINT64_C(0xfffff) << 40;
	CHECK_EQ(first_process_start(package, size, NULL, why), CAP_ERR_INVALID_MANIFEST);
	CHECK_STR(why, "the boot package is damaged: a pointer leaves its segment");
	CHECK_EQ(process_after(-1), NULL);
}

TEST(a_shortage_at_any_frame_is_a_reason_and_loses_none)
{
	enum cap_status status = CAP_ERR_NO_MEMORY;
	uint32_t refusals = 0;

	while (status != CAP_OK) {
		char why[200] = "";
		uint64_t before;
		size_t size;

		start();
		before = free_pages();
		size = make_package(&good);
		frame_fail_after(refusals);
		status = first_process_start(package, size, NULL, why);
		frame_fail_after(UINT64_MAX);
		if (status == CAP_OK)
			break;
		CHECK_EQ(status, CAP_ERR_NO_MEMORY);
		CHECK(why[0] != 0);
		world_settle();
		CHECK_EQ(free_pages(), before);
		CHECK(++refusals < 64);
	}
	CHECK(refusals > 8);
}

TEST(an_unsafe_processor_is_refused_with_its_reason)
{
	char why[200] = "";
	uint64_t before;
	size_t size;

	start();
	before = free_pages();
	size = make_package(&good);
	CHECK_EQ(first_process_start(package, size, "it leaks", why), CAP_ERR_DEVICE_FAILED);
	CHECK_STR(why, "it leaks");
	CHECK_EQ(free_pages(), before);
}

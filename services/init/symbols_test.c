/* SPDX-License-Identifier: Apache-2.0 */
/* Symbol files: what an address is, and nothing worse than a wrong answer from a file that lies. */
#include "symbols.h"

#include <capnp/builder.h>
#include <string.h>

#include "base/test.h"

static uint64_t words[256];
static struct capnp_data file;

static void
set_u32(struct capnp_list_builder list, const uint32_t *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		capnp_list_set_u32(list, i, values[i]);
}

/* main at 0x1000 to 0x1010, other at 0x1010 to 0x1020; lines 5, 6, 7, and an end. */
static void
start(void)
{
	static const uint32_t rows[] = { 0x1000, 0x1008, 0x1010, 0x1020 };
	static const uint32_t lines[] = { 5, 6, 7, 0 };
	static const uint32_t functions[] = { 0x1000, 0x1010 };
	struct capnp_builder builder;
	struct symbol_file_builder symbols;
	struct capnp_list_builder texts, row_files;

	memset(words, 0, sizeof(words));
	capnp_builder_init(&builder, words, sizeof(words));
	symbols = symbol_file_init_root(&builder);
	texts = symbol_file_init_files(symbols, 2);
	capnp_any_set_text(capnp_list_any_builder(texts, 0), CAPNP_TEXT("main.c"));
	capnp_any_set_text(capnp_list_any_builder(texts, 1), CAPNP_TEXT("other.c"));
	set_u32(symbol_file_init_row_addresses(symbols, 4), rows, 4);
	set_u32(symbol_file_init_row_lines(symbols, 4), lines, 4);
	row_files = symbol_file_init_row_files(symbols, 4);
	for (uint32_t i = 0; i < 4; i++)
		capnp_list_set_u16(row_files, i, i == 2);
	set_u32(symbol_file_init_function_addresses(symbols, 2), functions, 2);
	texts = symbol_file_init_function_names(symbols, 2);
	capnp_any_set_text(capnp_list_any_builder(texts, 0), CAPNP_TEXT("main"));
	capnp_any_set_text(capnp_list_any_builder(texts, 1), CAPNP_TEXT("other"));
	file =
	    (struct capnp_data){ (const uint8_t *)words, (uint32_t)capnp_builder_finish(&builder) };
	CHECK(file.size != 0);
}

TEST(an_address_has_the_row_at_or_before_it)
{
	static const struct {
		uint64_t address;
		uint32_t line;
		const char *file;
		const char *function;
	} cases[] = {
		{ 0x1000, 5, "main.c", "main" },
		{ 0x1007, 5, "main.c", "main" },
		{ 0x1008, 6, "main.c", "main" },
		{ 0x1010, 7, "other.c", "other" },
		{ 0x101f, 7, "other.c", "other" },
	};

	start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct symbol found = symbols_find(file, cases[i].address);

		CHECK_EQ(found.line, cases[i].line);
		CHECK_STR(found.file.data, cases[i].file);
		CHECK_STR(found.function.data, cases[i].function);
	}
}

TEST(addresses_of_no_code_are_unknown)
{
	static const uint64_t outside[] = { 0, 0xfff, 0x1020, 0x2000, UINT64_MAX };

	start();
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++)
		CHECK_EQ(symbols_find(file, outside[i]).line, 0);
	CHECK_EQ(symbols_find((struct capnp_data){ 0 }, 0x1000).line, 0);
}

static bool
lies_in_file(struct capnp_text text)
{
	const uint8_t *bytes = (const uint8_t *)text.data;

	return text.size == 0 || (bytes >= file.data && bytes + text.size < file.data + file.size);
}

TEST(no_damage_to_a_file_leads_outside_of_it)
{
	start();
	for (uint32_t bit = 0; bit < 8 * file.size; bit++) {
		struct symbol found;

		((uint8_t *)words)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* What is read of it the sanitizer sees. */
		found = symbols_find(file, 0x1010);
		CHECK(lies_in_file(found.file));
		CHECK(lies_in_file(found.function));
		((uint8_t *)words)[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CHECK_EQ(symbols_find(file, 0x1010).line, 7);
}

TEST(a_file_that_is_cut_off_is_unknown_or_right)
{
	start();
	for (uint32_t size = 0; size < file.size; size += 8) {
		struct symbol found = symbols_find((struct capnp_data){ file.data, size }, 0x1000);

		CHECK(found.line == 0 || found.line == 5);
	}
}

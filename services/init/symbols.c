/* SPDX-License-Identifier: Apache-2.0 */
/* Looking up an address in a symbol file; see symbols.h. */
#include "symbols.h"

#include <capnp/reader.h>

/* The last entry that is not above the address; `count` if there is none. Whether they are in order
 * is not believed: a file that lies gives a wrong answer, and nothing else. */
static uint32_t
last_not_above(struct capnp_list addresses, uint64_t address)
{
	uint32_t low = 0;
	uint32_t high = addresses.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (capnp_list_u32(addresses, middle) <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? addresses.count : low - 1;
}

static struct capnp_text
text_at(struct capnp_list texts, uint32_t index)
{
	return capnp_any_text(capnp_list_any(texts, index));
}

struct symbol
symbols_find(struct capnp_data file, uint64_t address)
{
	struct capnp_reader reader;
	struct symbol_file symbols;
	struct symbol found = { 0 };
	uint32_t row;

	if (capnp_reader_init(&reader, file.data, file.size) != CAPNP_OK)
		return found;
	symbols = symbol_file_root(&reader);
	row = last_not_above(symbol_file_row_addresses(symbols), address);
	found.line = capnp_list_u32(symbol_file_row_lines(symbols), row);
	if (found.line != 0)
		found.file = text_at(symbol_file_files(symbols),
		    capnp_list_u16(symbol_file_row_files(symbols), row));
	/* Behind the last instruction there is no function either. */
	if (found.line != 0)
		found.function = text_at(symbol_file_function_names(symbols),
		    last_not_above(symbol_file_function_addresses(symbols), address));
	return capnp_reader_error(&reader) == CAPNP_OK ? found : (struct symbol){ 0 };
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A hostile message, read whole by a schema's tables and printed: values or an error. */
#include <capnp/reader.h>
#include <core/text.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[1 << 16];
	struct capnp_printer printer = { .buffer = text, .capacity = sizeof(text) };
	const void *words = fuzz_words(data, &size);
	struct capnp_reader reader;

	if (capnp_reader_init(&reader, words, size) != CAPNP_OK)
		return 0;
	capnp_print_struct(&printer, &reflect_struct_cb076caa4772d8b2, capnp_reader_root(&reader));
	fuzz_require(printer.used <= sizeof(text));
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Where in its source an instruction of a program stands, by the program's symbol file. */
#include <capnp/message.h>
#include <schema/symbols.capnp.h>

struct symbol {
	struct capnp_text function; /* empty: unknown */
	struct capnp_text file;
	uint32_t line; /* 0: unknown */
};

/*
 * `file` is a SymbolFile message; it may be anything: what cannot be read is not known. Texts point
 * into it.
 */
struct symbol symbols_find(struct capnp_data file, uint64_t address);

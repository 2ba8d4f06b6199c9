/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What Tab completes: commands, capability names, methods and field names, from the schema. Pure:
 * works on the line, the names and the reflection tables.
 */
#include "cap_names.h"

#define COMPLETIONS_MAX 32

struct completions {
	uint32_t start; /* of the word that is completed, in the line */
	uint32_t count;
	const char *words[COMPLETIONS_MAX];
	const char *suffix; /* what follows a whole word */
};

/* All words that may stand at the end of `line`. */
void shell_complete(const struct cap_names *names, struct shell_text line, struct completions *out);
/* How many bytes all completions have in common. */
uint32_t completions_common_size(const struct completions *completions);

/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The capabilities that the shell holds, by the names that a person uses. Those from the CapSet
 * come first, in its order; results of calls and handles of programs are added behind.
 */
#include <stdbool.h>
#include <stdint.h>

#include "scanner.h"

#define CAP_NAMES_MAX 64
#define CAP_NAME_BYTES 32 /* with the final NUL */

struct cap_name {
	char name[CAP_NAME_BYTES];
	char from[CAP_NAME_BYTES]; /* "kernel", or who gave it */
	uint64_t cap_id;
	uint64_t interface_id;
	bool pinned; /* the shell itself needs it: it is neither released nor given away */
};

struct cap_names {
	uint32_t count;
	struct cap_name names[CAP_NAMES_MAX];
};

enum cap_names_result {
	CAP_NAMES_OK,
	CAP_NAMES_FULL,
	CAP_NAMES_TAKEN,
	CAP_NAMES_BAD, /* empty, too long, or not only letters, digits, `-` and `_` */
};

/* Add `entry` under its name; nothing happens unless the result is CAP_NAMES_OK. */
enum cap_names_result cap_names_add(struct cap_names *names, const struct cap_name *entry);

/* A free name made of `stem`: the stem itself, or with a number behind it. False: none fits. */
bool
cap_names_invent(const struct cap_names *names, struct shell_text stem, char name[CAP_NAME_BYTES]);

struct cap_name *cap_names_find(struct cap_names *names, struct shell_text name);
void cap_names_remove(struct cap_names *names, struct cap_name *entry);

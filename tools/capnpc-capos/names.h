/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Names of generated code. CamelCase becomes snake_case (`ProcessSpawner` -> `process_spawner`);
 * nested names are joined by `_`; the structs of a method are `interface_method_params` and
 * `..._results`.
 */
#include "request.h"

#define NAME_BYTES 160

struct name {
	char text[NAME_BYTES];
};

struct name name_snake(struct capnp_text camel);
struct name name_upper(struct name snake);
struct name name_join(struct name first, struct name second);
/* Of a node, from its full path. */
struct name name_of_node(view_t node);

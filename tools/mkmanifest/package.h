/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A boot package from a manifest: see main.c for what the user says. */
#include "cue.h"

struct package_request {
	const char *manifest; /* absolute, as all paths here */
	const char *overlay;  /* NULL: none; unified with the manifest */
	const char *binaries; /* the folder that paths of programs are below */
	const char *schema;   /* boot.capnp */
	const char *output;
	struct cue_request tags; /* tags only */
};

/* Evaluate, embed, validate, write; a refusal says where it is and writes nothing. */
void package_build(const struct package_request *request);

/* NULL, or why the path of a program is refused: it has to stay below its folder, written plainly.
 */
const char *package_path_refusal(const char *path);

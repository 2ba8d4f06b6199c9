/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* From CUE to JSON to Cap'n Proto, by the stock tools. */
#include "run.h"

#define CUE_INPUTS_MAX 32

/* What to evaluate. */
struct cue_request {
	const char *files[CUE_INPUTS_MAX];
	uint32_t file_count;
	const char *tags[CUE_INPUTS_MAX]; /* key=value */
	uint32_t tag_count;
	const char *package;	/* NULL: what the files say */
	const char *expression; /* NULL: everything */
	const char *form;	/* NULL: JSON */
};

/* Which struct of which schema. */
struct schema_request {
	const char *file;
	const char *root;
	const char *import_paths[CUE_INPUTS_MAX];
	uint32_t import_count;
	int no_standard_import;
};

/* Tags of the variable CAPOS_CUE_TAGS, words key=value, are added. */
void cue_add_environment_tags(struct cue_request *request);
struct bytes cue_export(const struct cue_request *request);
/* A framed message. */
struct bytes json_to_capnp(const struct schema_request *schema, struct bytes json);

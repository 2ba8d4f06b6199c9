/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Programs into processes, over ProcessFactory: shared by init (for the services of the manifest)
 * and by the spawner (for everyone else).
 *
 * A program is loaded once: each segment becomes a MemoryObject. Starting it shares the segments
 * that are not writable, gives the process its own copy of the others, grants, and starts: two
 * kernel entries, whatever the number of segments and grants.
 */
#include <capos/call.h>
#include <core/elf.h>
#include <schema/capability_manager.client.h>
#include <schema/memory.client.h>
#include <schema/process.client.h>

#define PROGRAM_GRANTS_MAX 32
#define PROGRAM_STACK_BYTES 0x4000

/* What a loader needs; every capability is borrowed. */
struct process_loader {
	struct capos *self;
	struct process_factory factory;
	struct frame_allocator frames;
};

struct program {
	struct elf_image image;
	struct memory_object segments[ELF_SEGMENTS_MAX]; /* cap_id 0: nothing to copy */
	enum elf_error error; /* why program_load() said CAP_ERR_INVALID_ELF */
};

/* Copy the program's segments into memory objects. `file` may go away afterwards. */
MUST_CHECK enum cap_status
program_load(const struct process_loader *loader, struct capnp_data file, struct program *program);
void program_unload(const struct process_loader *loader, struct program *program);

struct program_grant {
	struct capnp_text name;
	struct capos_cap cap; /* cap_id 0: `local` */
	bool moves;	      /* the capability is given away */
	bool is_tap;	      /* a RingTap: no grant, the process starts with it */
	enum local_source local;
	uint64_t interface_id; /* of a local endpoint's clients */
};

struct program_start {
	struct capnp_text name;
	struct resource_limits limits; /* may be empty */
	const struct program_grant *grants;
	uint32_t grant_count;
	bool is_managed; /* grants of capabilities can be taken back */
};

struct program_started {
	struct process_handle process;
	struct process_control control;
	struct capability_manager manager; /* cap_id 0: not managed */
	struct capos_cap
	    clients[PROGRAM_GRANTS_MAX]; /* of local endpoints, in the order of the grants */
	uint32_t client_count;
	/* After a failure: which grant, or PROGRAM_GRANTS_MAX. */
	uint32_t failed_grant;
};

/* On failure nothing is left of the process; capabilities that moved before are gone with it. */
MUST_CHECK enum cap_status program_start(const struct process_loader *loader,
    const struct program *program, const struct program_start *start, struct program_started *out);

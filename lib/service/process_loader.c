/* SPDX-License-Identifier: Apache-2.0 */
/* Programs into processes; see process_loader.h. */
#include "process_loader.h"

#include <abi/start.h>
#include <string.h>

#define STEPS_MAX (ELF_SEGMENTS_MAX + PROGRAM_GRANTS_MAX + 1)
#define STEP_PARAM_BYTES 136
#define STEP_RESULT_BYTES 64
#define STEPS_PER_ENTRY 24 /* ops in flight; the rest of the ring stays free */

/* The calls on one builder, sent together. */
static struct step {
	struct capos_call call;
	struct capos_block block;
	uint64_t memory[(STEP_PARAM_BYTES + STEP_RESULT_BYTES) / 8];
} steps[STEPS_PER_ENTRY];

static struct capos_call *
step_begin(struct step *step, struct capos_cap builder, uint16_t method, uint8_t cap_max)
{
	step->block = (struct capos_block){
		.params = (uint8_t *)step->memory,
		.results = (uint8_t *)step->memory + STEP_PARAM_BYTES,
		.param_bytes = STEP_PARAM_BYTES,
		.result_bytes = STEP_RESULT_BYTES,
		.kind = CAPOS_BLOCK_KINDS,
	};
	capos_call_begin_block(&step->call, builder, method, cap_max, &step->block);
	return &step->call;
}

static enum cap_status
load_segment(const struct process_loader *loader, struct capnp_data file,
    const struct elf_segment *segment, struct memory_object *out)
{
	uint64_t address;
	enum cap_status status;

	if (segment->file_bytes == 0)
		return CAP_OK;
	CAPOS_TRY(frame_allocator_alloc(
	    loader->frames, (uint32_t)(segment->memory_bytes / USER_PAGE_BYTES), out));
	status =
	    memory_object_map(*out, 0, segment->memory_bytes, 0, PROTECTION_READ_WRITE, &address);
	if (status != CAP_OK)
		return status;
	memcpy((void *)address, file.data + segment->file_offset, segment->file_bytes);
	return memory_object_unmap(*out, address, segment->memory_bytes);
}

void
program_unload(const struct process_loader *loader, struct program *program)
{
	(void)loader;
	for (uint32_t i = 0; i < program->image.segment_count; i++) {
		capos_release(program->segments[i].cap);
		program->segments[i].cap.cap_id = 0;
	}
}

enum cap_status
program_load(const struct process_loader *loader, struct capnp_data file, struct program *program)
{
	memset(program, 0, sizeof(*program));
	program->error = elf_read(file.data, file.size, &program->image);
	if (program->error != ELF_OK)
		return CAP_ERR_INVALID_ELF;
	for (uint32_t i = 0; i < program->image.segment_count; i++) {
		enum cap_status status =
		    load_segment(loader, file, &program->image.segments[i], &program->segments[i]);

		if (status != CAP_OK) {
			program_unload(loader, program);
			return status;
		}
	}
	return CAP_OK;
}

static struct capnp_cap
lend(struct capos_cap cap, bool moves)
{
	return (struct capnp_cap){ cap.cap_id, cap.interface_id,
		moves ? CAPNP_CAP_MOVE : CAPNP_CAP_COPY };
}

/* Text and constants are shared, data is copied: a process must not see what another one writes. */
static enum cap_status
send_segment(
    struct step *step, struct capos_cap builder, const struct program *program, uint32_t index)
{
	const struct elf_segment *segment = &program->image.segments[index];
	struct capos_call *call;

	if (!segment->is_writable && segment->file_bytes != 0) {
		struct process_builder_map_params_builder params;

		call = step_begin(step, builder, PROCESS_BUILDER_METHOD_MAP, 0);
		params = process_builder_map_params_init_root(&call->params);
		process_builder_map_params_set_memory(
		    params, lend(program->segments[index].cap, false));
		process_builder_map_params_set_size(params, segment->memory_bytes);
		process_builder_map_params_set_address(params, segment->address);
		process_builder_map_params_set_protection(
		    params, segment->is_executable ? PROTECTION_READ_EXECUTE : PROTECTION_READ);
	} else {
		struct process_builder_map_copy_params_builder params;

		call = step_begin(step, builder, PROCESS_BUILDER_METHOD_MAP_COPY, 0);
		params = process_builder_map_copy_params_init_root(&call->params);
		process_builder_map_copy_params_set_memory(
		    params, lend(program->segments[index].cap, false));
		process_builder_map_copy_params_set_copy_bytes(params, segment->file_bytes);
		process_builder_map_copy_params_set_size(params, segment->memory_bytes);
		process_builder_map_copy_params_set_address(params, segment->address);
		process_builder_map_copy_params_set_protection(
		    params, segment->is_writable ? PROTECTION_READ_WRITE : PROTECTION_READ);
	}
	return capos_call_send(call);
}

static enum cap_status
send_grant(struct step *step, struct capos_cap builder, const struct program_grant *grant)
{
	struct capos_call *call;

	if (grant->is_tap) {
		struct process_builder_tap_params_builder params;

		call = step_begin(step, builder, PROCESS_BUILDER_METHOD_TAP, 0);
		params = process_builder_tap_params_init_root(&call->params);
		process_builder_tap_params_set_tap(params, lend(grant->cap, false));
	} else if (grant->cap.cap_id != 0) {
		struct process_builder_grant_params_builder params;

		call = step_begin(step, builder, PROCESS_BUILDER_METHOD_GRANT, 0);
		params = process_builder_grant_params_init_root(&call->params);
		process_builder_grant_params_set_name(params, grant->name);
		process_builder_grant_params_set_cap(params, lend(grant->cap, grant->moves));
	} else {
		struct process_builder_grant_local_params_builder params;

		call = step_begin(step, builder, PROCESS_BUILDER_METHOD_GRANT_LOCAL, 1);
		params = process_builder_grant_local_params_init_root(&call->params);
		process_builder_grant_local_params_set_name(params, grant->name);
		process_builder_grant_local_params_set_source(params, grant->local);
		process_builder_grant_local_params_set_interface_id(params, grant->interface_id);
	}
	return capos_call_send(call);
}

static enum cap_status
send_start(struct step *step, struct capos_cap builder, const struct program *program)
{
	struct capos_call *call = step_begin(step, builder, PROCESS_BUILDER_METHOD_START, 2);
	struct process_builder_start_params_builder params =
	    process_builder_start_params_init_root(&call->params);

	process_builder_start_params_set_entry(params, program->image.entry);
	process_builder_start_params_set_stack_bytes(params, PROGRAM_STACK_BYTES);
	process_builder_start_params_set_tls_bytes(params, program->image.tls_bytes);
	return capos_call_send(call);
}

/* Before the grants that it is for. */
static enum cap_status
send_manage(struct step *step, struct capos_cap builder)
{
	struct capos_call *call = step_begin(step, builder, PROCESS_BUILDER_METHOD_MANAGE, 1);

	(void)process_builder_manage_params_init_root(&call->params);
	return capos_call_send(call);
}

/* Steps before the first grant. */
static uint32_t
steps_before_grants(const struct program *program, const struct program_start *start)
{
	return program->image.segment_count + start->is_managed;
}

static enum cap_status
send_step(struct step *step, struct capos_cap builder, const struct program *program,
    const struct program_start *start, uint32_t index)
{
	if (index < program->image.segment_count)
		return send_segment(step, builder, program, index);
	if (index < steps_before_grants(program, start))
		return send_manage(step, builder);
	index -= steps_before_grants(program, start);
	if (index < start->grant_count)
		return send_grant(step, builder, &start->grants[index]);
	return send_start(step, builder, program);
}

static enum cap_status
adopt_started(struct capos_call *call, struct program_started *out)
{
	enum cap_status status =
	    capos_adopt(call, 0, PROCESS_HANDLE_INTERFACE_ID, &out->process.cap);

	return status == CAP_OK
	    ? capos_adopt(call, 1, PROCESS_CONTROL_INTERFACE_ID, &out->control.cap)
	    : status;
}

/* The answer of a step; the first failure is the one that counts. */
static enum cap_status
finish_step(struct step *step, struct program_started *out)
{
	enum cap_status status = capos_call_reason(&step->call, capos_call_wait(&step->call));

	if (status == CAP_OK && step->call.method == PROCESS_BUILDER_METHOD_START)
		status = adopt_started(&step->call, out);
	else if (status == CAP_OK && step->call.method == PROCESS_BUILDER_METHOD_MANAGE)
		status =
		    capos_adopt(&step->call, 0, CAPABILITY_MANAGER_INTERFACE_ID, &out->manager.cap);
	else if (status == CAP_OK && step->call.cap_count != 0 &&
	    out->client_count < PROGRAM_GRANTS_MAX)
		status = capos_adopt(&step->call, 0, 0, &out->clients[out->client_count++]);
	capos_call_end(&step->call);
	return status;
}

static enum cap_status
run_steps(struct capos_cap builder, const struct program *program,
    const struct program_start *start, struct program_started *out)
{
	uint32_t count = steps_before_grants(program, start) + start->grant_count + 1;
	enum cap_status result = CAP_OK;

	for (uint32_t first = 0; first < count && result == CAP_OK; first += STEPS_PER_ENTRY) {
		uint32_t sent = 0;

		while (sent < STEPS_PER_ENTRY && first + sent < count && result == CAP_OK) {
			result = send_step(&steps[sent], builder, program, start, first + sent);
			sent += result == CAP_OK;
		}
		for (uint32_t i = 0; i < sent; i++) {
			enum cap_status status = finish_step(&steps[i], out);
			uint32_t index = first + i - steps_before_grants(program, start);

			if (result != CAP_OK || status == CAP_OK)
				continue;
			result = status;
			out->failed_grant = index < start->grant_count ? index : PROGRAM_GRANTS_MAX;
		}
	}
	return result;
}

static enum cap_status
create(const struct process_loader *loader, const struct program_start *start,
    struct process_builder *builder)
{
	struct capos_call call;
	struct process_factory_create_params_builder params =
	    process_factory_create_begin(&call, loader->factory);
	struct process_factory_create_results results;
	struct resource_limits_builder limits = process_factory_create_params_init_limits(params);
	enum cap_status status;

	process_factory_create_params_set_name(params, start->name);
	resource_limits_set_cap_slots(limits, resource_limits_cap_slots(start->limits));
	resource_limits_set_frame_pages(limits, resource_limits_frame_pages(start->limits));
	resource_limits_set_virtual_pages(limits, resource_limits_virtual_pages(start->limits));
	resource_limits_set_kernel_bytes(limits, resource_limits_kernel_bytes(start->limits));
	resource_limits_set_endpoint_calls(limits, resource_limits_endpoint_calls(start->limits));
	resource_limits_set_outstanding_calls(
	    limits, resource_limits_outstanding_calls(start->limits));
	status = capos_call_reason(&call, process_factory_create_run(&call, &results));
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_BUILDER_INTERFACE_ID, &builder->cap);
	capos_call_end(&call);
	return status;
}

enum cap_status
program_start(const struct process_loader *loader, const struct program *program,
    const struct program_start *start, struct program_started *out)
{
	struct process_builder builder;
	enum cap_status status;

	memset(out, 0, sizeof(*out));
	out->failed_grant = PROGRAM_GRANTS_MAX;
	if (start->grant_count > PROGRAM_GRANTS_MAX)
		return CAP_ERR_INVALID_ARGUMENT;
	CAPOS_TRY(create(loader, start, &builder));
	status = run_steps(builder.cap, program, start, out);
	capos_release(builder.cap);
	if (status == CAP_OK)
		return CAP_OK;
	for (uint32_t i = 0; i < out->client_count; i++)
		capos_release(out->clients[i]);
	if (out->process.cap.cap_id != 0)
		capos_release(out->process.cap);
	if (out->control.cap.cap_id != 0)
		capos_release(out->control.cap);
	if (out->manager.cap.cap_id != 0)
		capos_release(out->manager.cap);
	return status;
}

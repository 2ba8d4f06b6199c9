/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting services: each gets exactly what the manifest names, in its order. Sources are resolved
 * to capabilities of init's own: kernel capabilities that the kernel gave init, facets that earlier
 * services export, the spawner, launchers. Init starts them itself: a call of the spawner could
 * carry no more capabilities than one message does.
 */
#include <schema/device.capnp.h>
#include <string.h>

#include "init.h"

static bool
is_same_text(struct capnp_text one, struct capnp_text other)
{
	return one.size == other.size && memcmp(one.data, other.data, one.size) == 0;
}

static bool
is_same_kernel_source(struct kernel_source one, struct kernel_source other)
{
	if (kernel_source_which(one) != kernel_source_which(other))
		return false;
	switch (kernel_source_which(one)) {
	case KERNEL_SOURCE_WHICH_IO_PORTS:
		return kernel_source_io_ports_base(kernel_source_get_io_ports(one)) ==
		    kernel_source_io_ports_base(kernel_source_get_io_ports(other)) &&
		    kernel_source_io_ports_count(kernel_source_get_io_ports(one)) ==
		    kernel_source_io_ports_count(kernel_source_get_io_ports(other));
	case KERNEL_SOURCE_WHICH_INTERRUPT:
		return kernel_source_interrupt_line(kernel_source_get_interrupt(one)) ==
		    kernel_source_interrupt_line(kernel_source_get_interrupt(other));
	default:
		return true;
	}
}

/* Devices have one holder: they are given away. Everything else is copied. */
static bool
moves(uint64_t interface_id)
{
	return interface_id == IO_PORT_RANGE_INTERFACE_ID ||
	    interface_id == INTERRUPT_INTERFACE_ID || interface_id == MACHINE_CONTROL_INTERFACE_ID;
}

static enum cap_status
find_kernel(struct init_state *init, struct kernel_source wanted, struct program_grant *out)
{
	struct init_cap_list caps = init_entry_caps(init_config_init(init->config));

	for (uint32_t i = 0; i < init_cap_list_size(caps); i++) {
		struct capset_entry_view entry;

		if (!is_same_kernel_source(init_cap_kernel(init_cap_at(caps, i)), wanted))
			continue;
		/* The CapSet stands in the order of the manifest. */
		entry = capos_capset_entry(init->self, i);
		out->cap = entry.cap;
		out->moves = moves(entry.cap.interface_id);
		return CAP_OK;
	}
	return CAP_ERR_NOT_FOUND;
}

/* MANIFEST_ALL_EXPORTS_MAX: there is none. */
static uint32_t
export_index(
    const struct init_state *init, struct capnp_text service, struct capnp_text export_name)
{
	for (uint32_t i = 0; i < init->export_count; i++)
		if (is_same_text(init->exports[i].name, export_name) &&
		    is_same_text(init->services[init->exports[i].service].name, service))
			return i;
	return MANIFEST_ALL_EXPORTS_MAX;
}

static enum cap_status
find_export(
    struct init_state *init, struct service_cap_source_service wanted, struct program_grant *out)
{
	uint32_t index = export_index(init, service_cap_source_service_service(wanted),
	    service_cap_source_service_export(wanted));

	if (index == MANIFEST_ALL_EXPORTS_MAX)
		return CAP_ERR_NOT_FOUND;
	out->cap = init->exports[index].client;
	return CAP_OK;
}

static enum cap_status
find_supplier(
    struct init_state *init, struct service_cap_source_supplier wanted, struct program_grant *out)
{
	uint32_t index = export_index(init, service_cap_source_supplier_service(wanted),
	    service_cap_source_supplier_export(wanted));

	return index == MANIFEST_ALL_EXPORTS_MAX ? CAP_ERR_NOT_FOUND
						 : init_supplier_make(init, index, &out->cap);
}

static enum cap_status
make_launcher(struct init_state *init, struct capnp_list names, struct capos_cap *out)
{
	struct capos_call call;
	struct process_spawner_make_launcher_params_builder params =
	    process_spawner_make_launcher_begin(&call, init->spawner);
	struct process_spawner_make_launcher_results results;
	struct capnp_list_builder list =
	    process_spawner_make_launcher_params_init_binaries(params, names.count);
	enum cap_status status;

	for (uint32_t i = 0; i < names.count; i++)
		capnp_any_set_text(
		    capnp_list_any_builder(list, i), capnp_any_text(capnp_list_any(names, i)));
	status = process_spawner_make_launcher_run(&call, &results);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_LAUNCHER_INTERFACE_ID, out);
	capos_call_end(&call);
	return status;
}

/* A service that is started again has the launcher that it had. */
static enum cap_status
find_launcher(struct init_service *service, struct program_grant *out)
{
	if (service->launcher.cap_id == 0)
		CAPOS_TRY(make_launcher(service->init,
		    service_entry_launchable(init_service_entry(service)), &service->launcher));
	out->cap = service->launcher;
	return CAP_OK;
}

/* The interface that a local endpoint's clients see: what the service exports it as. */
static uint64_t
exported_interface(struct service_entry service, struct capnp_text cap_name)
{
	struct service_export_list exports = service_entry_exports(service);

	for (uint32_t i = 0; i < service_export_list_size(exports); i++)
		if (is_same_text(service_export_cap(service_export_at(exports, i)), cap_name))
			return service_export_interface_id(service_export_at(exports, i));
	return 0;
}

static enum cap_status
resolve(struct init_service *service, struct service_cap cap, struct program_grant *out)
{
	struct init_state *init = service->init;
	struct service_cap_source source = service_cap_get_source(cap);

	*out = (struct program_grant){ .name = service_cap_name(cap) };
	switch (service_cap_source_which(source)) {
	case SERVICE_CAP_SOURCE_WHICH_KERNEL:
		return find_kernel(init, service_cap_source_kernel(source), out);
	case SERVICE_CAP_SOURCE_WHICH_SERVICE:
		return find_export(init, service_cap_source_get_service(source), out);
	case SERVICE_CAP_SOURCE_WHICH_LOCAL:
		out->local = service_cap_source_local(source);
		out->interface_id = exported_interface(init_service_entry(service), out->name);
		return CAP_OK;
	case SERVICE_CAP_SOURCE_WHICH_SPAWNER:
		out->cap = init->spawner.cap;
		return CAP_OK;
	case SERVICE_CAP_SOURCE_WHICH_LAUNCHER:
		return find_launcher(service, out);
	case SERVICE_CAP_SOURCE_WHICH_SUPPLIER:
		return find_supplier(init, service_cap_source_get_supplier(source), out);
	case SERVICE_CAP_SOURCE_WHICH_SUPERVISOR:
		return init_supervisor_make(init, &out->cap);
	default:
		return CAP_ERR_INVALID_MANIFEST;
	}
}

static enum cap_status
resolve_all(struct init_service *service, struct program_grant *grants)
{
	struct service_cap_list caps = service_entry_caps(init_service_entry(service));

	for (uint32_t i = 0; i < service_cap_list_size(caps); i++) {
		enum cap_status status = resolve(service, service_cap_at(caps, i), &grants[i]);

		if (status != CAP_OK) {
			init_log(service->init, "init: %s needs %s: %s", service->name.data,
			    grants[i].name.data, cap_status_sentence(status));
			return status;
		}
	}
	return CAP_OK;
}

/* Kept under its name, instead of the one of an earlier start if there was one. */
static enum cap_status
keep_export(struct init_state *init, const struct init_service *service, struct capnp_text name,
    struct capos_cap client)
{
	uint32_t index = export_index(init, service->name, name);

	if (index == MANIFEST_ALL_EXPORTS_MAX) {
		if (init->export_count == MANIFEST_ALL_EXPORTS_MAX)
			return CAP_ERR_QUOTA_EXCEEDED;
		index = init->export_count++;
	} else {
		capos_release(init->exports[index].client);
	}
	init->exports[index] = (struct init_export){ service->index, name, client };
	return CAP_OK;
}

/* A client of one of its endpoints is kept under each name that this is exported as. */
static enum cap_status
keep_client(struct init_service *service, struct capnp_text cap_name, struct capos_cap client)
{
	struct service_export_list exports = service_entry_exports(init_service_entry(service));
	bool is_exported = false;

	for (uint32_t i = 0; i < service_export_list_size(exports); i++) {
		struct service_export export = service_export_at(exports, i);

		if (!is_same_text(service_export_cap(export), cap_name))
			continue;
		CAPOS_TRY(keep_export(service->init, service, service_export_name(export), client));
		is_exported = true;
	}
	if (!is_exported)
		capos_release(client);
	return CAP_OK;
}

/* Clients come back in the order of the local endpoints. */
static enum cap_status
keep_exports(struct init_service *service, const struct program_start *start,
    const struct program_started *started)
{
	uint32_t client = 0;

	for (uint32_t i = 0; i < start->grant_count; i++) {
		const struct program_grant *grant = &start->grants[i];

		if (grant->cap.cap_id == 0 && grant->local == LOCAL_SOURCE_ENDPOINT)
			CAPOS_TRY(keep_client(service, grant->name, started->clients[client++]));
	}
	return CAP_OK;
}

/* The kernel's number of it, for records. */
static uint32_t
pid_of(struct process_handle process)
{
	struct capos_call call;
	struct process_handle_status_results results;
	uint32_t pid = 0;

	(void)process_handle_status_begin(&call, process);
	if (process_handle_status_run(&call, &results) == CAP_OK)
		pid = process_handle_status_results_pid(results);
	capos_call_end(&call);
	return pid;
}

struct service_entry
init_service_entry(const struct init_service *service)
{
	return service_entry_at(init_config_services(service->init->config), service->index);
}

struct init_service *
init_service_find(struct init_state *init, struct capnp_text name)
{
	for (uint32_t i = 0; i < init->service_count; i++)
		if (is_same_text(init->services[i].name, name))
			return &init->services[i];
	return NULL;
}

enum cap_status
init_start_again(struct init_state *init, struct init_service *service)
{
	struct service_entry entry = init_service_entry(service);
	struct program_grant grants[PROGRAM_GRANTS_MAX];
	struct program_start start = {
		.name = service->name,
		.limits = service_entry_limits(entry),
		.grants = grants,
		.grant_count = service_cap_list_size(service_entry_caps(entry)),
	};
	struct program_started started;

	CAPOS_TRY(resolve_all(service, grants));
	CAPOS_TRY(init_start_program(init, service_entry_binary(entry), &start, &started));
	service->process = started.process;
	service->control = started.control;
	CAPOS_TRY(keep_exports(service, &start, &started));
	service->pid = pid_of(service->process);
	service->status = SERVICE_STATUS_RUNNING;
	return CAP_OK;
}

enum cap_status
init_start_services(struct init_state *init)
{
	struct service_entry_list services = init_config_services(init->config);

	for (uint32_t i = 0; i < service_entry_list_size(services); i++) {
		struct service_entry entry = service_entry_at(services, i);
		struct init_service *service = &init->services[i];

		if (i == MANIFEST_SERVICES_MAX ||
		    service_cap_list_size(service_entry_caps(entry)) > PROGRAM_GRANTS_MAX)
			return CAP_ERR_QUOTA_EXCEEDED;
		service->name = service_entry_name(entry);
		service->index = i;
		service->init = init;
		CAPOS_TRY(init_start_again(init, service));
		init_log(init, "init: started %.*s", (int)service->name.size, service->name.data);
		init->service_count++;
	}
	return CAP_OK;
}

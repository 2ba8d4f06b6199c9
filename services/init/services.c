/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting services: each gets exactly what the manifest names, in its order. Sources are resolved
 * to capabilities of init's own: kernel capabilities that the kernel gave init, facets that earlier
 * services export, the spawner, launchers.
 */
#include <schema/device.capnp.h>
#include <string.h>

#include "init.h"

/* The grant of one capability of a service. */
struct source {
	struct capnp_cap cap; /* cap_id 0: local */
	enum local_source local;
	uint64_t interface_id;
	bool is_temporary; /* made for this service: init keeps nothing of it */
};

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
find_kernel(struct init_state *init, struct kernel_source wanted, struct source *out)
{
	struct init_cap_list caps = init_entry_caps(init_config_init(init->config));

	for (uint32_t i = 0; i < init_cap_list_size(caps); i++) {
		struct capset_entry_view entry;

		if (!is_same_kernel_source(init_cap_kernel(init_cap_at(caps, i)), wanted))
			continue;
		/* The CapSet stands in the order of the manifest. */
		entry = capos_capset_entry(init->self, i);
		out->cap = (struct capnp_cap){ entry.cap.cap_id, entry.cap.interface_id,
			moves(entry.cap.interface_id) ? CAPNP_CAP_MOVE : CAPNP_CAP_COPY };
		return CAP_OK;
	}
	return CAP_ERR_NOT_FOUND;
}

/* EXPORTS_MAX: there is none. */
static uint32_t
export_index(
    const struct init_state *init, struct capnp_text service, struct capnp_text export_name)
{
	for (uint32_t i = 0; i < init->export_count; i++)
		if (is_same_text(init->exports[i].name, export_name) &&
		    is_same_text(init->services[init->exports[i].service].name, service))
			return i;
	return EXPORTS_MAX;
}

static void
copy_of(struct capos_cap cap, struct source *out)
{
	out->cap = (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_COPY };
}

static enum cap_status
find_export(struct init_state *init, struct service_cap_source_service wanted, struct source *out)
{
	uint32_t index = export_index(init, service_cap_source_service_service(wanted),
	    service_cap_source_service_export(wanted));

	if (index == EXPORTS_MAX)
		return CAP_ERR_NOT_FOUND;
	copy_of(init->exports[index].client, out);
	return CAP_OK;
}

static enum cap_status
find_supplier(
    struct init_state *init, struct service_cap_source_supplier wanted, struct source *out)
{
	uint32_t index = export_index(init, service_cap_source_supplier_service(wanted),
	    service_cap_source_supplier_export(wanted));
	struct capos_cap client;

	if (index == EXPORTS_MAX)
		return CAP_ERR_NOT_FOUND;
	CAPOS_TRY(init_supplier_make(init, index, &client));
	copy_of(client, out);
	return CAP_OK;
}

static enum cap_status
find_supervisor(struct init_state *init, struct source *out)
{
	struct capos_cap client;

	CAPOS_TRY(init_supervisor_make(init, &client));
	copy_of(client, out);
	return CAP_OK;
}

static enum cap_status
make_launcher(struct init_state *init, struct service_entry service, struct source *out)
{
	struct capnp_list names = service_entry_launchable(service);
	struct capos_call call;
	struct process_spawner_make_launcher_params_builder params =
	    process_spawner_make_launcher_begin(&call, init->spawner);
	struct process_spawner_make_launcher_results results;
	struct capnp_list_builder list =
	    process_spawner_make_launcher_params_init_binaries(params, names.count);
	struct capos_cap launcher;
	enum cap_status status;

	for (uint32_t i = 0; i < names.count; i++)
		capnp_any_set_text(
		    capnp_list_any_builder(list, i), capnp_any_text(capnp_list_any(names, i)));
	status = process_spawner_make_launcher_run(&call, &results);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_LAUNCHER_INTERFACE_ID, &launcher);
	if (status == CAP_OK)
		out->cap =
		    (struct capnp_cap){ launcher.cap_id, launcher.interface_id, CAPNP_CAP_MOVE };
	capos_call_end(&call);
	return status;
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
resolve(struct init_state *init, struct service_entry service, struct service_cap cap,
    struct source *out)
{
	struct service_cap_source source = service_cap_get_source(cap);

	*out = (struct source){ 0 };
	switch (service_cap_source_which(source)) {
	case SERVICE_CAP_SOURCE_WHICH_KERNEL:
		return find_kernel(init, service_cap_source_kernel(source), out);
	case SERVICE_CAP_SOURCE_WHICH_SERVICE:
		return find_export(init, service_cap_source_get_service(source), out);
	case SERVICE_CAP_SOURCE_WHICH_LOCAL:
		out->local = service_cap_source_local(source);
		out->interface_id = exported_interface(service, service_cap_name(cap));
		return CAP_OK;
	case SERVICE_CAP_SOURCE_WHICH_SPAWNER:
		out->cap = (struct capnp_cap){ init->spawner.cap.cap_id,
			init->spawner.cap.interface_id, CAPNP_CAP_COPY };
		return CAP_OK;
	case SERVICE_CAP_SOURCE_WHICH_LAUNCHER:
		return make_launcher(init, service, out);
	case SERVICE_CAP_SOURCE_WHICH_SUPPLIER:
		return find_supplier(init, service_cap_source_get_supplier(source), out);
	case SERVICE_CAP_SOURCE_WHICH_SUPERVISOR:
		return find_supervisor(init, out);
	default:
		return CAP_ERR_INVALID_MANIFEST;
	}
}

/* Launchers are made by calls of their own: before the spawn call takes its buffer. */
static enum cap_status
resolve_all(struct init_state *init, struct service_entry service, struct source *sources)
{
	struct service_cap_list caps = service_entry_caps(service);

	for (uint32_t i = 0; i < service_cap_list_size(caps); i++) {
		enum cap_status status =
		    resolve(init, service, service_cap_at(caps, i), &sources[i]);

		if (status != CAP_OK) {
			struct capnp_text name = service_cap_name(service_cap_at(caps, i));

			init_log(init, "init: %s needs %.*s: %s", service_entry_name(service).data,
			    (int)name.size, name.data, cap_status_sentence(status));
			return status;
		}
	}
	return CAP_OK;
}

static void
build_grants(struct cap_grant_list_builder grants, struct service_entry service,
    const struct source *sources)
{
	struct service_cap_list caps = service_entry_caps(service);

	for (uint32_t i = 0; i < service_cap_list_size(caps); i++) {
		struct cap_grant_builder grant = cap_grant_builder_at(grants, i);

		cap_grant_set_name(grant, service_cap_name(service_cap_at(caps, i)));
		if (sources[i].cap.cap_id != 0)
			cap_grant_set_cap(grant, sources[i].cap);
		else
			cap_grant_set_local(grant, sources[i].local);
		cap_grant_set_interface_id(grant, sources[i].interface_id);
	}
}

/* Kept under its name, instead of the one of an earlier start if there was one. */
static enum cap_status
keep_export(struct init_state *init, const struct init_service *service, struct capnp_text name,
    struct capos_cap client)
{
	uint32_t index = export_index(init, service->name, name);

	if (index == EXPORTS_MAX) {
		if (init->export_count == EXPORTS_MAX)
			return CAP_ERR_QUOTA_EXCEEDED;
		index = init->export_count++;
	} else {
		capos_release(init->exports[index].client);
	}
	init->exports[index] = (struct init_export){ service->index, name, client };
	return CAP_OK;
}

/* Clients come back in the order of the local endpoints: each is kept under the name that it is
 * exported as. */
static enum cap_status
keep_exports(struct init_service *service, const struct source *sources, struct capos_call *call)
{
	struct service_entry entry = init_service_entry(service);
	struct service_cap_list caps = service_entry_caps(entry);
	struct service_export_list exports = service_entry_exports(entry);
	uint32_t ordinal = 3; /* behind handle, control and manager */

	for (uint32_t i = 0; i < service_cap_list_size(caps); i++) {
		struct capos_cap client;

		if (sources[i].cap.cap_id != 0 || sources[i].local != LOCAL_SOURCE_ENDPOINT)
			continue;
		CAPOS_TRY(capos_adopt(call, ordinal++, 0, &client));
		for (uint32_t k = 0; k < service_export_list_size(exports); k++) {
			struct service_export export = service_export_at(exports, k);

			if (is_same_text(service_export_cap(export),
				service_cap_name(service_cap_at(caps, i))))
				CAPOS_TRY(keep_export(
				    service->init, service, service_export_name(export), client));
		}
	}
	return CAP_OK;
}

static void
copy_limits(struct resource_limits_builder to, struct resource_limits from)
{
	resource_limits_set_cap_slots(to, resource_limits_cap_slots(from));
	resource_limits_set_frame_pages(to, resource_limits_frame_pages(from));
	resource_limits_set_virtual_pages(to, resource_limits_virtual_pages(from));
	resource_limits_set_kernel_bytes(to, resource_limits_kernel_bytes(from));
	resource_limits_set_endpoint_calls(to, resource_limits_endpoint_calls(from));
	resource_limits_set_outstanding_calls(to, resource_limits_outstanding_calls(from));
}

static enum cap_status
spawn(struct init_service *service, const struct source *sources)
{
	struct service_entry entry = init_service_entry(service);
	struct capos_call call;
	struct process_spawner_spawn_params_builder params =
	    process_spawner_spawn_begin(&call, service->init->spawner);
	struct process_spawner_spawn_results results;
	enum cap_status status;

	process_spawner_spawn_params_set_name(params, service_entry_name(entry));
	process_spawner_spawn_params_set_binary(params, service_entry_binary(entry));
	build_grants(process_spawner_spawn_params_init_grants(
			 params, service_cap_list_size(service_entry_caps(entry))),
	    entry, sources);
	copy_limits(process_spawner_spawn_params_init_limits(params), service_entry_limits(entry));
	status = process_spawner_spawn_run(&call, &results);
	if (status == CAP_ERR_APPLICATION_EXCEPTION)
		init_log(service->init, "init: %s: %.*s", service_entry_name(entry).data,
		    (int)call.error.reason.size, call.error.reason.data);
	if (status == CAP_OK)
		status = capos_adopt(&call, 0, PROCESS_HANDLE_INTERFACE_ID, &service->process.cap);
	if (status == CAP_OK)
		status = capos_adopt(&call, 1, PROCESS_CONTROL_INTERFACE_ID, &service->control.cap);
	if (status == CAP_OK)
		status = keep_exports(service, sources, &call);
	capos_call_end(&call);
	return status;
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
	struct source sources[PROGRAM_GRANTS_MAX];

	CAPOS_TRY(resolve_all(init, init_service_entry(service), sources));
	CAPOS_TRY(spawn(service, sources));
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

		if (i == SERVICES_MAX ||
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

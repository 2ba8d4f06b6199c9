/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See manifest_validate.h. One function for each part of the manifest; each says at the first fault
 * where it is. Lists are bounded first, so the quadratic comparisons are too. The reader's
 * traversal limit is meant for one walk over a message; names are looked at more often, so each
 * part begins with the full limit.
 */
#include "manifest_validate.h"

#include <schema/console.capnp.h>
#include <schema/device.capnp.h>
#include <schema/endpoint.capnp.h>
#include <schema/ledger.capnp.h>
#include <schema/limits.capnp.h>
#include <schema/memory.capnp.h>
#include <schema/notification.capnp.h>
#include <schema/null_cap.capnp.h>
#include <schema/process.capnp.h>
#include <schema/stats.capnp.h>
#include <schema/supervisor.capnp.h>
#include <schema/tap.capnp.h>
#include <schema/timer.capnp.h>
#include <stdbool.h>
#include <string.h>

#include "format.h"

struct validation {
	struct system_manifest manifest;
	struct service_entry_list services;
	char *why;
	size_t why_bytes;
	uint64_t traversal_words;
	uint32_t service; /* index of the one that is looked at */
	/* So far: */
	uint32_t export_count;
	uint32_t launcher_count;
	uint32_t supplier_count;
};

#define REFUSE(v, ...)                                                                             \
	(format_text((v)->why, (v)->why_bytes, __VA_ARGS__), CAP_ERR_INVALID_MANIFEST)
/* The same with the path of the service before it. */
#define REFUSE_SERVICE(v, format, ...)                                                             \
	REFUSE(v, "initConfig.services[%u]." format, (v)->service, __VA_ARGS__)

static void
start_part(struct validation *v)
{
	v->manifest.s.reader->traversal_words = v->traversal_words;
}

static bool
is_equal(struct capnp_text one, struct capnp_text other)
{
	return one.size == other.size && memcmp(one.data, other.data, one.size) == 0;
}

/* What is wrong with a name, or NULL. */
static const char *
name_fault(struct capnp_text name)
{
	if (name.size == 0)
		return "the name is empty";
	if (name.size > CAP_NAME_BYTES_MAX)
		return "the name has more than 31 bytes";
	for (uint32_t i = 0; i < name.size; i++)
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f)
			return "the name has a character that is no printable ASCII";
	return NULL;
}

uint64_t
manifest_kernel_interface(enum kernel_source_which which)
{
	static const uint64_t interfaces[] = {
		[KERNEL_SOURCE_WHICH_CONSOLE] = CONSOLE_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_BOOT_PACKAGE] = BOOT_PACKAGE_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_FRAME_ALLOCATOR] = FRAME_ALLOCATOR_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_VIRTUAL_MEMORY] = VIRTUAL_MEMORY_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_TIMER] = TIMER_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_ENDPOINT_FACTORY] = ENDPOINT_FACTORY_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_NOTIFICATION_FACTORY] = NOTIFICATION_FACTORY_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_PROCESS_FACTORY] = PROCESS_FACTORY_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_KERNEL_STATS] = KERNEL_STATS_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_IO_PORTS] = IO_PORT_RANGE_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_INTERRUPT] = INTERRUPT_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_MACHINE_CONTROL] = MACHINE_CONTROL_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_LEDGER] = LEDGER_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_TAP_FACTORY] = TAP_FACTORY_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_PAYLOAD_TAP_FACTORY] = PAYLOAD_TAP_FACTORY_INTERFACE_ID,
		[KERNEL_SOURCE_WHICH_NULL_CAP] = NULL_CAP_INTERFACE_ID,
	};

	return (uint32_t)which < sizeof(interfaces) / sizeof(interfaces[0]) ? interfaces[which] : 0;
}

/* Sources of which only one holder can be: they are moved on. */
static bool
is_exclusive(enum kernel_source_which which)
{
	return which == KERNEL_SOURCE_WHICH_IO_PORTS || which == KERNEL_SOURCE_WHICH_INTERRUPT;
}

static bool
is_same_source(struct kernel_source one, struct kernel_source other)
{
	struct kernel_source_io_ports one_ports = kernel_source_get_io_ports(one);
	struct kernel_source_io_ports other_ports = kernel_source_get_io_ports(other);

	if (kernel_source_which(one) != kernel_source_which(other))
		return false;
	if (kernel_source_which(one) == KERNEL_SOURCE_WHICH_IO_PORTS)
		return kernel_source_io_ports_base(one_ports) ==
		    kernel_source_io_ports_base(other_ports) &&
		    kernel_source_io_ports_count(one_ports) ==
		    kernel_source_io_ports_count(other_ports);
	return kernel_source_which(one) != KERNEL_SOURCE_WHICH_INTERRUPT ||
	    kernel_source_interrupt_line(kernel_source_get_interrupt(one)) ==
	    kernel_source_interrupt_line(kernel_source_get_interrupt(other));
}

static bool
is_binary(struct validation *v, struct capnp_text name)
{
	struct named_blob_list binaries = system_manifest_binaries(v->manifest);

	for (uint32_t i = 0; i < named_blob_list_size(binaries); i++)
		if (is_equal(named_blob_name(named_blob_at(binaries, i)), name))
			return true;
	return false;
}

static enum cap_status
check_binaries(struct validation *v)
{
	struct named_blob_list binaries = system_manifest_binaries(v->manifest);

	if (named_blob_list_size(binaries) > MANIFEST_BINARIES_MAX)
		return REFUSE(v, "binaries: more than %u", MANIFEST_BINARIES_MAX);
	for (uint32_t i = 0; i < named_blob_list_size(binaries); i++) {
		struct capnp_text name = named_blob_name(named_blob_at(binaries, i));
		const char *fault = name_fault(name);

		start_part(v);
		if (fault != NULL)
			return REFUSE(v, "binaries[%u].name: %s", i, fault);
		if (named_blob_data(named_blob_at(binaries, i)).size == 0)
			return REFUSE(v, "binaries[%u].data: there are no bytes", i);
		for (uint32_t j = 0; j < i; j++)
			if (is_equal(named_blob_name(named_blob_at(binaries, j)), name))
				return REFUSE(
				    v, "binaries[%u].name: binaries[%u] has it already", i, j);
	}
	return CAP_OK;
}

static enum cap_status
check_init_source(struct validation *v, struct kernel_source source, uint32_t index)
{
	struct kernel_source_io_ports ports = kernel_source_get_io_ports(source);
	uint32_t count = kernel_source_io_ports_count(ports);

	if (manifest_kernel_interface(kernel_source_which(source)) == 0)
		return REFUSE(v, "initConfig.init.caps[%u].kernel: no source is named", index);
	if (kernel_source_which(source) == KERNEL_SOURCE_WHICH_IO_PORTS &&
	    (count == 0 || kernel_source_io_ports_base(ports) + count > 0x10000))
		return REFUSE(
		    v, "initConfig.init.caps[%u].kernel.ioPorts: no range of ports", index);
	return CAP_OK;
}

static enum cap_status
check_init(struct validation *v)
{
	struct init_entry init = init_config_init(system_manifest_init_config(v->manifest));
	struct init_cap_list caps = init_entry_caps(init);

	if (!is_binary(v, init_entry_binary(init)))
		return REFUSE(v, "initConfig.init.binary: there is no such binary");
	if (init_cap_list_size(caps) > MANIFEST_CAPS_MAX)
		return REFUSE(v, "initConfig.init.caps: more than %u", MANIFEST_CAPS_MAX);
	for (uint32_t i = 0; i < init_cap_list_size(caps); i++) {
		struct capnp_text name = init_cap_name(init_cap_at(caps, i));
		const char *fault = name_fault(name);
		enum cap_status status;

		start_part(v);
		if (fault != NULL)
			return REFUSE(v, "initConfig.init.caps[%u].name: %s", i, fault);
		for (uint32_t j = 0; j < i; j++)
			if (is_equal(init_cap_name(init_cap_at(caps, j)), name))
				return REFUSE(v,
				    "initConfig.init.caps[%u].name: caps[%u] has it already", i, j);
		status = check_init_source(v, init_cap_kernel(init_cap_at(caps, i)), i);
		if (status != CAP_OK)
			return status;
	}
	return CAP_OK;
}

static bool
is_init_source(struct validation *v, struct kernel_source source)
{
	struct init_entry init = init_config_init(system_manifest_init_config(v->manifest));
	struct init_cap_list caps = init_entry_caps(init);

	for (uint32_t i = 0; i < init_cap_list_size(caps); i++)
		if (is_same_source(init_cap_kernel(init_cap_at(caps, i)), source))
			return true;
	return false;
}

/* True if a cap before this one takes the same source. */
static bool
is_taken(struct validation *v, uint32_t cap_index, struct kernel_source source)
{
	for (uint32_t i = 0; i <= v->service; i++) {
		struct service_cap_list caps = service_entry_caps(service_entry_at(v->services, i));
		uint32_t end = i == v->service ? cap_index : service_cap_list_size(caps);

		for (uint32_t j = 0; j < end; j++) {
			struct service_cap_source other =
			    service_cap_get_source(service_cap_at(caps, j));

			if (service_cap_source_which(other) == SERVICE_CAP_SOURCE_WHICH_KERNEL &&
			    is_same_source(service_cap_source_kernel(other), source))
				return true;
		}
	}
	return false;
}

static enum cap_status
check_kernel_source(
    struct validation *v, uint32_t index, struct kernel_source source, uint64_t *interface_id)
{
	*interface_id = manifest_kernel_interface(kernel_source_which(source));
	if (*interface_id == 0)
		return REFUSE_SERVICE(v, "caps[%u].source.kernel: no source is named", index);
	if (kernel_source_which(source) == KERNEL_SOURCE_WHICH_VIRTUAL_MEMORY)
		return REFUSE_SERVICE(v,
		    "caps[%u].source.kernel: virtualMemory cannot be handed on; say local", index);
	if (!is_init_source(v, source))
		return REFUSE_SERVICE(v, "caps[%u].source.kernel: init does not hold it", index);
	if (is_exclusive(kernel_source_which(source)) && is_taken(v, index, source))
		return REFUSE_SERVICE(
		    v, "caps[%u].source.kernel: another service has it, and there is one", index);
	return CAP_OK;
}

/* An export of a service that is started before. */
struct wanted_export {
	const char *source; /* the member of the union that asks for it */
	struct capnp_text service;
	struct capnp_text name;
};

static enum cap_status
check_export_source(struct validation *v, uint32_t index, const struct wanted_export *wanted,
    uint64_t *interface_id)
{
	for (uint32_t i = 0; i < v->service; i++) {
		struct service_entry entry = service_entry_at(v->services, i);
		struct service_export_list exports = service_entry_exports(entry);

		if (!is_equal(service_entry_name(entry), wanted->service))
			continue;
		for (uint32_t j = 0; j < service_export_list_size(exports); j++) {
			struct service_export export = service_export_at(exports, j);

			if (!is_equal(service_export_name(export), wanted->name))
				continue;
			*interface_id = service_export_interface_id(export);
			return CAP_OK;
		}
		return REFUSE_SERVICE(
		    v, "caps[%u].source.%s.export: there is no such export", index, wanted->source);
	}
	return REFUSE_SERVICE(v,
	    "caps[%u].source.%s.service: no service before this one has the name", index,
	    wanted->source);
}

static enum cap_status
check_service_source(struct validation *v, uint32_t index, struct service_cap_source_service source,
    uint64_t *interface_id)
{
	const struct wanted_export wanted = { "service", service_cap_source_service_service(source),
		service_cap_source_service_export(source) };

	return check_export_source(v, index, &wanted, interface_id);
}

static enum cap_status
check_supplier_source(struct validation *v, uint32_t index,
    struct service_cap_source_supplier source, uint64_t *interface_id)
{
	const struct wanted_export wanted = { "supplier",
		service_cap_source_supplier_service(source),
		service_cap_source_supplier_export(source) };
	uint64_t supplied;

	*interface_id = SUPPLIER_INTERFACE_ID;
	if (++v->supplier_count > MANIFEST_SUPPLIERS_MAX)
		return REFUSE_SERVICE(v, "caps[%u].source.supplier: more than %u of all services",
		    index, MANIFEST_SUPPLIERS_MAX);
	return check_export_source(v, index, &wanted, &supplied);
}

/* Zero: there is no such source. */
static uint64_t
local_interface(enum local_source local)
{
	switch (local) {
	case LOCAL_SOURCE_VIRTUAL_MEMORY:
		return VIRTUAL_MEMORY_INTERFACE_ID;
	case LOCAL_SOURCE_ENDPOINT:
		return ENDPOINT_INTERFACE_ID;
	case LOCAL_SOURCE_LEDGER:
		return LEDGER_INTERFACE_ID;
	default:
		return 0;
	}
}

static enum cap_status
check_launcher_source(struct validation *v, uint32_t index)
{
	struct service_entry entry = service_entry_at(v->services, v->service);

	if (service_entry_launchable(entry).count == 0)
		return REFUSE_SERVICE(
		    v, "caps[%u].source.launcher: `launchable` names no program", index);
	if (++v->launcher_count > MANIFEST_LAUNCHERS_MAX)
		return REFUSE_SERVICE(v, "caps[%u].source.launcher: more than %u of all services",
		    index, MANIFEST_LAUNCHERS_MAX);
	return CAP_OK;
}

/* What the source of a cap shows, or why there is no such source. */
static enum cap_status
check_source(struct validation *v, uint32_t index, struct service_cap cap, uint64_t *interface_id)
{
	struct service_cap_source source = service_cap_get_source(cap);

	switch (service_cap_source_which(source)) {
	case SERVICE_CAP_SOURCE_WHICH_KERNEL:
		return check_kernel_source(
		    v, index, service_cap_source_kernel(source), interface_id);
	case SERVICE_CAP_SOURCE_WHICH_SERVICE:
		return check_service_source(
		    v, index, service_cap_source_get_service(source), interface_id);
	case SERVICE_CAP_SOURCE_WHICH_LOCAL:
		*interface_id = local_interface(service_cap_source_local(source));
		if (*interface_id == 0)
			return REFUSE_SERVICE(
			    v, "caps[%u].source.local: no source is named", index);
		return CAP_OK;
	case SERVICE_CAP_SOURCE_WHICH_SUPPLIER:
		return check_supplier_source(
		    v, index, service_cap_source_get_supplier(source), interface_id);
	case SERVICE_CAP_SOURCE_WHICH_SUPERVISOR:
		*interface_id = SUPERVISOR_INTERFACE_ID;
		return CAP_OK;
	case SERVICE_CAP_SOURCE_WHICH_SPAWNER:
		*interface_id = PROCESS_SPAWNER_INTERFACE_ID;
		return CAP_OK;
	case SERVICE_CAP_SOURCE_WHICH_LAUNCHER:
		*interface_id = PROCESS_LAUNCHER_INTERFACE_ID;
		return check_launcher_source(v, index);
	default:
		return REFUSE_SERVICE(v, "caps[%u].source: no source is named", index);
	}
}

static enum cap_status
check_cap(struct validation *v, struct service_cap_list caps, uint32_t index)
{
	struct service_cap cap = service_cap_at(caps, index);
	uint64_t expected = service_cap_expected_interface_id(cap);
	const char *fault = name_fault(service_cap_name(cap));
	uint64_t interface_id = 0;
	enum cap_status status;

	start_part(v);
	if (fault != NULL)
		return REFUSE_SERVICE(v, "caps[%u].name: %s", index, fault);
	for (uint32_t i = 0; i < index; i++)
		if (is_equal(service_cap_name(service_cap_at(caps, i)), service_cap_name(cap)))
			return REFUSE_SERVICE(
			    v, "caps[%u].name: caps[%u] has it already", index, i);
	status = check_source(v, index, cap, &interface_id);
	if (status == CAP_OK && expected != 0 && expected != interface_id)
		return REFUSE_SERVICE(v,
		    "caps[%u].expectedInterfaceId: 0x%llx, but the source shows 0x%llx", index,
		    (unsigned long long)expected, (unsigned long long)interface_id);
	return status;
}

static enum cap_status
check_caps(struct validation *v, struct service_cap_list caps)
{
	if (service_cap_list_size(caps) > MANIFEST_CAPS_MAX)
		return REFUSE_SERVICE(v, "caps: more than %u", MANIFEST_CAPS_MAX);
	for (uint32_t i = 0; i < service_cap_list_size(caps); i++) {
		enum cap_status status = check_cap(v, caps, i);

		if (status != CAP_OK)
			return status;
	}
	return CAP_OK;
}

static bool
is_local_endpoint(struct service_cap_list caps, struct capnp_text name)
{
	for (uint32_t i = 0; i < service_cap_list_size(caps); i++) {
		struct service_cap cap = service_cap_at(caps, i);
		struct service_cap_source source = service_cap_get_source(cap);

		if (is_equal(service_cap_name(cap), name))
			return service_cap_source_which(source) == SERVICE_CAP_SOURCE_WHICH_LOCAL &&
			    service_cap_source_local(source) == LOCAL_SOURCE_ENDPOINT;
	}
	return false;
}

static enum cap_status
check_exports(struct validation *v, struct service_entry entry)
{
	struct service_export_list exports = service_entry_exports(entry);

	if (service_export_list_size(exports) > MANIFEST_EXPORTS_MAX)
		return REFUSE_SERVICE(v, "exports: more than %u", MANIFEST_EXPORTS_MAX);
	v->export_count += service_export_list_size(exports);
	if (v->export_count > MANIFEST_ALL_EXPORTS_MAX)
		return REFUSE_SERVICE(
		    v, "exports: more than %u of all services", MANIFEST_ALL_EXPORTS_MAX);
	for (uint32_t i = 0; i < service_export_list_size(exports); i++) {
		struct service_export export = service_export_at(exports, i);
		const char *fault = name_fault(service_export_name(export));

		start_part(v);
		if (fault != NULL)
			return REFUSE_SERVICE(v, "exports[%u].name: %s", i, fault);
		for (uint32_t j = 0; j < i; j++) {
			struct service_export other = service_export_at(exports, j);

			if (is_equal(service_export_name(other), service_export_name(export)))
				return REFUSE_SERVICE(
				    v, "exports[%u].name: exports[%u] has it already", i, j);
			if (is_equal(service_export_cap(other), service_export_cap(export)))
				return REFUSE_SERVICE(
				    v, "exports[%u].cap: exports[%u] shows it already", i, j);
		}
		if (!is_local_endpoint(service_entry_caps(entry), service_export_cap(export)))
			return REFUSE_SERVICE(
			    v, "exports[%u].cap: no local endpoint of this service", i);
		if (service_export_interface_id(export) == 0)
			return REFUSE_SERVICE(v, "exports[%u].interfaceId: it is zero", i);
	}
	return CAP_OK;
}

static struct capnp_text
text_at(struct capnp_list list, uint32_t index)
{
	return capnp_any_text(capnp_list_any(list, index));
}

static enum cap_status
check_launchable(struct validation *v, struct service_entry entry)
{
	struct capnp_list names = service_entry_launchable(entry);

	if (names.count > MANIFEST_LAUNCHABLE_MAX)
		return REFUSE_SERVICE(v, "launchable: more than %u", MANIFEST_LAUNCHABLE_MAX);
	for (uint32_t i = 0; i < names.count; i++) {
		start_part(v);
		if (!is_binary(v, text_at(names, i)))
			return REFUSE_SERVICE(v, "launchable[%u]: there is no such binary", i);
		for (uint32_t j = 0; j < i; j++)
			if (is_equal(text_at(names, j), text_at(names, i)))
				return REFUSE_SERVICE(
				    v, "launchable[%u]: launchable[%u] is the same", i, j);
	}
	return CAP_OK;
}

/* What was given away with the first process is not there for a second one. */
static bool
has_exclusive(struct service_cap_list caps)
{
	for (uint32_t i = 0; i < service_cap_list_size(caps); i++) {
		struct service_cap_source source = service_cap_get_source(service_cap_at(caps, i));

		if (service_cap_source_which(source) == SERVICE_CAP_SOURCE_WHICH_KERNEL &&
		    is_exclusive(kernel_source_which(service_cap_source_kernel(source))))
			return true;
	}
	return false;
}

static enum cap_status
check_restart(struct validation *v, struct service_entry entry)
{
	struct restart_policy policy = service_entry_restart(entry);

	if ((uint32_t)restart_policy_when(policy) > RESTART_WHEN_ALWAYS)
		return REFUSE_SERVICE(v, "%s", "restart.when: there is no such policy");
	if (restart_policy_max_restarts(policy) > MANIFEST_RESTARTS_MAX)
		return REFUSE_SERVICE(
		    v, "restart.maxRestarts: more than %u", MANIFEST_RESTARTS_MAX);
	if (restart_policy_when(policy) != RESTART_WHEN_NEVER &&
	    has_exclusive(service_entry_caps(entry)))
		return REFUSE_SERVICE(v, "%s",
		    "restart.when: its devices are gone with it; a driver is not started again");
	return CAP_OK;
}

static enum cap_status
check_watchdog(struct validation *v, struct service_entry entry)
{
	struct watchdog watchdog = service_entry_watchdog(entry);
	struct service_export_list exports = service_entry_exports(entry);

	if (watchdog_export(watchdog).size == 0)
		return CAP_OK;
	if (watchdog_every_ms(watchdog) == 0 || watchdog_deadline_ms(watchdog) == 0)
		return REFUSE_SERVICE(v, "%s", "watchdog: a time is zero");
	for (uint32_t i = 0; i < service_export_list_size(exports); i++) {
		struct service_export export = service_export_at(exports, i);

		if (is_equal(service_export_name(export), watchdog_export(watchdog)) &&
		    service_export_interface_id(export) == WATCHED_INTERFACE_ID)
			return CAP_OK;
	}
	return REFUSE_SERVICE(
	    v, "%s", "watchdog.export: no export of this service that shows Watched");
}

static enum cap_status
check_service(struct validation *v)
{
	struct service_entry entry = service_entry_at(v->services, v->service);
	const char *fault = name_fault(service_entry_name(entry));
	enum cap_status status;

	if (fault != NULL)
		return REFUSE_SERVICE(v, "name: %s", fault);
	for (uint32_t i = 0; i < v->service; i++)
		if (is_equal(service_entry_name(service_entry_at(v->services, i)),
			service_entry_name(entry)))
			return REFUSE_SERVICE(v, "name: services[%u] has it already", i);
	if (!is_binary(v, service_entry_binary(entry)))
		return REFUSE_SERVICE(v, "%s", "binary: there is no such binary");
	status = check_caps(v, service_entry_caps(entry));
	if (status == CAP_OK)
		status = check_exports(v, entry);
	if (status == CAP_OK)
		status = check_launchable(v, entry);
	if (status == CAP_OK)
		status = check_restart(v, entry);
	if (status == CAP_OK)
		status = check_watchdog(v, entry);
	return status;
}

static enum cap_status
check_services(struct validation *v)
{
	struct init_config config = system_manifest_init_config(v->manifest);
	uint32_t foreground_count = 0;

	if (service_entry_list_size(v->services) > MANIFEST_SERVICES_MAX)
		return REFUSE(v, "initConfig.services: more than %u", MANIFEST_SERVICES_MAX);
	if (service_entry_list_size(v->services) > 0 && !is_binary(v, CAPNP_TEXT("spawner")))
		return REFUSE(v, "binaries: no `spawner`, which starts the services");
	for (v->service = 0; v->service < service_entry_list_size(v->services); v->service++) {
		enum cap_status status;

		start_part(v);
		status = check_service(v);
		if (status != CAP_OK)
			return status;
		foreground_count +=
		    service_entry_foreground(service_entry_at(v->services, v->service));
	}
	if (foreground_count > 1)
		return REFUSE(v, "initConfig.services: more than one is in the foreground");
	if ((uint32_t)init_config_on_exit(config) > EXIT_POLICY_HALT_WHEN_ALL_END)
		return REFUSE(v, "initConfig.onExit: no policy is named");
	if (init_config_on_exit(config) == EXIT_POLICY_HALT_WHEN_FOREGROUND_ENDS &&
	    foreground_count == 0)
		return REFUSE(v, "initConfig.onExit: no service is in the foreground");
	return CAP_OK;
}

static enum cap_status
check_parameters(struct validation *v)
{
	struct help_topic_list topics =
	    kernel_params_help_topics(system_manifest_kernel_params(v->manifest));

	if (help_topic_list_size(topics) > MANIFEST_TOPICS_MAX)
		return REFUSE(v, "kernelParams.helpTopics: more than %u", MANIFEST_TOPICS_MAX);
	for (uint32_t i = 0; i < help_topic_list_size(topics); i++) {
		struct capnp_text name = help_topic_name(help_topic_at(topics, i));
		const char *fault = name_fault(name);

		start_part(v);
		if (fault != NULL)
			return REFUSE(v, "kernelParams.helpTopics[%u].name: %s", i, fault);
		for (uint32_t j = 0; j < i; j++)
			if (is_equal(help_topic_name(help_topic_at(topics, j)), name))
				return REFUSE(v,
				    "kernelParams.helpTopics[%u].name: helpTopics[%u] has it already",
				    i, j);
	}
	return CAP_OK;
}

enum cap_status
manifest_validate(struct system_manifest manifest, char *why, size_t why_bytes)
{
	static enum cap_status (*const parts[])(
	    struct validation *) = { check_binaries, check_init, check_services, check_parameters };
	struct capnp_reader *reader = manifest.s.reader;
	struct validation v = { .manifest = manifest, .why = why, .why_bytes = why_bytes };
	enum cap_status status = CAP_OK;

	v.traversal_words = reader->traversal_words;
	v.services = init_config_services(system_manifest_init_config(manifest));
	format_text(why, why_bytes, "%s", "");
	if (system_manifest_schema_version(manifest) != MANIFEST_SCHEMA_VERSION) {
		format_text(why, why_bytes, "schemaVersion: %u, but version %u is understood",
		    system_manifest_schema_version(manifest), MANIFEST_SCHEMA_VERSION);
		return CAP_ERR_UNSUPPORTED_VERSION;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && status == CAP_OK; i++) {
		start_part(&v);
		status = parts[i](&v);
	}
	/* What could not be read has been read as empty: whatever was said about it is not the
	 * reason. */
	if (capnp_reader_error(reader) != CAPNP_OK)
		return REFUSE(
		    &v, "the message is damaged: %s", capnp_error_name(capnp_reader_error(reader)));
	return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The methods of SystemInfo, and where their answers come from: see info.h. */
#include "info.h"

#include <schema/system_info.server.h>
#include <service/boot_package.h>
#include <string.h>

static enum cap_status
info_motd(struct system_info_server *info, struct system_info_motd_params params,
    struct system_info_motd_results_builder results, const struct capos_caller *caller)
{
	(void)params;
	(void)caller;
	system_info_motd_results_set_text(results, kernel_params_motd(info->params));
	return CAP_OK;
}

static enum cap_status
info_help_topics(struct system_info_server *info, struct system_info_help_topics_params params,
    struct system_info_help_topics_results_builder results, const struct capos_caller *caller)
{
	struct help_topic_list topics = kernel_params_help_topics(info->params);
	struct capnp_list_builder names =
	    system_info_help_topics_results_init_names(results, help_topic_list_size(topics));

	(void)params;
	(void)caller;
	for (uint32_t i = 0; i < help_topic_list_size(topics); i++)
		capnp_any_set_text(
		    capnp_list_any_builder(names, i), help_topic_name(help_topic_at(topics, i)));
	return CAP_OK;
}

static enum cap_status
info_help(struct system_info_server *info, struct system_info_help_params params,
    struct system_info_help_results_builder results, const struct capos_caller *caller)
{
	struct help_topic_list topics = kernel_params_help_topics(info->params);
	struct capnp_text wanted = system_info_help_params_topic(params);

	for (uint32_t i = 0; i < help_topic_list_size(topics); i++) {
		struct help_topic topic = help_topic_at(topics, i);
		struct capnp_text name = help_topic_name(topic);

		if (name.size != wanted.size || memcmp(name.data, wanted.data, name.size) != 0)
			continue;
		system_info_help_results_set_text(results, help_topic_text(topic));
		return CAP_OK;
	}
	return capos_fail(
	    caller, EXCEPTION_TYPE_FAILED, "there is no such topic; `help` lists them");
}

static enum cap_status
info_schema(struct system_info_server *info, struct system_info_schema_params params,
    struct system_info_schema_results_builder results, const struct capos_caller *caller)
{
	struct capos_cap cap = info->registry.cap;

	(void)params;
	(void)caller;
	if (cap.cap_id == 0)
		return CAP_ERR_NOT_FOUND;
	system_info_schema_results_set_registry(
	    results, (struct capnp_cap){ cap.cap_id, cap.interface_id, CAPNP_CAP_COPY });
	return CAP_OK;
}

static const struct system_info_methods methods = {
	.motd = info_motd,
	.help_topics = info_help_topics,
	.help = info_help,
	.schema = info_schema,
};
SYSTEM_INFO_SERVE_WITH(methods)

enum cap_status
info_start(struct system_info_server *info, struct capos *self)
{
	struct virtual_memory memory;
	struct boot_package package;

	CAPOS_TRY(virtual_memory_from_capset(self, "vm", &memory));
	CAPOS_TRY(boot_package_from_capset(self, "package", &package));
	CAPOS_TRY(boot_package_open(package, memory, &info->package));
	info->params = system_manifest_kernel_params(system_manifest_root(&info->package));
	/* A system may be without one. */
	if (schema_registry_from_capset(self, "schema", &info->registry) != CAP_OK)
		info->registry.cap.cap_id = 0;
	return CAP_OK;
}

struct capos_interface
info_interface(struct system_info_server *info)
{
	return system_info_interface(info);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Watchdogs: a pause, a ping, a pause. A service that does not answer in time is killed. */
#include <string.h>

#include "init.h"

#define MILLISECOND UINT64_C(1000000)

static void pause_begin(struct init_service *service);

static struct watchdog
watchdog_of(const struct init_service *service)
{
	return service_entry_watchdog(init_service_entry(service));
}

static void
send(struct init_service *service, void (*on_done)(struct capos_call *call, void *context))
{
	service->watch.on_done = on_done;
	service->watch.context = service;
	if (capos_call_send(&service->watch) == CAP_OK)
		return;
	capos_call_end(&service->watch);
	init_log(service->init, "init: %.*s is not watched any more", (int)service->name.size,
	    service->name.data);
}

static struct capos_cap
watched_export(const struct init_service *service)
{
	struct init_state *init = service->init;
	struct capnp_text name = watchdog_export(watchdog_of(service));

	for (uint32_t i = 0; i < init->export_count; i++)
		if (init->exports[i].service == service->index &&
		    init->exports[i].name.size == name.size &&
		    memcmp(init->exports[i].name.data, name.data, name.size) == 0)
			return init->exports[i].client;
	return (struct capos_cap){ 0 };
}

static void
pinged(struct capos_call *call, void *context)
{
	struct init_service *service = context;
	enum cap_status status = capos_call_wait(call);

	capos_call_end(call);
	if (service->status != SERVICE_STATUS_RUNNING)
		return;
	if (status == CAP_OK) {
		pause_begin(service);
		return;
	}
	init_log(service->init, "init: %.*s does not answer: it is killed", (int)service->name.size,
	    service->name.data);
	status = init_service_kill(service);
	if (status != CAP_OK)
		init_log(service->init, "init: and cannot be: %s", cap_status_sentence(status));
}

static void
pause_over(struct capos_call *call, void *context)
{
	struct init_service *service = context;

	capos_call_end(call);
	if (service->status != SERVICE_STATUS_RUNNING)
		return;
	(void)watched_alive_begin(&service->watch, (struct watched){ watched_export(service) });
	service->watch.deadline_ns = capos_now(service->init->self) +
	    watchdog_deadline_ms(watchdog_of(service)) * MILLISECOND;
	send(service, pinged);
}

static void
pause_begin(struct init_service *service)
{
	timer_sleep_until_params_set_deadline_ns(
	    timer_sleep_until_begin(&service->watch, service->init->timer),
	    capos_now(service->init->self) + watchdog_every_ms(watchdog_of(service)) * MILLISECOND);
	send(service, pause_over);
}

void
init_watch_begin(struct init_service *service)
{
	if (watchdog_export(watchdog_of(service)).size != 0)
		pause_begin(service);
}

void
init_watch_end(struct init_service *service)
{
	if (service->watch.state != CAPOS_CALL_SENT)
		return;
	service->watch.on_done = NULL;
	capos_call_end(&service->watch);
}

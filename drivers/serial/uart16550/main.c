/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver process of a 16550 UART. CapSet: `ports` (IoPortRange, 8 ports), `interrupt`
 * (Interrupt), `notifications` (NotificationFactory), `serial` (Endpoint: serves SerialPort).
 */
#include <capos/capos.h>
#include <capos/notification.h>
#include <driver/port_io.h>
#include <schema/device.client.h>
#include <schema/device.server.h>
#include <service/serve.h>

#include "uart.h"
#include "uart_regs.h"

#define READ_BYTES_MAX 1024
#define FIRED UINT64_C(1) /* the bit that the interrupt sets */

CAPOS_LARGE_MESSAGES(2);

struct serial_port_server {
	struct service service;
	struct service_endpoint endpoint;
	struct uart uart;
	uint16_t base;
	struct interrupt interrupt;
	struct notification notification;
	struct capos_event event;   /* always in flight: a wait for FIRED */
	struct capos_ticket reader; /* call_id 0: nobody reads */
	struct capos_ticket writer; /* call_id 0: nobody writes */
	uint32_t read_bytes_max;
};

static struct serial_port_server driver;

static uint8_t
read_register(void *context, uint16_t offset)
{
	(void)context;
	return port_read8((uint16_t)(driver.base + offset));
}

static void
write_register(void *context, uint16_t offset, uint8_t value)
{
	(void)context;
	port_write8((uint16_t)(driver.base + offset), value);
}

static void
fill_read(struct serial_port_server *server, struct serial_port_read_results_builder results)
{
	uint32_t available = uart_received(&server->uart);
	uint32_t size = available < server->read_bytes_max ? available : server->read_bytes_max;
	uint8_t *bytes = serial_port_read_results_init_data(results, size);

	if (bytes != NULL)
		(void)uart_read(&server->uart, bytes, size);
	serial_port_read_results_set_dropped(results, server->uart.dropped);
}

static void
fill_read_answer(struct capnp_builder *results, void *context)
{
	fill_read(context, serial_port_read_results_init_root(results));
}

static void
fill_write_answer(struct capnp_builder *results, void *context)
{
	(void)context;
	(void)serial_port_write_results_init_root(results);
}

/* A caller that has given up is no failure of the driver. */
static void
check_reply(enum cap_status status)
{
	if (status != CAP_OK && status != CAP_ERR_CALL_GONE)
		service_stop(&driver.service, 1);
}

static void
answer_waiters(void)
{
	struct capos_ticket ticket;

	if (driver.reader.call_id != 0 && uart_received(&driver.uart) != 0) {
		ticket = driver.reader;
		driver.reader.call_id = 0;
		check_reply(capos_reply(ticket, fill_read_answer, &driver));
	}
	if (driver.writer.call_id != 0 && uart_is_sent(&driver.uart)) {
		ticket = driver.writer;
		driver.writer.call_id = 0;
		check_reply(capos_reply(ticket, fill_write_answer, &driver));
	}
}

static void on_fired(struct capos_event *event, void *context);

static enum cap_status
wait_for_interrupt(void)
{
	CAPOS_TRY(capos_wait_send(&driver.event, driver.notification, FIRED, 0));
	driver.event.on_done = on_fired;
	return CAP_OK;
}

/*
 * The line is masked until it is acknowledged, and edges are lost meanwhile: what came in between
 * is looked for behind the acknowledgement.
 */
static void
on_fired(struct capos_event *event, void *context)
{
	enum cap_status status = (enum cap_status)event->result;

	(void)context;
	uart_interrupt(&driver.uart);
	if (status == CAP_OK)
		status = interrupt_acknowledge(driver.interrupt);
	uart_interrupt(&driver.uart);
	answer_waiters();
	if (status == CAP_OK)
		status = wait_for_interrupt();
	if (status != CAP_OK)
		service_stop(&driver.service, 1);
}

static enum cap_status
serial_read(struct serial_port_server *server, struct serial_port_read_params params,
    struct serial_port_read_results_builder results, const struct capos_caller *caller)
{
	uint32_t bytes_max = serial_port_read_params_max_bytes(params);

	if (bytes_max == 0 || bytes_max > READ_BYTES_MAX)
		return CAP_ERR_INVALID_ARGUMENT;
	if (server->reader.call_id != 0)
		return CAP_ERR_ALREADY_WAITING;
	server->read_bytes_max = bytes_max;
	if (uart_received(&server->uart) == 0) {
		server->reader = capos_defer(caller);
		return CAPOS_DEFERRED;
	}
	fill_read(server, results);
	return CAP_OK;
}

static enum cap_status
serial_write(struct serial_port_server *server, struct serial_port_write_params params,
    struct serial_port_write_results_builder results, const struct capos_caller *caller)
{
	struct capnp_data data = serial_port_write_params_data(params);

	(void)results;
	if (data.size > UART_TRANSMIT_BYTES)
		return CAP_ERR_MESSAGE_TOO_LARGE;
	if (!uart_write(&server->uart, data.data, data.size))
		return CAP_ERR_ALREADY_WAITING;
	if (uart_is_sent(&server->uart))
		return CAP_OK;
	server->writer = capos_defer(caller);
	return CAPOS_DEFERRED;
}

static enum cap_status
serial_discard_input(struct serial_port_server *server,
    struct serial_port_discard_input_params params,
    struct serial_port_discard_input_results_builder results, const struct capos_caller *caller)
{
	(void)params;
	(void)results;
	(void)caller;
	uart_discard(&server->uart);
	return CAP_OK;
}

static const struct serial_port_methods methods = {
	.read = serial_read,
	.write = serial_write,
	.discard_input = serial_discard_input,
};
SERIAL_PORT_SERVE_WITH(methods)

/* The interrupt sets a bit that we wait for. */
static enum cap_status
start_interrupt(struct capos *self)
{
	struct notification_factory factory;
	struct signaller signaller;

	CAPOS_TRY(interrupt_from_capset(self, "interrupt", &driver.interrupt));
	CAPOS_TRY(notification_factory_from_capset(self, "notifications", &factory));
	CAPOS_TRY(notification_factory_create(factory, &driver.notification));
	CAPOS_TRY(notification_signaller(driver.notification, &signaller));
	CAPOS_TRY(interrupt_notify(driver.interrupt,
	    (struct capnp_cap){ signaller.cap.cap_id, signaller.cap.interface_id, CAPNP_CAP_COPY },
	    FIRED));
	/* The interrupt keeps one of its own. */
	capos_release(signaller.cap);
	capos_release(factory.cap);
	return CAP_OK;
}

static enum cap_status
start(struct capos *self)
{
	struct io_port_range ports;
	struct capos_cap endpoint;
	uint16_t count;

	service_init(&driver.service, self);
	CAPOS_TRY(io_port_range_from_capset(self, "ports", &ports));
	CAPOS_TRY(start_interrupt(self));
	CAPOS_TRY(capos_capset_find(self, "serial", ENDPOINT_INTERFACE_ID, &endpoint));
	CAPOS_TRY(io_port_range_info(ports, &driver.base, &count));
	if (count < UART_PORT_COUNT)
		return CAP_ERR_INVALID_ARGUMENT;
	CAPOS_TRY(io_port_range_enable(ports));
	if (!uart_start(
		&driver.uart, (struct uart_registers){ read_register, write_register, NULL }))
		return CAP_ERR_DEVICE_FAILED;
	CAPOS_TRY(interrupt_acknowledge(driver.interrupt));
	/* What was typed before the line was unmasked gives no interrupt. */
	uart_interrupt(&driver.uart);
	CAPOS_TRY(wait_for_interrupt());
	return service_add(&driver.service, &driver.endpoint, endpoint,
	    serial_port_interface(&driver), CAPOS_BLOCK_LARGE);
}

int
capos_main(struct capos *self)
{
	enum cap_status status = start(self);

	if (status != CAP_OK)
		capos_panic(self, "uart16550: %s", cap_status_sentence(status));
	return service_run(&driver.service);
}

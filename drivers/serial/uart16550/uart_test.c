/* SPDX-License-Identifier: Apache-2.0 */
/* The UART driver against a small model of the device. */
#include "uart.h"

#include "uart_regs.h"

#include <string.h>

#include "base/test.h"

struct model {
	uint8_t scratch;
	uint8_t interrupt_enable;
	uint8_t line_control;
	bool absent;
	bool busy; /* the transmitter is not empty */
	bool overrun;
	uint8_t input[8192];
	uint32_t input_head;
	uint32_t input_tail;
	uint8_t output[8192];
	uint32_t output_bytes;
	uint32_t fifo_bytes; /* written since the transmitter was last empty */
};

static struct model model;
static struct uart uart;

static uint8_t
line_status(struct model *device)
{
	uint8_t status = 0;

	if (device->input_head != device->input_tail)
		status |= UART_STATUS_RECEIVED;
	if (device->overrun)
		status |= UART_STATUS_OVERRUN;
	if (!device->busy)
		status |= UART_STATUS_TRANSMIT_EMPTY;
	device->overrun = false;
	return status;
}

static uint8_t
model_read(void *context, uint16_t offset)
{
	struct model *device = context;

	if (device->absent)
		return 0xff;
	switch (offset) {
	case UART_DATA:
		return device->input[device->input_head++];
	case UART_LINE_STATUS:
		return line_status(device);
	case UART_SCRATCH:
		return device->scratch;
	default:
		return 0;
	}
}

static void
model_write(void *context, uint16_t offset, uint8_t value)
{
	struct model *device = context;
	bool divisor = (device->line_control & UART_LINE_DIVISOR_ACCESS) != 0;

	switch (offset) {
	case UART_DATA:
		if (divisor)
			break;
		CHECK(device->fifo_bytes < UART_TRANSMIT_FIFO_BYTES);
		device->output[device->output_bytes++] = value;
		device->fifo_bytes++;
		device->busy = true;
		break;
	case UART_INTERRUPT_ENABLE:
		if (!divisor)
			device->interrupt_enable = value;
		break;
	case UART_LINE_CONTROL:
		device->line_control = value;
		break;
	case UART_SCRATCH:
		device->scratch = value;
		break;
	default:
		break;
	}
}

static void
start(void)
{
	memset(&model, 0, sizeof(model));
	CHECK(uart_start(&uart, (struct uart_registers){ model_read, model_write, &model }));
}

static void
device_sent(void)
{
	model.busy = false;
	model.fifo_bytes = 0;
}

static void
device_receives(const char *text)
{
	for (; *text != '\0'; text++)
		model.input[model.input_tail++] = (uint8_t)*text;
}

TEST(a_missing_device_is_refused)
{
	memset(&model, 0, sizeof(model));
	model.absent = true;
	CHECK(!uart_start(&uart, (struct uart_registers){ model_read, model_write, &model }));
}

TEST(received_bytes_are_read_in_order)
{
	uint8_t bytes[16] = { 0 };

	start();
	device_receives("hello");
	uart_interrupt(&uart);
	CHECK_EQ(uart_received(&uart), 5);
	CHECK_EQ(uart_read(&uart, bytes, 2), 2);
	CHECK_EQ(uart_read(&uart, bytes + 2, sizeof(bytes) - 2), 3);
	CHECK(memcmp(bytes, "hello", 5) == 0);
	CHECK_EQ(uart_read(&uart, bytes, sizeof(bytes)), 0);
}

TEST(bytes_that_nobody_reads_are_dropped_and_counted)
{
	start();
	for (int i = 0; i < UART_RECEIVE_BYTES + 3; i++)
		device_receives("x");
	uart_interrupt(&uart);
	uart_interrupt(&uart);
	CHECK_EQ(uart_received(&uart), UART_RECEIVE_BYTES);
	CHECK_EQ(uart.dropped, 3);
	model.overrun = true;
	uart_interrupt(&uart);
	CHECK_EQ(uart.dropped, 4);
}

TEST(a_long_write_goes_out_in_fifo_sized_parts)
{
	uint8_t bytes[40];
	int interrupts = 0;

	start();
	memset(bytes, 'w', sizeof(bytes));
	CHECK(uart_write(&uart, bytes, sizeof(bytes)));
	CHECK(model.interrupt_enable & UART_INTERRUPT_TRANSMIT_EMPTY);
	while (!uart_is_sent(&uart) && interrupts < 10) {
		device_sent();
		uart_interrupt(&uart);
		interrupts++;
	}
	CHECK_EQ(interrupts, 2);
	CHECK_EQ(model.output_bytes, sizeof(bytes));
	CHECK(!(model.interrupt_enable & UART_INTERRUPT_TRANSMIT_EMPTY));
}

TEST(a_second_write_and_one_that_is_too_long_are_refused)
{
	static uint8_t bytes[UART_TRANSMIT_BYTES + 1];

	start();
	CHECK(!uart_write(&uart, bytes, sizeof(bytes)));
	CHECK_EQ(model.output_bytes, 0);
	CHECK(uart_write(&uart, bytes, 100));
	CHECK(!uart_write(&uart, bytes, 1));
	CHECK_EQ(model.output_bytes, UART_TRANSMIT_FIFO_BYTES);
}

TEST(a_busy_transmitter_is_not_fed)
{
	start();
	model.busy = true;
	CHECK(uart_write(&uart, (const uint8_t *)"ab", 2));
	CHECK_EQ(model.output_bytes, 0);
	CHECK(!uart_is_sent(&uart));
	device_sent();
	uart_interrupt(&uart);
	CHECK(uart_is_sent(&uart));
}

TEST(discarded_input_is_gone_from_memory)
{
	start();
	device_receives("secret");
	uart_interrupt(&uart);
	uart_discard(&uart);
	CHECK_EQ(uart_received(&uart), 0);
	CHECK(memmem(uart.receive, sizeof(uart.receive), "secret", 6) == NULL);
}

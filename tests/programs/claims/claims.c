/* SPDX-License-Identifier: Apache-2.0 */
/* Reporting of test programs; see claims.h. */
#include "claims.h"

#include <capos/ring.h>
#include <core/format.h>
#include <schema/console.client.h>

static void
report(struct claims *claims, const char *line)
{
	struct console console;

	/* The program may have used the ring by itself since: then the client knows of nothing. */
	if (capos_in_flight(claims->self) == 0)
		capos_ring_resync(claims->self);
	if (console_from_capset(claims->self, "console", &console) != CAP_OK)
		return;
	if (console_write_line(console, capnp_text_from_string(line)) != CAP_OK)
		claims->failed++;
}

void
claims_start(struct claims *claims, struct capos *self, const char *program)
{
	*claims = (struct claims){ .self = self, .program = program };
}

void
claim(struct claims *claims, const char *text, bool holds)
{
	char line[200];

	format_text(
	    line, sizeof(line), "%s: %s %s", claims->program, holds ? "holds:" : "FAILED:", text);
	if (holds)
		claims->held++;
	else
		claims->failed++;
	report(claims, line);
}

void
claim_equal(struct claims *claims, const char *text, int64_t actual, int64_t expected)
{
	char line[200];

	claim(claims, text, actual == expected);
	if (actual == expected)
		return;
	format_text(line, sizeof(line), "%s:   it is %lld, expected %lld", claims->program,
	    (long long)actual, (long long)expected);
	report(claims, line);
}

int
claims_end(struct claims *claims)
{
	char line[120];

	format_text(line, sizeof(line), "%s: %d claims hold, %d failed", claims->program,
	    claims->held, claims->failed);
	report(claims, line);
	return claims->failed > 100 ? 100 : claims->failed;
}

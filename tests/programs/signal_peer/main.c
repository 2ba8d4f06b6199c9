/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of a notification round trip: sends back the bits that it gets, until the highest
 * one is among them. CapSet: `mine` (Notification), `yours` (Signaller). */
#include <capos/capos.h>
#include <capos/notification.h>

#define STOP (UINT64_C(1) << 63)
#define STOPPED 7

int
capos_main(struct capos *self)
{
	struct notification mine;
	struct signaller yours;

	if (notification_from_capset(self, "mine", &mine) != CAP_OK ||
	    signaller_from_capset(self, "yours", &yours) != CAP_OK)
		return 1;
	for (;;) {
		uint64_t bits;

		if (capos_notification_wait(mine, UINT64_MAX, 0, &bits) != CAP_OK)
			return 2;
		if (bits & STOP)
			return STOPPED;
		capos_signal_later(yours, bits);
	}
}

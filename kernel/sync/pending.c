/* SPDX-License-Identifier: Apache-2.0 */
/* What the CPUs have to look at; see pending.h. */
#include "sync/pending.h"

struct pending pending_work[CPU_COUNT_MAX];

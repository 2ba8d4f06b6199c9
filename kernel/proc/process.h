/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Processes. The fields that others see are in cap/process.h; the ones behind them are private to proc/: process_internal.h. */
#include "cap/process.h"

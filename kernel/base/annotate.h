/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Attributes that the compiler checks: results that must be looked at, and which lock guards what
 * (clang's thread safety analysis; locks are named by address: GUARDED_BY(&lock)).
 */
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(string, first) __attribute__((__format__(__printf__, string, first)))
#define NO_INLINE __attribute__((noinline))
/* Called from elsewhere, and worth a copy in each caller: on the path of a call or a switch. */
#define HOT_INLINE __attribute__((always_inline))
/* Known from elsewhere, and not checked here: what follows is made without it. */
#define ASSUME(condition) __builtin_assume(condition)
/*
 * Never returns, and keeps nobody's registers: those of the thread are saved already. An argument
 * is in R12.
 */
#if __has_feature(address_sanitizer)
#define KERNEL_ENTRY _Noreturn
#else
#define KERNEL_ENTRY _Noreturn __attribute__((preserve_none))
#endif
#define COLD __attribute__((cold, noinline))

#define LOCKABLE __attribute__((capability("spinlock")))
#define GUARDED_BY(...) __attribute__((guarded_by(__VA_ARGS__)))
#define REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define ACQUIRES(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define TRY_ACQUIRES(...) __attribute__((try_acquire_capability(__VA_ARGS__)))
#define RELEASES(...) __attribute__((release_capability(__VA_ARGS__)))
#define EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define NO_LOCK_ANALYSIS __attribute__((no_thread_safety_analysis))

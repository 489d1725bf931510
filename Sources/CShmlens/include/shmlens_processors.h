/*
 * Threads that begin on another processor than the one that makes them.
 *
 * Left to itself the scheduler often puts a new thread behind the one that made it, and only moves it to an idle processor
 * after some milliseconds: by then work that takes ten of them is done. All of it may be called from any thread.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

/* The processors that a thread may run on. */
struct shmlens_processors {
    uint64_t mask[16];
};

/* Where the calling thread may run, and on how many processors. EINVAL on hosts of more than 1,024 of them. */
int shmlens_allowed_processors(struct shmlens_processors *processors, int32_t *count);

/* Lets the calling thread run on all of some processors. */
int shmlens_run_on(const struct shmlens_processors *processors);

/* Moves the calling thread to one processor, and keeps it there: when it returns, it runs there. EINVAL where there is no such
 * one, or its cpuset lacks it. Where something more urgent runs there it does not return before that is done. */
int shmlens_run_on_one(int32_t processor);

/* pthread_create(3) of a thread that begins on one of some processors, but not on that which the caller is on now; on any
 * where there is no other. What it does first should be shmlens_run_on(): the processor may be busy with what is more
 * urgent. */
int shmlens_start_elsewhere(
    pthread_t *thread, const struct shmlens_processors *processors, void *(*body)(void *), void *argument);


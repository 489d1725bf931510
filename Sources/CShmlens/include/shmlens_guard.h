/*
 * Survives SIGBUS in mapped segments.
 *
 * A shared-memory object can be cut short by anyone who may write it, and the next touch of the lost pages is a
 * SIGBUS (mmap(2)). A program that registered its mappings here goes on instead: the handler puts an empty private
 * page where the fault was and notes that the mapping is lost; whoever touched it asks afterwards and gives up.
 *
 * The page with the segment's mutex needs more than zeros: while a robust mutex is held, its words are links of the
 * thread's robust list, which unlocking follows. So its holder leaves a copy of those words here.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { shmlens_guard_ranges = 1024, shmlens_guard_mutex_bytes = 64 };

/* Installs the handler for the whole process. A SIGBUS outside every registered range ends the process as before.
 * 0 or an error number of sigaction(2). May be called again. */
int shmlens_guard_install(void);

/* Whether it is installed. */
int shmlens_guard_is_installed(void);

/* Registers a mapping. `mutex_offset` is where the mutex stands in it.
 * Its number, or -1 where all are taken. Any thread. */
int shmlens_guard_add(void *start, size_t length, size_t mutex_offset);

/* Forgets a mapping, before it is unmapped. */
void shmlens_guard_remove(int number);

/* Keeps the mutex' words, by the thread that has just locked it; forgets them, by the one that has just unlocked it,
 * unless another has left its own since. */
void shmlens_guard_hold(int number, uint32_t thread);
void shmlens_guard_drop(int number, uint32_t thread);

/* Whether any of the mapping's pages had to be replaced. It never becomes whole again. */
int shmlens_guard_is_lost(int number);

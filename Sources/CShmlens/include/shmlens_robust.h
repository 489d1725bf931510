/*
 * The calling thread's list of the robust mutexes that it holds (get_robust_list(2), glibc nptl/descr.h).
 *
 * glibc keeps the list's nodes inside the mutexes, which for ours is memory that others can write; its head is the
 * thread's own. The last mutex taken is the first of the list: so the head alone says whether a mutex is really held as
 * a robust one, and what stood before it, whatever became of the mutex' own words.
 */
#pragma once

#include <pthread.h>
#include <stdint.h>

/* The list's first node, as the head has it; 0 where it cannot be told. */
uintptr_t shmlens_robust_first(void);

/* What the list's last node leads to, and the head where there is none. */
uintptr_t shmlens_robust_end(void);

/* The node of a mutex, as the list would name it. */
uintptr_t shmlens_robust_node(const pthread_mutex_t *mutex);

/* Whether the node's own links are still those of the first of the list, with `next` behind it. */
int shmlens_robust_links_are(const pthread_mutex_t *mutex, uintptr_t next);

/* Takes a mutex that is the first of the list out of it, without looking at its links, and gives it back as one whose
 * owner died holding it: the next to take it is told. `next` is what was first when it was taken, `tid` who has it; where
 * the word names another by now, it stays. All who sleep on it are woken. Killed anywhere in here, the thread leaves the
 * same: the kernel is told what it is about. */
void shmlens_robust_bequeath(pthread_mutex_t *mutex, uintptr_t next, uint32_t tid);

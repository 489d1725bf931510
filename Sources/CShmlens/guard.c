#include "shmlens_guard.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* All that the handler reads is lock-free, since it may interrupt any of the functions below. */
struct range {
    _Atomic uintptr_t start; /* 0: free; 1: being filled in */
    _Atomic size_t length;
    _Atomic size_t mutex_offset;
    _Atomic uint32_t holder; /* thread id; 0: nobody */
    _Atomic int is_lost;
    unsigned char mutex[shmlens_guard_mutex_bytes];
};

static struct range ranges[shmlens_guard_ranges];
static _Atomic int is_installed;
static uintptr_t page_bytes;

/* Back to what the system does. Returning runs a faulting instruction again; what somebody sent comes once more. */
static void give_up(int is_sent) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = SIG_DFL;
    sigaction(SIGBUS, &action, NULL);
    if (is_sent) raise(SIGBUS);
}

static void handle(int number, siginfo_t *info, void *context) {
    (void)number;
    (void)context;
    int saved_errno = errno;
    /* Sent by a process, not by a fault: there is no address (sigaction(2)). */
    if (info->si_code <= 0) {
        give_up(1);
        errno = saved_errno;
        return;
    }
    uintptr_t address = (uintptr_t)info->si_addr;
    for (int i = 0; i < shmlens_guard_ranges; i++) {
        uintptr_t start = atomic_load(&ranges[i].start);
        if (start < 2 || address < start || address - start >= atomic_load(&ranges[i].length)) continue;
        uintptr_t page = address & ~(page_bytes - 1);
        void *fresh = mmap((void *)page, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                           -1, 0);
        if (fresh == MAP_FAILED) break;
        uintptr_t mutex = start + atomic_load(&ranges[i].mutex_offset);
        if (atomic_load(&ranges[i].holder) != 0 && (mutex & ~(page_bytes - 1)) == page)
            memcpy((void *)mutex, ranges[i].mutex, shmlens_guard_mutex_bytes);
        atomic_store(&ranges[i].is_lost, 1);
        errno = saved_errno;
        return;
    }
    give_up(0);
    errno = saved_errno;
}

int shmlens_guard_install(void) {
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, &action, NULL) != 0) return errno;
    atomic_store(&is_installed, 1);
    return 0;
}

int shmlens_guard_is_installed(void) { return atomic_load(&is_installed); }

int shmlens_guard_add(void *start, size_t length, size_t mutex_offset) {
    for (int i = 0; i < shmlens_guard_ranges; i++) {
        uintptr_t expected = 0;
        if (!atomic_compare_exchange_strong(&ranges[i].start, &expected, 1)) continue;
        atomic_store(&ranges[i].length, length);
        atomic_store(&ranges[i].mutex_offset, mutex_offset);
        atomic_store(&ranges[i].holder, 0);
        atomic_store(&ranges[i].is_lost, 0);
        atomic_store(&ranges[i].start, (uintptr_t)start);
        return i;
    }
    return -1;
}

void shmlens_guard_remove(int number) { atomic_store(&ranges[number].start, 0); }

void shmlens_guard_hold(int number, uint32_t thread) {
    struct range *range = &ranges[number];
    memcpy(range->mutex, (void *)(atomic_load(&range->start) + atomic_load(&range->mutex_offset)),
           shmlens_guard_mutex_bytes);
    atomic_store(&range->holder, thread);
}

void shmlens_guard_drop(int number, uint32_t thread) {
    atomic_compare_exchange_strong(&ranges[number].holder, &thread, 0);
}

int shmlens_guard_is_lost(int number) { return atomic_load(&ranges[number].is_lost); }

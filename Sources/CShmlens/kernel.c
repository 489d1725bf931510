#include "shmlens_kernel.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/magic.h>
#include <linux/memfd.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

/* A futex call passes its timespec straight to the kernel, which reads two 64-bit words. */
_Static_assert(sizeof(void *) == 8, "64-bit Linux only");
_Static_assert(sizeof(struct timespec) == 16, "the kernel's 64-bit timespec");
_Static_assert(sizeof(struct shmlens_file) == 88, "no padding that would cross the boundary unset");
_Static_assert(offsetof(struct dirent64, d_name) == 19, "getdents64's layout, as the header describes it");

_Static_assert(SHMLENS_AT_FDCWD == AT_FDCWD, "fcntl.h");
_Static_assert(SHMLENS_O_NOATIME == O_NOATIME, "fcntl.h");
_Static_assert(SHMLENS_O_PATH == O_PATH, "fcntl.h");
_Static_assert(SHMLENS_O_TMPFILE == O_TMPFILE, "fcntl.h");
_Static_assert(SHMLENS_SEEK_DATA == SEEK_DATA, "unistd.h");
_Static_assert(SHMLENS_SEEK_HOLE == SEEK_HOLE, "unistd.h");
_Static_assert(SHMLENS_MFD_CLOEXEC == MFD_CLOEXEC, "linux/memfd.h");
_Static_assert(SHMLENS_MFD_ALLOW_SEALING == MFD_ALLOW_SEALING, "linux/memfd.h");
_Static_assert(SHMLENS_SEAL_SEAL == F_SEAL_SEAL, "fcntl.h");
_Static_assert(SHMLENS_SEAL_SHRINK == F_SEAL_SHRINK, "fcntl.h");
_Static_assert(SHMLENS_SEAL_GROW == F_SEAL_GROW, "fcntl.h");
_Static_assert(SHMLENS_SEAL_WRITE == F_SEAL_WRITE, "fcntl.h");
_Static_assert(SHMLENS_SEAL_FUTURE_WRITE == F_SEAL_FUTURE_WRITE, "fcntl.h");
#if defined(__x86_64__)
_Static_assert(SHMLENS_ELF_MACHINE == EM_X86_64, "elf.h");
#elif defined(__aarch64__)
_Static_assert(SHMLENS_ELF_MACHINE == EM_AARCH64, "elf.h");
#elif defined(__riscv)
_Static_assert(SHMLENS_ELF_MACHINE == EM_RISCV, "elf.h");
#endif

enum { nanoseconds_per_second = 1000000000 };

/* A negative time stays negative in both words, which the kernel and glibc refuse with EINVAL. */
static struct timespec timespec_of(int64_t nanoseconds) {
    struct timespec time = {
        .tv_sec = nanoseconds / nanoseconds_per_second,
        .tv_nsec = nanoseconds % nanoseconds_per_second,
    };
    return time;
}

static int error_of(long result) {
    return result < 0 ? errno : 0;
}

/* ---- Waiting -------------------------------------------------------------------------------------------- */

int shmlens_futex_wait_for(const uint32_t *word, uint32_t expected, int64_t nanoseconds) {
    struct timespec timeout = timespec_of(nanoseconds);
    return error_of(syscall(SYS_futex, word, FUTEX_WAIT, expected, &timeout, NULL, 0));
}

int shmlens_futex_wait_until(const uint32_t *word, uint32_t expected, int64_t monotonic_nanoseconds) {
    struct timespec deadline = timespec_of(monotonic_nanoseconds);
    return error_of(syscall(
        SYS_futex, word, FUTEX_WAIT_BITSET, expected, &deadline, NULL, FUTEX_BITSET_MATCH_ANY));
}

int shmlens_futex_wake(const uint32_t *word, int32_t count, int32_t *woken) {
    long result = syscall(SYS_futex, word, FUTEX_WAKE, count, NULL, NULL, 0);
    if (result < 0) return errno;
    *woken = (int32_t)result;
    return 0;
}

int shmlens_mutex_lock_until(pthread_mutex_t *mutex, int64_t monotonic_nanoseconds) {
    struct timespec deadline = timespec_of(monotonic_nanoseconds);
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &deadline);
}

/* ---- This process --------------------------------------------------------------------------------------- */

int32_t shmlens_gettid(void) {
    return (int32_t)syscall(SYS_gettid);
}

int shmlens_set_parent_death_signal(int32_t signal) {
    return error_of(prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0UL, 0UL, 0UL));
}

char *const *shmlens_environment(void) {
    return environ;
}

const char *shmlens_glibc_version(void) {
#ifdef __GLIBC__
    return gnu_get_libc_version();
#else
    return NULL;
#endif
}

/* ---- Other processes ------------------------------------------------------------------------------------ */

int shmlens_pidfd_open(int32_t pid, int32_t *descriptor) {
    long result = syscall(SYS_pidfd_open, pid, 0U);
    if (result < 0) return errno;
    *descriptor = (int32_t)result;
    return 0;
}

int shmlens_pipe(int32_t *reading, int32_t *writing) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return errno;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return error;
    }
    *reading = ends[0];
    *writing = ends[1];
    return 0;
}

int shmlens_spawn_close_from(posix_spawn_file_actions_t *actions, int32_t first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

/* What linux/fs.h calls procmap_query since Linux 6.11; older headers do not have it. */
struct map_query {
    uint64_t size;
    uint64_t query_flags;
    uint64_t query_address;
    uint64_t start;
    uint64_t end;
    uint64_t flags;
    uint64_t page_size;
    uint64_t offset;
    uint64_t inode;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t name_size;
    uint32_t build_id_size;
    uint64_t name_address;
    uint64_t build_id_address;
};
_Static_assert(sizeof(struct map_query) == 104, "PROCMAP_QUERY's argument");

enum { map_query_shared = 0x08, map_query_covering_or_next = 0x10 };

int shmlens_next_shared_map(
    int32_t maps, uint64_t address, struct shmlens_map *map, char *name, uint32_t capacity) {
    struct map_query query = {
        .size = sizeof query,
        .query_flags = map_query_shared | map_query_covering_or_next,
        .query_address = address,
        .name_size = capacity,
        .name_address = capacity ? (uint64_t)(uintptr_t)name : 0,
    };
    if (ioctl(maps, _IOWR('f', 17, struct map_query), &query) < 0) return errno;
    *map = (struct shmlens_map){
        .start = query.start,
        .end = query.end,
        .offset = query.offset,
        .inode = query.inode,
        .device_major = query.device_major,
        .device_minor = query.device_minor,
        .access = (uint32_t)query.flags & 0xf,
        .name_length = query.name_size > 0 ? query.name_size - 1 : 0,
    };
    return 0;
}

/* What linux/fs.h calls pm_scan_arg since Linux 6.7. */
struct page_scan {
    uint64_t size;
    uint64_t flags;
    uint64_t start;
    uint64_t end;
    uint64_t walk_end;
    uint64_t regions_address;
    uint64_t regions_count;
    uint64_t max_pages;
    uint64_t inverted;
    uint64_t mask;
    uint64_t any_of_mask;
    uint64_t return_mask;
};
_Static_assert(sizeof(struct page_scan) == 96, "PAGEMAP_SCAN's argument");

int shmlens_page_regions(
    int32_t pagemap, uint64_t start, uint64_t end, uint64_t categories, struct shmlens_region *regions, size_t capacity,
    size_t *count, uint64_t *next) {
    struct page_scan scan = {
        .size = sizeof scan,
        .start = start,
        .end = end,
        .regions_address = (uint64_t)(uintptr_t)regions,
        .regions_count = capacity,
        .mask = categories,
        .return_mask = categories,
    };
    long result = ioctl(pagemap, _IOWR('f', 16, struct page_scan), &scan);
    if (result < 0) return errno;
    *count = (size_t)result;
    *next = scan.walk_end;
    return 0;
}

int shmlens_robust_list(int32_t tid, uint64_t *head) {
    void *found = NULL;
    size_t length = 0;
    if (syscall(SYS_get_robust_list, tid, &found, &length) != 0) return errno;
    *head = (uint64_t)(uintptr_t)found;
    return 0;
}

int shmlens_semaphore_now(int32_t set, int32_t index, struct shmlens_semaphore *semaphore) {
    int value = semctl(set, index, GETVAL);
    int pid = value < 0 ? -1 : semctl(set, index, GETPID);
    int raising = pid < 0 ? -1 : semctl(set, index, GETNCNT);
    int zero = raising < 0 ? -1 : semctl(set, index, GETZCNT);
    if (zero < 0) return errno;
    *semaphore = (struct shmlens_semaphore){.value = value, .last_pid = pid, .raising = raising, .zero = zero};
    return 0;
}

int shmlens_read_memory(int32_t pid, uint64_t address, void *bytes, size_t count, size_t *got) {
    struct iovec here = {.iov_base = bytes, .iov_len = count};
    struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = count};
    ssize_t result = process_vm_readv(pid, &here, 1, &there, 1, 0);
    if (result < 0) return errno;
    *got = (size_t)result;
    return 0;
}

int shmlens_is_of_huge_pages(int32_t descriptor, int32_t *answer) {
    struct statfs found;
    if (fstatfs(descriptor, &found) != 0) return errno;
    *answer = found.f_type == HUGETLBFS_MAGIC;
    return 0;
}

_Static_assert(sizeof(int32_t) == sizeof(int), "the kernel's int");

int shmlens_page_nodes(int32_t pid, const uint64_t *addresses, size_t count, int32_t *nodes) {
    return error_of((int)syscall(SYS_move_pages, pid, count, addresses, NULL, nodes, 0));
}

/* ---- Objects -------------------------------------------------------------------------------------------- */

int shmlens_memfd_create(const char *name, uint32_t flags, int32_t *descriptor) {
    int result = memfd_create(name, flags);
    if (result < 0) return errno;
    *descriptor = result;
    return 0;
}

int shmlens_add_seals(int32_t descriptor, int32_t seals) {
    return error_of(fcntl(descriptor, F_ADD_SEALS, seals));
}

int shmlens_get_seals(int32_t descriptor, int32_t *seals) {
    int result = fcntl(descriptor, F_GET_SEALS);
    if (result < 0) return errno;
    *seals = result;
    return 0;
}

int shmlens_openat(int32_t directory, const char *path, int32_t flags, uint32_t mode, int32_t *descriptor) {
    int result = openat(directory, path, flags, mode);
    if (result < 0) return errno;
    *descriptor = result;
    return 0;
}

int shmlens_open_cached(const char *path, int32_t flags, int32_t *descriptor) {
    struct open_how how = {.flags = (uint32_t)flags, .resolve = RESOLVE_CACHED};
    long result = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (result < 0) return errno;
    *descriptor = (int32_t)result;
    return 0;
}

int shmlens_open_in_root(int32_t root, const char *path, int32_t flags, int32_t *descriptor) {
    struct open_how how = {.flags = (uint32_t)flags, .resolve = RESOLVE_IN_ROOT};
    long result = syscall(SYS_openat2, root, path, &how, sizeof how);
    if (result < 0) return errno;
    *descriptor = (int32_t)result;
    return 0;
}

int shmlens_link_descriptor(int32_t descriptor, int32_t directory, const char *name) {
    char path[sizeof("/proc/self/fd/-2147483648")];
    snprintf(path, sizeof path, "/proc/self/fd/%d", (int)descriptor);
    return error_of(linkat(AT_FDCWD, path, directory, name, AT_SYMLINK_FOLLOW));
}

/* The owner of a file sets its times at will, also to seconds that do not fit once they are nanoseconds. */
static int64_t nanoseconds_of(struct statx_timestamp time) {
    if (time.tv_sec >= INT64_MAX / nanoseconds_per_second) return INT64_MAX;
    if (time.tv_sec <= INT64_MIN / nanoseconds_per_second) return INT64_MIN;
    return time.tv_sec * nanoseconds_per_second + time.tv_nsec;
}

static int statx_with(int directory, const char *path, int flags, struct shmlens_file *file) {
    struct statx found;
    /* AT_STATX_DONT_SYNC: a process may hold a file of a server that does not answer, and so would we not. On a
     * tmpfs, which asks nobody, it changes nothing. */
    if (statx(directory, path, AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC | flags,
            STATX_BASIC_STATS | STATX_BTIME, &found) < 0) return errno;
    *file = (struct shmlens_file){
        .inode = found.stx_ino,
        .size = found.stx_size,
        .allocated = found.stx_blocks * 512, /* stx_blocks counts 512-byte units on every file system */
        .device_major = found.stx_dev_major,
        .device_minor = found.stx_dev_minor,
        .mode = found.stx_mode,
        .uid = found.stx_uid,
        .gid = found.stx_gid,
        .link_count = found.stx_nlink,
        .access = nanoseconds_of(found.stx_atime),
        .modification = nanoseconds_of(found.stx_mtime),
        .change = nanoseconds_of(found.stx_ctime),
        .birth = nanoseconds_of(found.stx_btime),
        .has_birth = (found.stx_mask & STATX_BTIME) != 0,
    };
    return 0;
}

int shmlens_statx(int32_t directory, const char *path, struct shmlens_file *file) {
    return statx_with(directory, path, AT_SYMLINK_NOFOLLOW, file);
}

int shmlens_statx_following(int32_t directory, const char *path, struct shmlens_file *file) {
    return statx_with(directory, path, 0, file);
}

int shmlens_getdents(int32_t directory, void *buffer, size_t capacity, size_t *count) {
    ssize_t result = getdents64(directory, buffer, capacity);
    if (result < 0) return errno;
    *count = (size_t)result;
    return 0;
}

/* ---- Memory --------------------------------------------------------------------------------------------- */

int shmlens_mlock_on_fault(const void *address, size_t length) {
    return error_of(mlock2(address, length, MLOCK_ONFAULT));
}

/* linux/mman.h has these since 6.5. */
struct cache_range {
    uint64_t offset;
    uint64_t length; /* 0: to the end */
};
struct cache_state {
    uint64_t cached;
    uint64_t dirty;
    uint64_t written_back;
    uint64_t evicted;
    uint64_t recently_evicted;
};
enum { number_of_cachestat = 451 };

int shmlens_cached_pages(int32_t descriptor, uint64_t *pages) {
    struct cache_range whole = {0, 0};
    struct cache_state state;
    if (syscall(number_of_cachestat, descriptor, &whole, &state, 0) < 0) return errno;
    *pages = state.cached;
    return 0;
}

int shmlens_mincore(const void *address, size_t length, uint8_t *residency) {
    return error_of(mincore((void *)address, length, residency));
}

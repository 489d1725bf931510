/*
 * System calls and constants that Swift cannot import: variadic functions, macros that are expressions,
 * calls without a libc function.
 *
 * Each function makes one call and returns its error number, 0 where it succeeded; what it found goes through
 * the pointers, which stay untouched on failure. Nothing here retries, allocates, keeps state or decides.
 * All of it may be called from any thread.
 */
#pragma once

#include <pthread.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>

/* ---- Waiting -------------------------------------------------------------------------------------------- */

/* Puts the calling thread to sleep while `*word` is `expected`. The word may be shared between processes
 * (FUTEX_WAIT without FUTEX_PRIVATE_FLAG); futex(2).
 *
 * 0: woken, perhaps for no reason · EAGAIN: the word was different · ETIMEDOUT · EINTR: a signal came (the
 * caller computes what is left of the time) · EINVAL: the time is negative, or the word is not aligned to 4. */
int shmlens_futex_wait_for(const uint32_t *word, uint32_t expected, int64_t nanoseconds);

/* The same, until a time of CLOCK_MONOTONIC, in nanoseconds (FUTEX_WAIT_BITSET, whose timeout is absolute:
 * a wait that a signal interrupted is simply begun again). */
int shmlens_futex_wait_until(const uint32_t *word, uint32_t expected, int64_t monotonic_nanoseconds);

/* Wakes at most `count` threads of any process that wait for `word`, and says how many it woke. */
int shmlens_futex_wake(const uint32_t *word, int32_t count, int32_t *woken);

/* pthread_mutex_clocklock on CLOCK_MONOTONIC, until a time in nanoseconds. 0, EOWNERDEAD, ENOTRECOVERABLE,
 * ETIMEDOUT, EDEADLK as pthread_mutex_lock(3); EINVAL too where the time is negative and the mutex is taken. */
int shmlens_mutex_lock_until(pthread_mutex_t *mutex, int64_t monotonic_nanoseconds);

/* ---- This process --------------------------------------------------------------------------------------- */

/* The calling thread's id in its pid namespace, which is what a robust mutex records. Cannot fail. */
int32_t shmlens_gettid(void);

/* Asks for `signal` (0: none) when the *thread* that started this process ends; PR_SET_PDEATHSIG. The caller
 * then compares getppid(2) with the parent it expects, since that one may be gone already. */
int shmlens_set_parent_death_signal(int32_t signal);

/* This process' environment, as posix_spawn(3) takes it. */
char *const *shmlens_environment(void);

/* The C library's version, "2.36"; a constant string. Null where the C library is not glibc. */
const char *shmlens_glibc_version(void);

/* ---- Other processes ------------------------------------------------------------------------------------ */

/* pidfd_open(2): a descriptor, closed on exec, that is readable once the process has ended. */
int shmlens_pidfd_open(int32_t pid, int32_t *descriptor);

/* pipe2(2) with O_CLOEXEC, its reading end with O_NONBLOCK too. */
int shmlens_pipe(int32_t *reading, int32_t *writing);

/* Adds to what a child of posix_spawn(3) does before it runs: closes every descriptor from `first` on. */
int shmlens_spawn_close_from(posix_spawn_file_actions_t *actions, int32_t first);

/* A mapping of some process. */
struct shmlens_map {
    uint64_t start;
    uint64_t end;
    uint64_t offset;          /* in the object, bytes */
    uint64_t inode;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t access;          /* 1 read, 2 write, 4 execute, 8 shared */
    uint32_t name_length;     /* without the zero byte; 0 where it has no name */
};

/* The shared mapping that holds `address`, or the next one, of the process whose /proc/PID/maps is open as `maps`; the
 * ioctl PROCMAP_QUERY, since Linux 6.11. Its name goes to `name`, as maps has it but for newlines, which are not escaped.
 *
 * ENOENT: there is none · ENOTTY: no such file, or no such kernel · ENAMETOOLONG: its name does not fit (with a
 * `capacity` of 0 none is asked for) · ESRCH: the process is gone. */
int shmlens_next_shared_map(
    int32_t maps, uint64_t address, struct shmlens_map *map, char *name, uint32_t capacity);

/* A range of addresses. */
struct shmlens_region {
    uint64_t start;
    uint64_t end;
    uint64_t categories;
};

/* Where a thread's list of robust mutexes begins, in its own memory; get_robust_list(2). 0 where it has none.
 *
 * ESRCH: it is gone · EPERM: a right is missing. */
int shmlens_robust_list(int32_t tid, uint64_t *head);

/* A semaphore of a System V set, by four questions one after the other: its value, the last process that changed it (0 where
 * that is not of this pid namespace), how many threads wait for it to rise, and how many for it to be 0. */
struct shmlens_semaphore {
    int32_t value;
    int32_t last_pid;
    int32_t raising;
    int32_t zero;
};

/* semctl(2); changes nothing, not even a time.
 *
 * EINVAL: there is no such set, or no such index · EIDRM: it was removed meanwhile · EACCES: a right is missing. */
int shmlens_semaphore_now(int32_t set, int32_t index, struct shmlens_semaphore *semaphore);

/* Copies bytes out of a process's memory; process_vm_readv(2). `got` may be less than `count`, where memory ends.
 *
 * EFAULT: nothing is there · ESRCH: it is gone · EPERM: a right is missing. */
int shmlens_read_memory(int32_t pid, uint64_t address, void *bytes, size_t count, size_t *got);

/* The numbers of calls that wait for what may be shared; asm/unistd.h. */
enum {
    SHMLENS_SYS_FUTEX = SYS_futex,
    SHMLENS_SYS_RESTART = SYS_restart_syscall,
    SHMLENS_SYS_SEMOP = SYS_semop,
    SHMLENS_SYS_SEMTIMEDOP = SYS_semtimedop,
    SHMLENS_SYS_FUTEX_WAITV = 449,
    /* futex_wait, since Linux 6.7. */
    SHMLENS_SYS_FUTEX_WAIT = 455,
    /* Of 32-bit programs, on x86 and ARM alike; asm/unistd_32.h. */
    SHMLENS_SYS_FUTEX_32 = 240,
    SHMLENS_SYS_FUTEX_TIME64_32 = 422,
};

/* What a call is named in which a thread may sleep, and whether its first argument is a descriptor; NULL of any other. */
const char *shmlens_call_name(int64_t number, int32_t *takes_descriptor);

/* Categories of pages; linux/fs.h. */
enum {
    SHMLENS_PAGE_PRESENT = 1 << 3,
    /* Mapped as one huge page; since Linux 6.7. */
    SHMLENS_PAGE_HUGE = 1 << 6,
};

/* The ranges from `start` to `end` whose pages are of all of `categories` in the page tables of the process whose
 * /proc/PID/pagemap is open as `pagemap`; the ioctl PAGEMAP_SCAN, since Linux 6.7. `next` is where it stopped: `end`, or
 * where `regions` was full.
 *
 * ENOTTY: no such file, or no such kernel · ESRCH: the process is gone. */
int shmlens_page_regions(
    int32_t pagemap, uint64_t start, uint64_t end, uint64_t categories, struct shmlens_region *regions, size_t capacity,
    size_t *count, uint64_t *next);

/* Whether a file is of hugetlbfs; fstatfs(2). */
int shmlens_is_of_huge_pages(int32_t descriptor, int32_t *answer);

/* On which memory node each of some pages of a process is, by addresses in it: move_pages(2) that moves none. A negative
 * number says why that is not known: -ENOENT where the page is not in memory.
 *
 * ESRCH: the process is gone · EPERM: a right is missing. */
int shmlens_page_nodes(int32_t pid, const uint64_t *addresses, size_t count, int32_t *nodes);

/* openat2(2) with RESOLVE_CACHED, since Linux 5.12: looks a path up only as far as the kernel has it in memory, and so asks
 * no file system that may never answer.
 *
 * EAGAIN: it is not in memory · ENOSYS, EINVAL: no such kernel. */
int shmlens_open_cached(const char *path, int32_t flags, int32_t *descriptor);

/* openat2(2) with RESOLVE_IN_ROOT: opens `path` as a process does whose root `root` is, links included. */
int shmlens_open_in_root(int32_t root, const char *path, int32_t flags, int32_t *descriptor);

/* ---- Objects -------------------------------------------------------------------------------------------- */

/* memfd_create(2). `flags` is made of SHMLENS_MFD_*. */
int shmlens_memfd_create(const char *name, uint32_t flags, int32_t *descriptor);
/* fcntl(2) F_ADD_SEALS and F_GET_SEALS, made of SHMLENS_SEAL_*. EINVAL: this kind of file has no seals. */
int shmlens_add_seals(int32_t descriptor, int32_t seals);
int shmlens_get_seals(int32_t descriptor, int32_t *seals);

/* open(2) relative to `directory` (SHMLENS_AT_FDCWD: the working directory). */
int shmlens_openat(int32_t directory, const char *path, int32_t flags, uint32_t mode, int32_t *descriptor);

/* Gives an unnamed file (O_TMPFILE) the name `name` in `directory`. EEXIST: the name is taken, and nothing was
 * changed. Goes through /proc/self/fd, as open(2) says: linking the descriptor itself needs a capability. */
int shmlens_link_descriptor(int32_t descriptor, int32_t directory, const char *name);

/* What statx(2) says of a file. `birth` is only there where `has_birth` is 1. */
struct shmlens_file {
    uint64_t inode;
    uint64_t size;            /* bytes */
    uint64_t allocated;       /* bytes that the file system keeps for it */
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t mode;            /* type and permission bits */
    uint32_t uid;
    uint32_t gid;
    uint32_t link_count;
    int64_t access;           /* times: nanoseconds since 1970, or the nearest that fits */
    int64_t modification;
    int64_t change;
    int64_t birth;
    uint32_t has_birth;
    uint32_t reserved;
};

/* statx(2) of `path` under `directory`, not following a last symbolic link. An empty path means `directory`
 * itself, which is then any descriptor. A file of a network is answered as far as it is known here. */
int shmlens_statx(int32_t directory, const char *path, struct shmlens_file *file);
/* The same, following a last symbolic link, as those of /proc/PID/fd must be. */
int shmlens_statx_following(int32_t directory, const char *path, struct shmlens_file *file);

/* getdents64(2): the next entries of a directory, as the kernel lays them out: u64 inode, i64 position, u16
 * length of the entry, u8 type, the name and a zero byte. `count` is 0 at the end. */
int shmlens_getdents(int32_t directory, void *buffer, size_t capacity, size_t *count);

/* ---- Memory --------------------------------------------------------------------------------------------- */

/* mlock2(2) with MLOCK_ONFAULT: locks the pages that are there and those that come, and allocates none. */
int shmlens_mlock_on_fault(const void *address, size_t length);

/* cachestat, since Linux 6.5: how many pages of a whole file are in memory. ENOSYS: no such kernel. */
int shmlens_cached_pages(int32_t descriptor, uint64_t *pages);

/* mincore(2): one byte a page, bit 0 set where the page is resident. Touches no page. */
int shmlens_mincore(const void *address, size_t length, uint8_t *residency);

/* ---- Constants that are expressions or hidden behind _GNU_SOURCE ------------------------------------------ */

enum {
    SHMLENS_AT_FDCWD = -100,

    SHMLENS_O_NOATIME = 01000000,
    SHMLENS_O_PATH = 010000000,

    SHMLENS_SEEK_DATA = 3,
    SHMLENS_SEEK_HOLE = 4,

    SHMLENS_MFD_CLOEXEC = 0x1,
    SHMLENS_MFD_ALLOW_SEALING = 0x2,

    SHMLENS_SEAL_SEAL = 0x1,
    SHMLENS_SEAL_SHRINK = 0x2,
    SHMLENS_SEAL_GROW = 0x4,
    SHMLENS_SEAL_WRITE = 0x8,
    SHMLENS_SEAL_FUTURE_WRITE = 0x10,
};

/* O_TMPFILE contains O_DIRECTORY, whose bit differs between architectures. */
#if defined(__aarch64__) || defined(__arm__) || defined(__powerpc64__)
enum { SHMLENS_O_TMPFILE = 020040000 };
#else
enum { SHMLENS_O_TMPFILE = 020200000 };
#endif

/* The machine's number in an ELF header (EM_*), 0 where it is one that this project does not know. */
#if defined(__x86_64__)
enum { SHMLENS_ELF_MACHINE = 62 };
#elif defined(__aarch64__)
enum { SHMLENS_ELF_MACHINE = 183 };
#elif defined(__riscv) && __riscv_xlen == 64
enum { SHMLENS_ELF_MACHINE = 243 };
#else
enum { SHMLENS_ELF_MACHINE = 0 };
#endif

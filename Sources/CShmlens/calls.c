/* The names of calls in which a thread may sleep. Their numbers are each architecture's own; asm/unistd.h. */
#include "shmlens_kernel.h"

#include <stddef.h>
#include <sys/syscall.h>

struct call {
    int32_t number;
    int32_t takes_descriptor;
    const char *name;
};

#define PLAIN(name) {SYS_##name, 0, #name}
/* The first argument is a descriptor. */
#define OF_FILE(name) {SYS_##name, 1, #name}

static const struct call calls[] = {
    PLAIN(futex), PLAIN(clock_nanosleep), PLAIN(nanosleep), PLAIN(restart_syscall),
    PLAIN(rt_sigsuspend), PLAIN(rt_sigtimedwait), PLAIN(wait4), PLAIN(waitid),
    PLAIN(ppoll), PLAIN(pselect6), OF_FILE(epoll_pwait), OF_FILE(epoll_pwait2), OF_FILE(io_uring_enter), PLAIN(io_getevents),
    OF_FILE(read), OF_FILE(readv), OF_FILE(pread64), OF_FILE(preadv), OF_FILE(preadv2),
    OF_FILE(write), OF_FILE(writev), OF_FILE(pwrite64), OF_FILE(pwritev), OF_FILE(pwritev2),
    PLAIN(sendfile), OF_FILE(splice), OF_FILE(copy_file_range), OF_FILE(getdents64),
    OF_FILE(accept), OF_FILE(accept4), OF_FILE(connect), OF_FILE(recvfrom), OF_FILE(recvmsg), OF_FILE(recvmmsg),
    OF_FILE(sendto), OF_FILE(sendmsg), OF_FILE(sendmmsg),
    OF_FILE(fcntl), OF_FILE(flock), OF_FILE(fsync), OF_FILE(fdatasync), OF_FILE(sync_file_range), OF_FILE(fallocate),
    OF_FILE(ftruncate), OF_FILE(ioctl), PLAIN(openat), PLAIN(openat2), OF_FILE(close), PLAIN(unlinkat), PLAIN(renameat2),
    PLAIN(msync), PLAIN(mmap), PLAIN(munmap), PLAIN(mprotect), PLAIN(mlock), PLAIN(mlock2), PLAIN(madvise),
    PLAIN(msgrcv), PLAIN(msgsnd), PLAIN(semop), PLAIN(semtimedop), OF_FILE(mq_timedreceive), OF_FILE(mq_timedsend),
    PLAIN(execve), PLAIN(execveat), PLAIN(clone), PLAIN(clone3), PLAIN(exit), PLAIN(exit_group), PLAIN(sync), OF_FILE(syncfs),
    {SHMLENS_SYS_FUTEX_WAITV, 0, "futex_waitv"}, {SHMLENS_SYS_FUTEX_WAIT, 0, "futex_wait"},
    /* Architectures that came later have only the newer of each pair. */
#ifdef SYS_pause
    PLAIN(pause),
#endif
#ifdef SYS_poll
    PLAIN(poll),
#endif
#ifdef SYS_select
    PLAIN(select),
#endif
#ifdef SYS_epoll_wait
    OF_FILE(epoll_wait),
#endif
#ifdef SYS_open
    PLAIN(open),
#endif
#ifdef SYS_vfork
    PLAIN(vfork),
#endif
};

const char *shmlens_call_name(int64_t number, int32_t *takes_descriptor) {
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        if (calls[i].number != number) continue;
        *takes_descriptor = calls[i].takes_descriptor;
        return calls[i].name;
    }
    return NULL;
}

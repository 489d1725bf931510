/*
 * Holds locks in shared memory and waits for them, as it is told.
 *
 * One command stands in each line of standard input. The first thread carries it out, or another one where its number and
 * a colon stand before the command: "2:lock a+64". Each line of standard output begins with the number of the thread, 0 for
 * the first: "0 ready PID TID" when a thread has begun, and "0 lock 0" or "0 lock EOWNERDEAD" when it is done with a command.
 * Who still waits says nothing. Numbers of processes and threads are those of its own pid namespace.
 *
 * PLACE is LABEL+OFFSET; the offset is the shared object's, wherever the mapping begins. LIMIT is a number of milliseconds,
 * with an m behind it where they are those of CLOCK_MONOTONIC; without one a wait lasts for ever.
 *
 *     thread NUMBER                                another thread
 *     leave                                        ends the thread that is told so
 *     exit                                         ends the process; the end of standard input does so as well
 *     map LABEL PATH OFFSET SIZE [ADDRESS]         maps SIZE bytes of a file from OFFSET on; OFFSET is one of a page
 *     unmap LABEL
 *     put PLACE VALUE                              writes a word of 32 bits
 *     mutex PLACE [normal|recursive|errorcheck|adaptive] [robust] [inherit] [private]
 *     rwlock PLACE [writers]                       with `writers` those who want to write go before those who want to read
 *     condition PLACE
 *     semaphore PLACE VALUE
 *     opensemaphore LABEL NAME VALUE               a named one, as an object of its own
 *     barrier PLACE COUNT
 *     lock MUTEX [LIMIT]    unlock MUTEX    consistent MUTEX
 *     read RWLOCK [LIMIT]   write RWLOCK [LIMIT]   release RWLOCK
 *     wait CONDITION MUTEX [LIMIT]          signal CONDITION
 *     take SEMAPHORE [LIMIT]                post SEMAPHORE
 *     meet BARRIER
 *     futex PLACE VALUE [LIMIT]                    FUTEX_WAIT and nothing of glibc
 *     requeue PLACE VALUE SECOND                   FUTEX_WAIT_REQUEUE_PI
 *     vector PLACE VALUE [PLACE VALUE]...          futex_waitv
 *     operate SET LIMIT|- INDEX CHANGE [INDEX CHANGE]...    semtimedop on a System V set
 *     inorder COUNTER MUTEX...                     for ever: takes them in order, counts, gives them back
 *     handon MUTEX CONDITION COUNTER MINE COUNT    for ever: waits until it is its turn, counts on, wakes all
 *
 * COUNTER has 64 bits; it is the turn of MINE when COUNTER % COUNT says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif

enum { MOST_MAPPINGS = 16, MOST_THREADS = 16, MOST_WORDS = 40 };

struct mapping {
    char label[32];
    char *start;
    size_t offset, size;
};
static struct mapping mappings[MOST_MAPPINGS];
/* Where commands for a thread are written; 0 where there is none. */
static int commands[MOST_THREADS];

static _Noreturn void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    flockfile(stderr);
    fprintf(stderr, "hold %d: ", getpid());
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    funlockfile(stderr);
    va_end(arguments);
    _exit(1);
}

/* What pthread functions return is an error itself; what others set is made one. */
static int outcome(long result) { return result < 0 ? errno : 0; }

static void must(int error, const char *what) {
    if (error != 0) fail("%s: %s", what, strerror(error));
}

static unsigned long number(const char *word) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(word, &end, 0);
    if (errno != 0 || end == word || *end != 0) fail("%s is no number", word);
    return value;
}

/* MARK: Places */

static struct mapping *mapping_of(const char *label) {
    for (struct mapping *one = mappings; one < mappings + MOST_MAPPINGS; one++)
        if (one->start != NULL && strcmp(one->label, label) == 0) return one;
    fail("nothing is mapped as %s", label);
}

static struct mapping *new_mapping(const char *label, void *start, size_t offset, size_t size) {
    for (struct mapping *one = mappings; one < mappings + MOST_MAPPINGS; one++) {
        if (one->start != NULL) continue;
        if (strlen(label) >= sizeof one->label) fail("the label %s is too long", label);
        strcpy(one->label, label);
        one->start = start;
        one->offset = offset;
        one->size = size;
        return one;
    }
    fail("more than %d mappings", MOST_MAPPINGS);
}

static void *place(char *word, size_t size) {
    char *plus = strchr(word, '+');
    if (plus == NULL) fail("%s is no place", word);
    *plus = 0;
    struct mapping *mapping = mapping_of(word);
    *plus = '+';
    size_t offset = number(plus + 1);
    if (offset < mapping->offset || offset + size > mapping->offset + mapping->size) fail("%s is not mapped", word);
    return mapping->start + (offset - mapping->offset);
}

#define AT(type, word) ((type *)place(word, sizeof(type)))

static int map(char **words, int count) {
    size_t offset = number(words[2]), size = number(words[3]);
    void *wanted = count > 4 ? (void *)number(words[4]) : NULL;
    int file = open(words[1], O_RDWR | O_CLOEXEC);
    if (file < 0) fail("%s: %s", words[1], strerror(errno));
    int flags = MAP_SHARED | (wanted != NULL ? MAP_FIXED_NOREPLACE : 0);
    void *start = mmap(wanted, size, PROT_READ | PROT_WRITE, flags, file, (off_t)offset);
    if (start == MAP_FAILED || (wanted != NULL && start != wanted)) fail("mmap: %s", strerror(errno));
    close(file);
    new_mapping(words[0], start, offset, size);
    return 0;
}

static int unmap(char **words, int count) {
    (void)count;
    struct mapping *mapping = mapping_of(words[0]);
    int error = outcome(munmap(mapping->start, mapping->size));
    mapping->start = NULL;
    return error;
}

static int put(char **words, int count) {
    (void)count;
    __atomic_store_n(AT(uint32_t, words[0]), (uint32_t)number(words[1]), __ATOMIC_SEQ_CST);
    return 0;
}

/* MARK: Limits of time */

struct limit {
    clockid_t clock;
    struct timespec relative, absolute;
    int is_set;
};

/* The word at an index, where there is one. */
static struct limit limit_at(char **words, int count, int index) {
    struct limit limit = {.clock = CLOCK_REALTIME};
    if (index >= count) return limit;
    char *word = words[index];
    size_t length = strlen(word);
    if (length > 1 && word[length - 1] == 'm') {
        limit.clock = CLOCK_MONOTONIC;
        word[length - 1] = 0;
    }
    long milliseconds = (long)number(word);
    limit.is_set = 1;
    limit.relative = (struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000};
    if (clock_gettime(limit.clock, &limit.absolute) != 0) fail("clock_gettime: %s", strerror(errno));
    limit.absolute.tv_sec += limit.relative.tv_sec;
    limit.absolute.tv_nsec += limit.relative.tv_nsec;
    if (limit.absolute.tv_nsec >= 1000000000) {
        limit.absolute.tv_sec++;
        limit.absolute.tv_nsec -= 1000000000;
    }
    return limit;
}

/* MARK: What glibc has */

static int make_mutex(char **words, int count) {
    pthread_mutexattr_t attributes;
    must(pthread_mutexattr_init(&attributes), "pthread_mutexattr_init");
    must(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), "pthread_mutexattr_setpshared");
    for (int index = 1; index < count; index++) {
        const char *word = words[index];
        int error = strcmp(word, "normal") == 0       ? pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_NORMAL)
                    : strcmp(word, "recursive") == 0  ? pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE)
                    : strcmp(word, "errorcheck") == 0 ? pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK)
                    : strcmp(word, "adaptive") == 0   ? pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ADAPTIVE_NP)
                    : strcmp(word, "robust") == 0     ? pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST)
                    : strcmp(word, "inherit") == 0    ? pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT)
                    : strcmp(word, "private") == 0    ? pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_PRIVATE)
                                                      : EINVAL;
        must(error, word);
    }
    return pthread_mutex_init(AT(pthread_mutex_t, words[0]), &attributes);
}

static int make_rwlock(char **words, int count) {
    pthread_rwlockattr_t attributes;
    must(pthread_rwlockattr_init(&attributes), "pthread_rwlockattr_init");
    must(pthread_rwlockattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), "pthread_rwlockattr_setpshared");
    if (count > 1) {
        if (strcmp(words[1], "writers") != 0) fail("%s is no kind of a rwlock", words[1]);
        must(pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP), words[1]);
    }
    return pthread_rwlock_init(AT(pthread_rwlock_t, words[0]), &attributes);
}

static int make_condition(char **words, int count) {
    (void)count;
    pthread_condattr_t attributes;
    must(pthread_condattr_init(&attributes), "pthread_condattr_init");
    must(pthread_condattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), "pthread_condattr_setpshared");
    return pthread_cond_init(AT(pthread_cond_t, words[0]), &attributes);
}

static int make_semaphore(char **words, int count) {
    (void)count;
    return outcome(sem_init(AT(sem_t, words[0]), 1, (unsigned)number(words[1])));
}

static int open_semaphore(char **words, int count) {
    (void)count;
    sem_t *semaphore = sem_open(words[1], O_CREAT, 0600, (unsigned)number(words[2]));
    if (semaphore == SEM_FAILED) return errno;
    new_mapping(words[0], semaphore, 0, sizeof *semaphore);
    return 0;
}

static int make_barrier(char **words, int count) {
    (void)count;
    pthread_barrierattr_t attributes;
    must(pthread_barrierattr_init(&attributes), "pthread_barrierattr_init");
    must(pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), "pthread_barrierattr_setpshared");
    return pthread_barrier_init(AT(pthread_barrier_t, words[0]), &attributes, (unsigned)number(words[1]));
}

static int lock(char **words, int count) {
    pthread_mutex_t *mutex = AT(pthread_mutex_t, words[0]);
    struct limit limit = limit_at(words, count, 1);
    return limit.is_set ? pthread_mutex_clocklock(mutex, limit.clock, &limit.absolute) : pthread_mutex_lock(mutex);
}

static int unlock(char **words, int count) {
    (void)count;
    return pthread_mutex_unlock(AT(pthread_mutex_t, words[0]));
}

static int consistent(char **words, int count) {
    (void)count;
    return pthread_mutex_consistent(AT(pthread_mutex_t, words[0]));
}

static int read_lock(char **words, int count) {
    pthread_rwlock_t *rwlock = AT(pthread_rwlock_t, words[0]);
    struct limit limit = limit_at(words, count, 1);
    return limit.is_set ? pthread_rwlock_clockrdlock(rwlock, limit.clock, &limit.absolute) : pthread_rwlock_rdlock(rwlock);
}

static int write_lock(char **words, int count) {
    pthread_rwlock_t *rwlock = AT(pthread_rwlock_t, words[0]);
    struct limit limit = limit_at(words, count, 1);
    return limit.is_set ? pthread_rwlock_clockwrlock(rwlock, limit.clock, &limit.absolute) : pthread_rwlock_wrlock(rwlock);
}

static int release(char **words, int count) {
    (void)count;
    return pthread_rwlock_unlock(AT(pthread_rwlock_t, words[0]));
}

static int wait_condition(char **words, int count) {
    pthread_cond_t *condition = AT(pthread_cond_t, words[0]);
    pthread_mutex_t *mutex = AT(pthread_mutex_t, words[1]);
    struct limit limit = limit_at(words, count, 2);
    return limit.is_set ? pthread_cond_clockwait(condition, mutex, limit.clock, &limit.absolute)
                        : pthread_cond_wait(condition, mutex);
}

static int signal_condition(char **words, int count) {
    (void)count;
    return pthread_cond_signal(AT(pthread_cond_t, words[0]));
}

static int take(char **words, int count) {
    sem_t *semaphore = AT(sem_t, words[0]);
    struct limit limit = limit_at(words, count, 1);
    return outcome(limit.is_set ? sem_clockwait(semaphore, limit.clock, &limit.absolute) : sem_wait(semaphore));
}

static int post(char **words, int count) {
    (void)count;
    return outcome(sem_post(AT(sem_t, words[0])));
}

static int meet(char **words, int count) {
    (void)count;
    int result = pthread_barrier_wait(AT(pthread_barrier_t, words[0]));
    return result == PTHREAD_BARRIER_SERIAL_THREAD ? 0 : result;
}

/* MARK: What the kernel has */

static int wait_word(char **words, int count) {
    uint32_t *word = AT(uint32_t, words[0]), value = (uint32_t)number(words[1]);
    struct limit limit = limit_at(words, count, 2);
    return outcome(syscall(SYS_futex, word, FUTEX_WAIT, value, limit.is_set ? &limit.relative : NULL, NULL, 0));
}

static int wait_requeue(char **words, int count) {
    (void)count;
    uint32_t *word = AT(uint32_t, words[0]), value = (uint32_t)number(words[1]);
    return outcome(syscall(SYS_futex, word, FUTEX_WAIT_REQUEUE_PI, value, NULL, AT(uint32_t, words[2]), 0));
}

static int wait_vector(char **words, int count) {
    struct {
        uint64_t value, address;
        uint32_t flags, reserved;
    } vector[MOST_WORDS / 2];
    for (int index = 0; index < count / 2; index++) {
        vector[index].value = number(words[2 * index + 1]);
        vector[index].address = (uintptr_t)AT(uint32_t, words[2 * index]);
        /* FUTEX_32, and not private. */
        vector[index].flags = 2;
        vector[index].reserved = 0;
    }
    return outcome(syscall(SYS_futex_waitv, vector, count / 2, 0, NULL, CLOCK_MONOTONIC));
}

static int operate(char **words, int count) {
    struct limit limit = limit_at(words, strcmp(words[1], "-") == 0 ? 0 : count, 1);
    struct sembuf operations[MOST_WORDS / 2] = {0};
    int steps = (count - 2) / 2;
    for (int index = 0; index < steps; index++) {
        operations[index].sem_num = (unsigned short)number(words[2 + 2 * index]);
        operations[index].sem_op = (short)strtol(words[3 + 2 * index], NULL, 10);
    }
    return outcome(semtimedop((int)number(words[0]), operations, (size_t)steps, limit.is_set ? &limit.relative : NULL));
}

/* MARK: Healthy programs */

static _Noreturn int in_order(char **words, int count) {
    uint64_t *counter = AT(uint64_t, words[0]);
    pthread_mutex_t *mutexes[MOST_WORDS];
    for (int index = 1; index < count; index++) mutexes[index] = AT(pthread_mutex_t, words[index]);
    for (;;) {
        for (int index = 1; index < count; index++) must(pthread_mutex_lock(mutexes[index]), "pthread_mutex_lock");
        __atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
        for (int index = count - 1; index > 0; index--) must(pthread_mutex_unlock(mutexes[index]), "pthread_mutex_unlock");
    }
}

static _Noreturn int hand_on(char **words, int count) {
    (void)count;
    pthread_mutex_t *mutex = AT(pthread_mutex_t, words[0]);
    pthread_cond_t *condition = AT(pthread_cond_t, words[1]);
    uint64_t *counter = AT(uint64_t, words[2]);
    uint64_t mine = number(words[3]), turns = number(words[4]);
    for (;;) {
        must(pthread_mutex_lock(mutex), "pthread_mutex_lock");
        while (*counter % turns != mine) must(pthread_cond_wait(condition, mutex), "pthread_cond_wait");
        __atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
        must(pthread_cond_broadcast(condition), "pthread_cond_broadcast");
        must(pthread_mutex_unlock(mutex), "pthread_mutex_unlock");
    }
}

/* MARK: Threads and their commands */

static void serve(int self, FILE *input);

static void *run_thread(void *argument) {
    int ends[2];
    int self = (int)(intptr_t)argument;
    if (pipe2(ends, O_CLOEXEC) != 0) fail("pipe2: %s", strerror(errno));
    commands[self] = ends[1];
    FILE *input = fdopen(ends[0], "r");
    if (input == NULL) fail("fdopen: %s", strerror(errno));
    serve(self, input);
    return NULL;
}

static int new_thread(char **words, int count) {
    (void)count;
    unsigned long self = number(words[0]);
    if (self == 0 || self >= MOST_THREADS || commands[self] != 0) fail("no thread can be number %lu", self);
    pthread_t thread;
    must(pthread_create(&thread, NULL, run_thread, (void *)(intptr_t)self), "pthread_create");
    return pthread_detach(thread);
}

static int leave(char **words, int count) {
    (void)words, (void)count;
    pthread_exit(NULL);
}

static int end(char **words, int count) {
    (void)words, (void)count;
    exit(0);
}

static const struct verb {
    const char *name;
    int (*run)(char **words, int count);
    int least;
} verbs[] = {
    {"thread", new_thread, 1},
    {"leave", leave, 0},
    {"exit", end, 0},
    {"map", map, 4},
    {"unmap", unmap, 1},
    {"put", put, 2},
    {"mutex", make_mutex, 1},
    {"rwlock", make_rwlock, 1},
    {"condition", make_condition, 1},
    {"semaphore", make_semaphore, 2},
    {"opensemaphore", open_semaphore, 3},
    {"barrier", make_barrier, 2},
    {"lock", lock, 1},
    {"unlock", unlock, 1},
    {"consistent", consistent, 1},
    {"read", read_lock, 1},
    {"write", write_lock, 1},
    {"release", release, 1},
    {"wait", wait_condition, 2},
    {"signal", signal_condition, 1},
    {"take", take, 1},
    {"post", post, 1},
    {"meet", meet, 1},
    {"futex", wait_word, 2},
    {"requeue", wait_requeue, 3},
    {"vector", wait_vector, 2},
    {"operate", operate, 4},
    {"inorder", in_order, 2},
    {"handon", hand_on, 5},
};

static void say(const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    /* One piece, so that no other thread's stands inside. */
    if (write(1, line, (size_t)length) != length) fail("write: %s", strerror(errno));
}

static void carry_out(int self, char *line) {
    char *words[MOST_WORDS];
    int count = 0;
    for (char *rest = line, *word; (word = strtok_r(rest, " \n", &rest)) != NULL; words[count++] = word)
        if (count == MOST_WORDS) fail("more than %d words", MOST_WORDS);
    if (count == 0) return;
    for (const struct verb *verb = verbs; verb < verbs + sizeof verbs / sizeof *verbs; verb++) {
        if (strcmp(verb->name, words[0]) != 0) continue;
        if (count - 1 < verb->least) fail("%s wants %d words", words[0], verb->least);
        int error = verb->run(words + 1, count - 1);
        say("%d %s %s\n", self, words[0], strerrorname_np(error));
        return;
    }
    fail("there is no %s", words[0]);
}

static void serve(int self, FILE *input) {
    say("%d ready %d %d\n", self, (int)getpid(), (int)gettid());
    char *line = NULL;
    size_t room = 0;
    ssize_t length;
    while ((length = getline(&line, &room, input)) > 0) {
        char *colon = strchr(line, ':');
        if (colon == NULL) {
            carry_out(self, line);
            continue;
        }
        *colon = 0;
        unsigned long other = number(line);
        if (other >= MOST_THREADS || commands[other] == 0) fail("there is no thread %lu", other);
        length -= colon + 1 - line;
        if (write(commands[other], colon + 1, (size_t)length) != length) fail("write: %s", strerror(errno));
    }
}

int main(void) {
    /* Whoever started it may be killed, and nothing shall wait on. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) fail("prctl: %s", strerror(errno));
    /* Some are to be aborted by glibc. */
    if (setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0}) != 0) fail("setrlimit: %s", strerror(errno));
    serve(0, stdin);
    return 0;
}

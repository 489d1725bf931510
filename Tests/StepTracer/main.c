/*
 * Runs a program one machine instruction at a time and hands out what a shared-memory object holds after each.
 *
 *     StepTracer OBJECT LIMIT PROGRAM [ARGUMENT ...]
 *
 * The program stops itself (SIGSTOP) where the stepping shall begin, and again where it shall end. Standard output is
 * a row of records: the number of instructions so far (8 bytes, this machine's order), then the object's bytes; one
 * record for each instruction that changed the object. The last record has the highest bit of the number set and no
 * bytes. An instruction that changed nothing leaves what the one before left, so it gives no record.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void put(const void *bytes, size_t count) {
    const char *next = bytes;
    while (count > 0) {
        ssize_t written = write(1, next, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) fail("write");
        next += written;
        count -= (size_t)written;
    }
}

/* Waits until the program stops, and says by which signal; ends with it. */
static int stop_of(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child) fail("waitpid");
    if (!WIFSTOPPED(status)) {
        fprintf(stderr, "the program ended before its second stop (status %x)\n", (unsigned)status);
        exit(1);
    }
    return WSTOPSIG(status);
}

/* Lets it run to where it stops itself; other signals go through to it. */
static void run_to_mark(pid_t child) {
    int signal_number = 0;
    do {
        int passed = signal_number == SIGTRAP ? 0 : signal_number;
        if (ptrace(PTRACE_CONT, child, NULL, (void *)(intptr_t)passed) != 0) fail("PTRACE_CONT");
        signal_number = stop_of(child);
    } while (signal_number != SIGSTOP);
}

int main(int count, char **words) {
    if (count < 4) return 64;
    int object = open(words[1], O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (object < 0 || fstat(object, &status) != 0) fail(words[1]);
    size_t size = (size_t)status.st_size;
    unsigned char *live = mmap(NULL, size, PROT_READ, MAP_SHARED, object, 0);
    unsigned char *last = malloc(size);
    if (live == MAP_FAILED || last == NULL) fail("memory");
    uint64_t limit = strtoull(words[2], NULL, 10);

    pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        dup2(2, 1);
        execv(words[3], words + 3);
        fail(words[3]);
    }
    stop_of(child);
    run_to_mark(child);

    memcpy(last, live, size);
    uint64_t steps = 0;
    for (; steps < limit; steps++) {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0) fail("PTRACE_SINGLESTEP");
        if (stop_of(child) == SIGSTOP) break;
        if (memcmp(last, live, size) == 0) continue;
        memcpy(last, live, size);
        uint64_t number = steps + 1;
        put(&number, sizeof number);
        put(last, size);
    }
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    if (steps == limit) {
        fprintf(stderr, "more than %llu instructions\n", (unsigned long long)limit);
        return 1;
    }
    steps |= 1ull << 63;
    put(&steps, sizeof steps);
    return 0;
}

/* Threads that come and go all the time: each sleeps for a moment, and then waits for something that it shares with the others.
 *
 *   cycle FILE mutex|condition THREADS
 *
 * FILE has a mutex at 64, a condition at 128 and at 512 how often anybody came round; who makes it lets the others in by a
 * first word that is not 0.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

struct shared {
    _Atomic int is_made;
    char before_mutex[60];
    pthread_mutex_t mutex;
    char before_condition[64 - sizeof(pthread_mutex_t)];
    pthread_cond_t condition;
    char before_rounds[384 - sizeof(pthread_cond_t)];
    _Atomic long rounds;
};

_Static_assert(offsetof(struct shared, mutex) == 64 && offsetof(struct shared, condition) == 128, "as the tests have it");
_Static_assert(offsetof(struct shared, rounds) == 512, "as the tests have it");

static struct shared *shared;

static void demand(int result, const char *what) {
    if (result == 0) return;
    fprintf(stderr, "%s: %s\n", what, strerror(result));
    exit(1);
}

static void rest(long nanoseconds) {
    struct timespec time = {.tv_nsec = nanoseconds};
    nanosleep(&time, NULL);
}

static void *contend(void *nothing) {
    for (;;) {
        demand(pthread_mutex_lock(&shared->mutex), "pthread_mutex_lock");
        // Long enough for several to queue.
        for (volatile int spin = 0; spin < 20000; spin++) continue;
        demand(pthread_mutex_unlock(&shared->mutex), "pthread_mutex_unlock");
        atomic_fetch_add(&shared->rounds, 1);
    }
    return nothing;
}

static void *come(void *nothing) {
    for (;;) {
        rest(500000);
        struct timespec limit;
        clock_gettime(CLOCK_REALTIME, &limit);
        limit.tv_nsec += 500000;
        if (limit.tv_nsec >= 1000000000) limit = (struct timespec){.tv_sec = limit.tv_sec + 1, .tv_nsec = limit.tv_nsec - 1000000000};
        demand(pthread_mutex_lock(&shared->mutex), "pthread_mutex_lock");
        int result = pthread_cond_timedwait(&shared->condition, &shared->mutex, &limit);
        if (result != ETIMEDOUT) demand(result, "pthread_cond_timedwait");
        demand(pthread_mutex_unlock(&shared->mutex), "pthread_mutex_unlock");
        atomic_fetch_add(&shared->rounds, 1);
    }
    return nothing;
}

static void make(void) {
    pthread_mutexattr_t kind;
    pthread_condattr_t sort;
    demand(pthread_mutexattr_init(&kind), "pthread_mutexattr_init");
    demand(pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED), "pthread_mutexattr_setpshared");
    demand(pthread_mutex_init(&shared->mutex, &kind), "pthread_mutex_init");
    demand(pthread_condattr_init(&sort), "pthread_condattr_init");
    demand(pthread_condattr_setpshared(&sort, PTHREAD_PROCESS_SHARED), "pthread_condattr_setpshared");
    demand(pthread_cond_init(&shared->condition, &sort), "pthread_cond_init");
    atomic_store(&shared->is_made, 1);
}

int main(int count, char **words) {
    if (count != 4) return 64;
    int made = open(words[1], O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    int file = made >= 0 ? made : open(words[1], O_RDWR | O_CLOEXEC);
    if (file < 0 || ftruncate(file, 4096) != 0) return 1;
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared == MAP_FAILED) return 1;
    if (made >= 0) make();
    while (atomic_load(&shared->is_made) == 0) rest(1000000);
    void *(*body)(void *) = strcmp(words[2], "mutex") == 0 ? contend : come;
    for (int number = atoi(words[3]); number > 1; number--) {
        pthread_t thread;
        demand(pthread_create(&thread, NULL, body, NULL), "pthread_create");
    }
    body(NULL);
}

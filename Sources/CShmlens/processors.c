#include "shmlens_processors.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

_Static_assert(sizeof(struct shmlens_processors) == sizeof(cpu_set_t), "room for 1,024 processors");

int shmlens_allowed_processors(struct shmlens_processors *processors, int32_t *count) {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return errno;
    memcpy(processors, &allowed, sizeof allowed);
    *count = CPU_COUNT(&allowed);
    return 0;
}

int shmlens_run_on(const struct shmlens_processors *processors) {
    cpu_set_t allowed;
    memcpy(&allowed, processors, sizeof allowed);
    return sched_setaffinity(0, sizeof allowed, &allowed) == 0 ? 0 : errno;
}

int shmlens_run_on_one(int32_t processor) {
    if (processor < 0 || processor >= CPU_SETSIZE) return EINVAL;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)processor, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0 ? 0 : errno;
}

int shmlens_start_elsewhere(
    pthread_t *thread, const struct shmlens_processors *processors, void *(*body)(void *), void *argument) {
    pthread_attr_t attributes;
    int result = pthread_attr_init(&attributes);
    if (result != 0) return result;
#ifdef __GLIBC__
    cpu_set_t others;
    memcpy(&others, processors, sizeof others);
    int here = sched_getcpu();
    if (here >= 0 && here < CPU_SETSIZE) CPU_CLR(here, &others);
    if (CPU_COUNT(&others) > 0) (void)pthread_attr_setaffinity_np(&attributes, sizeof others, &others);
#else
    (void)processors;
#endif
    result = pthread_create(thread, &attributes, body, argument);
    pthread_attr_destroy(&attributes);
    return result;
}

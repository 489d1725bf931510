#include "shmlens_segment.h"

#include <pthread.h>

/* The format reserves 64 bytes each for the libc's own objects. */
_Static_assert(sizeof(pthread_mutex_t) <= 64, "pthread_mutex_t");
_Static_assert(sizeof(pthread_cond_t) <= 64, "pthread_cond_t");

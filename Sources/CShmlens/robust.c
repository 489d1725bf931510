#include "shmlens_robust.h"

#include <limits.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A thread's head never moves. */
static _Thread_local struct robust_list_head *own_head;

static struct robust_list_head *head(void) {
    size_t length;
    if (own_head == NULL && syscall(SYS_get_robust_list, 0, &own_head, &length) != 0) own_head = NULL;
    return own_head;
}

/* The lowest bit of a link tells of priority inheritance. */
static uintptr_t plain(uintptr_t link) { return link & ~(uintptr_t)1; }

uintptr_t shmlens_robust_first(void) {
    struct robust_list_head *list = head();
    return list == NULL ? 0 : plain((uintptr_t)list->list.next);
}

uintptr_t shmlens_robust_end(void) { return (uintptr_t)head(); }

uintptr_t shmlens_robust_node(const pthread_mutex_t *mutex) { return (uintptr_t)&mutex->__data.__list.__next; }

int shmlens_robust_links_are(const pthread_mutex_t *mutex, uintptr_t next) {
    return plain((uintptr_t)mutex->__data.__list.__next) == next &&
           plain((uintptr_t)mutex->__data.__list.__prev) == (uintptr_t)head();
}

static void remove_first(struct robust_list_head *list, const pthread_mutex_t *mutex, uintptr_t next) {
    if (next == 0 || plain((uintptr_t)list->list.next) != shmlens_robust_node(mutex)) return;
    list->list.next = (struct robust_list *)next;
    /* A node's link back stands right before its link on; the head has one too (DEQUEUE_MUTEX). */
    ((uintptr_t *)next)[-1] = (uintptr_t)list;
}

void shmlens_robust_bequeath(pthread_mutex_t *mutex, uintptr_t next, uint32_t tid) {
    struct robust_list_head *list = head();
    if (list == NULL) return;
    /* Between the list and the wake-up the kernel finds it here (handle_futex_death in kernel/futex/core.c). The thread
     * may end at any instruction, so the order is the compiler's concern too. */
    list->list_op_pending = (struct robust_list *)shmlens_robust_node(mutex);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    remove_first(list, mutex, next);
    uint32_t *word = (uint32_t *)&mutex->__data.__lock;
    uint32_t seen = __atomic_load_n(word, __ATOMIC_RELAXED);
    while ((seen & FUTEX_TID_MASK) == tid &&
           !__atomic_compare_exchange_n(word, &seen, FUTEX_OWNER_DIED | (seen & FUTEX_WAITERS), 0, __ATOMIC_RELEASE,
                                        __ATOMIC_RELAXED)) {
    }
    syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    list->list_op_pending = NULL;
}

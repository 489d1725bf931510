/*
 * The format of a shmlens segment: a public ABI, version 1.
 *
 * A segment is one shared-memory object (POSIX or memfd). It holds, in this order, each part on a page boundary:
 *
 *     header · participants · event ring · heap index · block table · pool
 *
 * Rules that every reader and writer follows:
 *
 *  - Integers are little-endian, fixed-width and naturally aligned. References are offsets from the segment's first
 *    byte or indices into a table; there is never a pointer, so every process may map the segment anywhere.
 *  - The offsets below are the same on every 64-bit Linux; 64 bytes each are reserved for the libc's mutex and
 *    condition. Whoever differs in `architecture` or `libc` may read and must not lock.
 *  - What is written once, at creation, is the identity. All else changes under `lock_mutex` only, except what a
 *    participant writes into its own slot's last two lines, and the words of the condition.
 *  - A change is an operation: the old value of each word goes into the journal before the word is overwritten, the
 *    event that describes the operation is written behind the ring's head, and the store that moves `event_head` is
 *    the commit. Whoever gets the lock after its owner died undoes an operation that was not committed.
 *  - Each 4096-byte page that pictures are taken of has a sequence number: odd from the first store of an operation
 *    to its commit, even and larger than before after it. Numbers are not journaled.
 *  - What different processes write often stands on different 64-byte lines.
 *
 * A reader must take every byte of a segment for hostile: copy once, then check the copy.
 */
#ifndef SHMLENS_SEGMENT_H
#define SHMLENS_SEGMENT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define SHMLENS_ASSERT(condition, text) static_assert(condition, text)
#else
#define SHMLENS_ASSERT(condition, text) _Static_assert(condition, text)
#endif

enum {
    shmlens_format_version = 1,
    shmlens_line_bytes = 64,          /* the cache line that the format keeps writers apart by */
    shmlens_sequence_page_bytes = 4096, /* what one sequence number covers, whatever the machine's page size */
    shmlens_header_bytes = 8192,
    shmlens_participant_bytes = 256,
    shmlens_event_bytes = 128,
    shmlens_block_bytes = 64,
    shmlens_index_header_bytes = 4096,
    shmlens_granule_bytes = 64,       /* spans begin and end on multiples of it: no two blocks share a line */
    shmlens_guard_bytes = 8,          /* one guard word before and one after each payload */
    shmlens_minimum_lead_bytes = 16,  /* span's first byte to payload's first byte: room for the guard, 16-aligned */
    shmlens_text_bytes = 1024,
    shmlens_name_bytes = 32,
    shmlens_tag_bytes = 16,
    shmlens_histogram_buckets = 40,   /* bucket i counts times below 2^i ns and not below 2^(i-1) ns */
    shmlens_journal_entries = 256,    /* more than any one operation stores */
    shmlens_small_bins = 64,          /* bin g holds free blocks of exactly g granules, 1 to 63 */
    shmlens_tree_bins = 64            /* bin k holds free blocks of 2^k to 2^(k+1) - 1 granules, k from 6 */
};

#define SHMLENS_MAGIC "SHMLENS" /* eight bytes with the terminating zero */

/* `libc`: who initialised the mutex and the condition. */
enum { shmlens_libc_other = 0, shmlens_libc_glibc = 1, shmlens_libc_musl = 2 };

/* An index that names nothing. */
#define SHMLENS_NONE 0xffffffffu

/* ------------------------------------------------------------------------------------------------ header */

struct shmlens_journal_entry {
    uint64_t offset; /* of the word, from the segment's first byte, a multiple of 8 */
    uint64_t old;    /* what it held before the operation */
};

struct shmlens_header {
    /* Identity: written before the segment is published, never changed. */
    char magic[8];
    uint32_t version;
    uint32_t header_bytes;
    uint32_t architecture;            /* ELF e_machine: 62 x86-64, 183 AArch64 */
    uint32_t libc;
    uint32_t libc_version;            /* major * 1000 + minor */
    uint32_t page_bytes;              /* the creator's page size; parts are aligned to it */
    uint8_t uuid[16];
    uint64_t created_at_ns;           /* CLOCK_REALTIME */
    uint32_t creator_pid;
    uint32_t creator_uid;
    uint64_t creator_pid_namespace;   /* inode of /proc/PID/ns/pid */
    uint64_t creator_start_time;      /* field 22 of /proc/PID/stat, in clock ticks since boot */
    char creator_name[shmlens_name_bytes];
    uint64_t total_bytes;             /* the object's size */
    uint64_t coarse_clock_resolution_ns; /* of the clock in lock_taken_at_ns and heartbeats: CLOCK_MONOTONIC_COARSE */
    uint64_t participants_offset;
    uint32_t participant_count;       /* slots, the reserved slot 0 included */
    uint32_t participant_bytes;
    uint64_t events_offset;
    uint32_t event_count;
    uint32_t event_bytes;
    uint64_t index_offset;
    uint64_t index_bytes;
    uint64_t blocks_offset;
    uint32_t block_capacity;
    uint32_t block_bytes;
    uint64_t pool_offset;
    uint64_t pool_bytes;
    uint32_t granule_bytes;
    uint32_t sequence_count;          /* page sequence numbers in the heap index */
    uint8_t identity_reserved[40];

    /* The lock: a process-shared, robust, error-checking pthread_mutex_t. */
    uint8_t lock_mutex[64];

    /* Who holds it: written after it was taken, cleared before it is given back. The mutex' own word decides. */
    uint32_t lock_owner_tid;
    uint32_t lock_owner_pid;
    uint32_t lock_owner_slot;
    uint32_t lock_owner_generation;
    uint64_t lock_taken_at_ns;        /* CLOCK_MONOTONIC_COARSE */
    uint64_t lock_owner_pid_namespace;
    uint64_t lock_owner_reserved[4];

    /* Statistics: changed by the lock's owner, one word at a time, never undone. */
    uint64_t lock_acquisitions;
    uint64_t lock_contended;          /* acquisitions that found the lock held */
    uint64_t lock_owner_deaths;       /* recoveries completed */
    uint64_t lock_sampled;            /* uncontended acquisitions that were timed */
    uint64_t lock_statistics_reserved[4];
    uint64_t wait_histogram[shmlens_histogram_buckets]; /* every contended acquisition, and the sampled ones */
    uint64_t hold_histogram[shmlens_histogram_buckets];

    /* The condition: a sequence word for shared futex calls. Waking never depends on a waiter that died. */
    uint32_t condition_sequence;
    uint32_t condition_reserved[15];
    /* A classic pthread_cond_t, process-shared, on CLOCK_MONOTONIC. Nothing of shmlens depends on it: a waiter
       killed inside it can make a later broadcast block for ever, so bound every wait. */
    uint8_t classic_condition[64];

    /* State: sequence number 0 covers these lines. */
    uint64_t counter;
    uint64_t flag;                    /* 0 to 2^32 - 1 */
    uint64_t damaged;                 /* not 0: recovery or an operation met damage; changes are refused */
    uint64_t next_generation;         /* the generation of the next participant, from 1 */
    uint64_t state_reserved[4];
    uint8_t text[shmlens_text_bytes]; /* UTF-8, ended by a zero byte where it is shorter */

    /* The ring's head: the sequence of the newest event, 0 while there is none. Storing it commits. */
    uint64_t event_head;
    uint64_t event_head_reserved[7];

    /* The undo journal: entries 0 to journal_count - 1 belong to the operation that will be event
       `journal_operation`; where that is not past `event_head` it is committed and nothing is to be undone. */
    uint64_t journal_operation;
    uint64_t journal_count;
    uint64_t journal_reserved[6];
    struct shmlens_journal_entry journal[shmlens_journal_entries];

    uint8_t header_reserved[1664];
};

/* ------------------------------------------------------------------------------------------ participants */

enum { shmlens_participant_free = 0, shmlens_participant_joined = 1, shmlens_participant_external = 2 };

/* What a participant waits for. */
enum {
    shmlens_waiting_for_nothing = 0,
    shmlens_waiting_for_lock = 1,
    shmlens_waiting_for_condition = 2,
    shmlens_waiting_for_classic_condition = 3
};

/* Kinds of operations: the index into `operations` and the `kind` of an event share these names. */
enum {
    shmlens_operation_allocate = 0,
    shmlens_operation_resize = 1,
    shmlens_operation_free = 2,
    shmlens_operation_reclaim = 3,    /* a block of a dead participant was freed */
    shmlens_operation_count = 4,      /* the counter went up, and the text with it */
    shmlens_operation_write = 5,      /* bytes of a payload, or the text */
    shmlens_operation_flag = 6,       /* the flag was set */
    shmlens_operation_lock = 7,       /* acquisitions of the lock; makes no event */
    shmlens_operation_kinds = 8,
    /* Events that belong to no participant's counts. */
    shmlens_event_join = 8,
    shmlens_event_leave = 9,
    shmlens_event_bury = 10,          /* the slot of a dead participant was freed */
    shmlens_event_recover = 11,       /* the lock was recovered from a dead owner */
    shmlens_event_damage = 12         /* damage was found; changes are refused from here on */
};

/* Slot 0 is `external`, the owner of blocks made from outside (over HTTP, by the command line); it never dies. */
struct shmlens_participant {
    /* Identity: changed under the lock; the page's sequence number covers it. */
    uint32_t state;
    uint32_t generation;
    uint32_t pid;
    uint32_t uid;
    uint64_t pid_namespace;
    uint64_t start_time;              /* field 22 of /proc/PID/stat: a pid used again is told apart by it */
    uint64_t joined_at_ns;            /* CLOCK_REALTIME */
    uint64_t identity_reserved[3];
    char name[shmlens_name_bytes];
    uint8_t name_reserved[32];

    /* Written by the participant alone, without the lock. */
    uint64_t heartbeat_ns;            /* CLOCK_MONOTONIC_COARSE */
    uint64_t waiting_since_ns;        /* CLOCK_MONOTONIC_COARSE, 0 while it does not wait */
    uint32_t waiting_tid;
    uint32_t waiting_for;
    uint64_t waiting_reserved[5];

    uint64_t operations[shmlens_operation_kinds];
};

/* --------------------------------------------------------------------------------------------- event ring */

/* Event number s stands in entry s % event_count. The newest event_count - 1 events are whole. */
struct shmlens_event {
    uint64_t sequence;
    uint64_t at_ns;                   /* CLOCK_REALTIME */
    uint16_t kind;
    uint8_t ended;                    /* 0 while the bytes of a write are still being written */
    uint8_t lead_bytes;               /* of the block after the operation, as in shmlens_block */
    uint8_t slack_bytes;
    uint8_t alignment_shift;
    uint16_t reserved;
    uint32_t slot;                    /* who did it */
    uint32_t generation;
    uint64_t span_offset;             /* of the block after the operation; 0 where there is none */
    uint64_t span_bytes;
    uint64_t old_span_offset;         /* of the block before the operation; 0 where there was none */
    uint64_t old_span_bytes;
    uint64_t size_bytes;              /* asked for: after, and below before the operation; for a write the length */
    uint64_t old_size_bytes;
    uint64_t offset;                  /* of the payload, or of the bytes written */
    uint64_t old_offset;
    uint32_t block_slot;              /* whose block it is */
    uint32_t block_generation;
    uint8_t tag[shmlens_tag_bytes];
    uint64_t block_allocated_at_ms;   /* CLOCK_REALTIME */
};

/* --------------------------------------------------------------------------------------------- heap index */

/*
 * Free blocks are found by size in bins: one list for each size below 64 granules, and above it one digital tree for
 * each power of two, branching on the bits of the size below its leading one. That is exact best fit in at most
 * twice as many steps as a size has bits.
 *
 * Behind this header stand, each on a 64-byte boundary:
 *   - the page sequence numbers, 64 bits each: the header's state; this header; the pages of the participants; the
 *     pages of the block table;
 *   - the starts: a bit for each granule of the pool where a span begins, and above it summaries, 64 to 1 (bit i of
 *     a level is set where word i of the level below is not zero), up to a level of one word;
 *   - the map: for each granule where a span begins, the index of its descriptor, 32 bits.
 */
struct shmlens_index_header {
    uint64_t used_bytes;              /* sum of the used spans */
    uint64_t high_water_bytes;        /* the most that used_bytes ever was */
    uint32_t used_blocks;
    uint32_t free_blocks;
    uint32_t table_high_water;        /* descriptors that were ever used: the rest of the table is untouched */
    uint32_t unused_descriptors;      /* first of the list of descriptors given back, linked by `next` */
    uint64_t small_bitmap;            /* bit g: bin g is not empty */
    uint64_t tree_bitmap;             /* bit k: tree k is not empty */
    uint64_t reserved[2];
    uint32_t small_bins[shmlens_small_bins];
    uint32_t tree_bins[shmlens_tree_bins];
    uint8_t index_reserved[3520];
};

/* -------------------------------------------------------------------------------------------- block table */

enum { shmlens_block_unused = 0, shmlens_block_free = 1, shmlens_block_used = 2 };

/* `parent` of a free block in a tree bin: the bin's root, or one that hangs in another block's ring of equal size. */
#define SHMLENS_PARENT_ROOT 0xfffffffeu

struct shmlens_block {
    uint64_t span_offset;
    uint64_t span_bytes;
    uint32_t previous;                /* neighbours in address order */
    uint32_t next;
    uint32_t generation;              /* the owner's */
    uint16_t slot;                    /* the owner's */
    uint8_t state;
    uint8_t lead_bytes;               /* span's first byte to payload's first byte: 16 to 64 */
    uint64_t sequence;                /* of the operation that last changed the block */
    union {
        struct {
            uint32_t allocated_at_s;  /* CLOCK_REALTIME */
            uint16_t allocated_at_ms;
            uint8_t slack_bytes;      /* behind the payload and its guard, to the span's end: 0 to 63 */
            uint8_t alignment_shift;  /* the alignment asked for, as a power of two */
            uint8_t tag[shmlens_tag_bytes];
        } used;
        struct {
            uint32_t children[2];     /* in a tree bin */
            uint32_t parent;
            uint32_t ring_next;       /* blocks of equal size: a ring in a tree bin, a list in a small one */
            uint32_t ring_previous;
            uint32_t reserved;
        } free;
    } u;
};

/* A guard word is this, exclusive-or the offset of the payload (before it) or its complement (after it). */
#define SHMLENS_GUARD 0x6c656e732d677264u

/* ----------------------------------------------------------------------------------- what must never move */

SHMLENS_ASSERT(sizeof(struct shmlens_journal_entry) == 16, "journal entry");
SHMLENS_ASSERT(sizeof(struct shmlens_header) == shmlens_header_bytes, "header");
SHMLENS_ASSERT(sizeof(struct shmlens_participant) == shmlens_participant_bytes, "participant");
SHMLENS_ASSERT(sizeof(struct shmlens_event) == shmlens_event_bytes, "event");
SHMLENS_ASSERT(sizeof(struct shmlens_index_header) == shmlens_index_header_bytes, "index header");
SHMLENS_ASSERT(sizeof(struct shmlens_block) == shmlens_block_bytes, "block");
SHMLENS_ASSERT(shmlens_sequence_page_bytes % shmlens_block_bytes == 0, "no block crosses a sequence page");
SHMLENS_ASSERT(shmlens_sequence_page_bytes % shmlens_participant_bytes == 0, "no participant crosses one");

/* offsetof for Swift, which imports enumerators as plain integers, and the assertion that pins it. */
#define SHMLENS_PIN(type, field, at)                                                    \
    enum { shmlens_##type##_offset_##field = offsetof(struct shmlens_##type, field) };  \
    SHMLENS_ASSERT(offsetof(struct shmlens_##type, field) == (at), #type "." #field)

SHMLENS_PIN(header, magic, 0);
SHMLENS_PIN(header, version, 8);
SHMLENS_PIN(header, header_bytes, 12);
SHMLENS_PIN(header, architecture, 16);
SHMLENS_PIN(header, libc, 20);
SHMLENS_PIN(header, libc_version, 24);
SHMLENS_PIN(header, page_bytes, 28);
SHMLENS_PIN(header, uuid, 32);
SHMLENS_PIN(header, created_at_ns, 48);
SHMLENS_PIN(header, creator_pid, 56);
SHMLENS_PIN(header, creator_uid, 60);
SHMLENS_PIN(header, creator_pid_namespace, 64);
SHMLENS_PIN(header, creator_start_time, 72);
SHMLENS_PIN(header, creator_name, 80);
SHMLENS_PIN(header, total_bytes, 112);
SHMLENS_PIN(header, coarse_clock_resolution_ns, 120);
SHMLENS_PIN(header, participants_offset, 128);
SHMLENS_PIN(header, participant_count, 136);
SHMLENS_PIN(header, participant_bytes, 140);
SHMLENS_PIN(header, events_offset, 144);
SHMLENS_PIN(header, event_count, 152);
SHMLENS_PIN(header, event_bytes, 156);
SHMLENS_PIN(header, index_offset, 160);
SHMLENS_PIN(header, index_bytes, 168);
SHMLENS_PIN(header, blocks_offset, 176);
SHMLENS_PIN(header, block_capacity, 184);
SHMLENS_PIN(header, block_bytes, 188);
SHMLENS_PIN(header, pool_offset, 192);
SHMLENS_PIN(header, pool_bytes, 200);
SHMLENS_PIN(header, granule_bytes, 208);
SHMLENS_PIN(header, sequence_count, 212);
SHMLENS_PIN(header, lock_mutex, 256);
SHMLENS_PIN(header, lock_owner_tid, 320);
SHMLENS_PIN(header, lock_owner_pid, 324);
SHMLENS_PIN(header, lock_owner_slot, 328);
SHMLENS_PIN(header, lock_owner_generation, 332);
SHMLENS_PIN(header, lock_taken_at_ns, 336);
SHMLENS_PIN(header, lock_owner_pid_namespace, 344);
SHMLENS_PIN(header, lock_acquisitions, 384);
SHMLENS_PIN(header, lock_contended, 392);
SHMLENS_PIN(header, lock_owner_deaths, 400);
SHMLENS_PIN(header, lock_sampled, 408);
SHMLENS_PIN(header, wait_histogram, 448);
SHMLENS_PIN(header, hold_histogram, 768);
SHMLENS_PIN(header, condition_sequence, 1088);
SHMLENS_PIN(header, classic_condition, 1152);
SHMLENS_PIN(header, counter, 1216);
SHMLENS_PIN(header, flag, 1224);
SHMLENS_PIN(header, damaged, 1232);
SHMLENS_PIN(header, next_generation, 1240);
SHMLENS_PIN(header, text, 1280);
SHMLENS_PIN(header, event_head, 2304);
SHMLENS_PIN(header, journal_operation, 2368);
SHMLENS_PIN(header, journal_count, 2376);
SHMLENS_PIN(header, journal, 2432);

SHMLENS_PIN(participant, state, 0);
SHMLENS_PIN(participant, generation, 4);
SHMLENS_PIN(participant, pid, 8);
SHMLENS_PIN(participant, uid, 12);
SHMLENS_PIN(participant, pid_namespace, 16);
SHMLENS_PIN(participant, start_time, 24);
SHMLENS_PIN(participant, joined_at_ns, 32);
SHMLENS_PIN(participant, name, 64);
SHMLENS_PIN(participant, heartbeat_ns, 128);
SHMLENS_PIN(participant, waiting_since_ns, 136);
SHMLENS_PIN(participant, waiting_tid, 144);
SHMLENS_PIN(participant, waiting_for, 148);
SHMLENS_PIN(participant, operations, 192);

SHMLENS_PIN(event, sequence, 0);
SHMLENS_PIN(event, at_ns, 8);
SHMLENS_PIN(event, kind, 16);
SHMLENS_PIN(event, ended, 18);
SHMLENS_PIN(event, lead_bytes, 19);
SHMLENS_PIN(event, slack_bytes, 20);
SHMLENS_PIN(event, alignment_shift, 21);
SHMLENS_PIN(event, slot, 24);
SHMLENS_PIN(event, generation, 28);
SHMLENS_PIN(event, span_offset, 32);
SHMLENS_PIN(event, span_bytes, 40);
SHMLENS_PIN(event, old_span_offset, 48);
SHMLENS_PIN(event, old_span_bytes, 56);
SHMLENS_PIN(event, size_bytes, 64);
SHMLENS_PIN(event, old_size_bytes, 72);
SHMLENS_PIN(event, offset, 80);
SHMLENS_PIN(event, old_offset, 88);
SHMLENS_PIN(event, block_slot, 96);
SHMLENS_PIN(event, block_generation, 100);
SHMLENS_PIN(event, tag, 104);
SHMLENS_PIN(event, block_allocated_at_ms, 120);

SHMLENS_PIN(index_header, used_bytes, 0);
SHMLENS_PIN(index_header, high_water_bytes, 8);
SHMLENS_PIN(index_header, used_blocks, 16);
SHMLENS_PIN(index_header, free_blocks, 20);
SHMLENS_PIN(index_header, table_high_water, 24);
SHMLENS_PIN(index_header, unused_descriptors, 28);
SHMLENS_PIN(index_header, small_bitmap, 32);
SHMLENS_PIN(index_header, tree_bitmap, 40);
SHMLENS_PIN(index_header, small_bins, 64);
SHMLENS_PIN(index_header, tree_bins, 320);

SHMLENS_PIN(block, span_offset, 0);
SHMLENS_PIN(block, span_bytes, 8);
SHMLENS_PIN(block, previous, 16);
SHMLENS_PIN(block, next, 20);
SHMLENS_PIN(block, generation, 24);
SHMLENS_PIN(block, slot, 28);
SHMLENS_PIN(block, state, 30);
SHMLENS_PIN(block, lead_bytes, 31);
SHMLENS_PIN(block, sequence, 32);
SHMLENS_ASSERT(offsetof(struct shmlens_block, u.used.allocated_at_s) == 40, "block.u.used.allocated_at_s");
SHMLENS_ASSERT(offsetof(struct shmlens_block, u.used.allocated_at_ms) == 44, "block.u.used.allocated_at_ms");
SHMLENS_ASSERT(offsetof(struct shmlens_block, u.used.slack_bytes) == 46, "block.u.used.slack_bytes");
SHMLENS_ASSERT(offsetof(struct shmlens_block, u.used.alignment_shift) == 47, "block.u.used.alignment_shift");
SHMLENS_ASSERT(offsetof(struct shmlens_block, u.used.tag) == 48, "block.u.used.tag");
SHMLENS_ASSERT(offsetof(struct shmlens_block, u.free.children) == 40, "block.u.free.children");
SHMLENS_ASSERT(offsetof(struct shmlens_block, u.free.parent) == 48, "block.u.free.parent");
SHMLENS_ASSERT(offsetof(struct shmlens_block, u.free.ring_next) == 52, "block.u.free.ring_next");
SHMLENS_ASSERT(offsetof(struct shmlens_block, u.free.ring_previous) == 56, "block.u.free.ring_previous");

#undef SHMLENS_PIN

/* Writers that must not slow each other down stand on lines of their own. */
SHMLENS_ASSERT(offsetof(struct shmlens_header, lock_mutex) % shmlens_line_bytes == 0, "the mutex begins a line");
SHMLENS_ASSERT(offsetof(struct shmlens_header, lock_owner_tid) % shmlens_line_bytes == 0, "so does its owner");
SHMLENS_ASSERT(offsetof(struct shmlens_header, lock_acquisitions) % shmlens_line_bytes == 0, "so do its statistics");
SHMLENS_ASSERT(offsetof(struct shmlens_header, condition_sequence) % shmlens_line_bytes == 0, "so does the condition");
SHMLENS_ASSERT(offsetof(struct shmlens_header, classic_condition) % shmlens_line_bytes == 0, "so does the classic one");
SHMLENS_ASSERT(offsetof(struct shmlens_header, counter) % shmlens_line_bytes == 0, "so does the state");
SHMLENS_ASSERT(offsetof(struct shmlens_header, event_head) % shmlens_line_bytes == 0, "so does the head");
SHMLENS_ASSERT(offsetof(struct shmlens_header, journal_operation) % shmlens_line_bytes == 0, "so does the journal");
SHMLENS_ASSERT(offsetof(struct shmlens_participant, heartbeat_ns) % shmlens_line_bytes == 0, "own words of a slot");
SHMLENS_ASSERT(offsetof(struct shmlens_participant, operations) % shmlens_line_bytes == 0, "operations of a slot");
SHMLENS_ASSERT(shmlens_participant_bytes % shmlens_line_bytes == 0, "no two slots share a line");

#ifdef __cplusplus
}
#endif
#endif

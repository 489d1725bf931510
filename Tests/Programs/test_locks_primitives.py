"""Waiters of everything that can be waited on in shared memory, timed and untimed: what it is, where it is, and who waits."""

import ctypes
import os
import time
import unittest

from locks_case import LocksCase

LIBC = ctypes.CDLL(None, use_errno=True)
IPC_RMID, SETVAL = 0, 16
# Longer than any test: a limit that is never reached. With an m, by the monotonic clock.
LIMITS = ("", " 600000", " 600000m")
# How `hold` calls a mutex, and how the answer does.
MUTEXES = {
    "normal": {"mutexType": "normal", "robust": False, "protocol": "none"},
    "recursive": {"mutexType": "recursive", "robust": False, "protocol": "none"},
    "errorcheck": {"mutexType": "errorCheck", "robust": False, "protocol": "none"},
    "adaptive": {"mutexType": "adaptive", "robust": False, "protocol": "none"},
    "robust": {"mutexType": "normal", "robust": True, "protocol": "none"},
    "recursive robust": {"mutexType": "recursive", "robust": True, "protocol": "none"},
    "errorcheck inherit": {"mutexType": "errorCheck", "robust": False, "protocol": "inherit"},
    "inherit robust": {"mutexType": "normal", "robust": True, "protocol": "inherit"},
}


class PrimitiveCase(LocksCase):
    def check(self, shared, offset, limits, **facts):
        """What is waited on in a segment: by whom, and whether with a limit of time."""
        graph, lock = self.look(shared, offset)
        self.assert_facts(lock, processShared=True, verdict="ok", **facts)
        self.assertIn("waiter", lock["evidence"])
        self.assertEqual({self.key(one): bool(one.get("timed")) for one in lock["waiters"]}, self.timed(limits))
        for one in lock["waiters"]:
            self.assertEqual([one["command"], one["threadState"]], ["hold", "sleeping"])
        self.assert_edges(graph, shared.id, offset, limits)
        for thread in limits:
            self.assertEqual(graph.waits_of(thread), [(shared.id, offset)])
        self.assertEqual(graph.verdicts(shared.id), {})
        return graph, lock

    @staticmethod
    def timed(limits):
        return {thread.key: bool(limit) for thread, limit in limits.items()}

    def assert_edges(self, graph, segment, place, limits):
        edges = graph.waiters(segment, place)
        self.assertEqual({key: bool(edge.get("timed")) for key, edge in edges.items()}, self.timed(limits))

    def waiting(self, shared, command):
        """A process for each limit of time, each of which waits."""
        return {self.hold(shared).block(command + limit): limit for limit in LIMITS}


class Mutexes(PrimitiveCase):
    def test_every_kind(self):
        for kind, facts in MUTEXES.items():
            with self.subTest(kind):
                shared = self.shared("mutexes")
                holder = self.hold(shared)
                holder.do(f"mutex {shared + 4136} {kind}")
                holder.do(f"lock {shared + 4136}")
                limits = self.waiting(shared, f"lock {shared + 4136}")
                graph, lock = self.check(shared, 4136, limits, type="mutex", state="held", **facts)
                self.assert_owner(lock, holder)
                self.assertEqual(list(graph.holders(shared.id, 4136)), [holder.key])
                self.assertEqual("robustList" in lock["evidence"], facts["robust"])
                self.assertEqual(graph.locks(shared.id), [(shared.id, 4136)])
                for process in (holder, *limits):
                    process.kill()

    def test_who_waits_has_it_when_it_is_given_back(self):
        for kind in ("normal", "robust", "inherit", "inherit robust"):
            with self.subTest(kind):
                shared = self.shared("mutexes")
                holder, first, second = self.holds(3, shared)
                holder.do(f"mutex {shared + 64} {kind}")
                holder.do(f"lock {shared + 64}")
                first.block(f"lock {shared + 64}")
                second.block(f"lock {shared + 64} 600000")
                holder.do(f"unlock {shared + 64}")
                # The one that waited longest, or the one that the kernel chose.
                self.until(lambda: not (first.sleeps() and second.sleeps()), "one has it")
                owner, waiter = (second, first) if first.sleeps() else (first, second)
                self.assertEqual(owner.result("lock"), "0")
                self.until(waiter.sleeps, "the other waits")
                _, lock = self.look(shared, 64)
                self.assert_facts(lock, state="held", verdict="ok")
                self.assert_owner(lock, owner)
                self.assert_waiters(lock, waiter, timed=waiter is second)

    def test_what_the_owner_sleeps_in(self):
        shared = self.shared("sleeping")
        holder = self.hold(shared)
        second = holder.thread()
        for thread, offset in ((holder, 64), (second, 128)):
            thread.do(f"mutex {shared + offset}")
            thread.do(f"lock {shared + offset}")
        self.hold(shared).block(f"lock {shared + 64}")
        self.hold(shared).block(f"lock {shared + 128}")
        # Each thread reads what it is told from a pipe of its own.
        for thread, offset, descriptor in ((holder, 64, 0), (second, 128, 3)):
            graph, lock = self.look(shared, offset)
            pipe = os.readlink(f"/proc/{thread.pid}/fd/{descriptor}")
            self.assertEqual(lock["owner"]["sleepsIn"], {"call": "read", "descriptor": descriptor, "target": pipe})
            self.assertEqual(graph.thread(thread)["sleepsIn"], lock["owner"]["sleepsIn"])

    def test_a_wait_with_a_limit_that_was_stopped_goes_on(self):
        """By another call of the kernel's, with the arguments of the first."""
        shared = self.shared("stopped")
        maker, first, second = self.holds(3, shared)
        maker.do(f"mutex {shared + 64}")
        maker.do(f"condition {shared + 128}")
        for thread in (first, second):
            thread.do(f"lock {shared + 64}")
            thread.block(f"wait {shared + 128} {shared + 64} 600000")
        first.stop()
        first.resume()
        self.until(lambda: first.state() == "S", "it sleeps again")
        self.assertNotEqual(first.call()[0], second.call()[0], "it goes on by another call")
        _, lock = self.look(shared, 128)
        self.assert_facts(lock, type="condition", state="waitedOn", value=2, verdict="ok")
        self.assert_waiters(lock, first, second, timed=True)

    def test_at_the_edges_of_an_object(self):
        shared = self.shared("edges", size=8192)
        holder = self.hold(shared)
        places = (0, 8192 - 40)
        for place in places:
            holder.do(f"mutex {shared + place}")
            holder.do(f"lock {shared + place}")
        waiters = [self.hold(shared).block(f"lock {shared + place}") for place in places]
        locks = self.segment_locks(shared.id)
        self.assertEqual(sorted(locks), list(places))
        for place, waiter in zip(places, waiters):
            self.assert_facts(locks[place], type="mutex", state="held", verdict="ok")
            self.assert_owner(locks[place], holder)
            self.assert_waiters(locks[place], waiter)

    def test_side_by_side(self):
        shared = self.shared("array")
        holder = self.hold(shared)
        # An array, as programs have it: each lock's neighbours are locks.
        places = [40 * index for index in range(4)]
        for place in places:
            holder.do(f"mutex {shared + place}")
            holder.do(f"lock {shared + place}")
        waiters = [self.hold(shared).block(f"lock {shared + place}") for place in places]
        locks = self.segment_locks(shared.id)
        self.assertEqual(sorted(locks), places)
        for place, waiter in zip(places, waiters):
            self.assert_facts(locks[place], type="mutex", state="held", verdict="ok")
            self.assert_owner(locks[place], holder)
            self.assert_waiters(locks[place], waiter)


class Conditions(PrimitiveCase):
    def test_all_that_wait(self):
        shared = self.shared("condition")
        maker = self.hold(shared)
        maker.do(f"mutex {shared + 64}")
        maker.do(f"condition {shared + 4096}")
        limits = {}
        for limit in LIMITS:
            waiter = self.hold(shared)
            waiter.do(f"lock {shared + 64}")
            limits[waiter.block(f"wait {shared + 4096} {shared + 64}{limit}")] = limit
        graph, _ = self.check(shared, 4096, limits, type="condition", state="waitedOn", value=3)
        # The mutex was given back, and is none of theirs.
        self.assertEqual(graph.locks(shared.id), [(shared.id, 4096)])

    def test_both_groups_are_of_one_condition(self):
        shared = self.shared("condition")
        maker, first, second, third = self.holds(4, shared)
        maker.do(f"mutex {shared + 64}")
        maker.do(f"condition {shared + 4096}")
        for waiter in (first, second):
            waiter.do(f"lock {shared + 64}")
            waiter.block(f"wait {shared + 4096} {shared + 64}")
        maker.do(f"signal {shared + 4096}")
        self.until(lambda: not (first.sleeps() and second.sleeps()), "one is woken")
        woken, left = (second, first) if first.sleeps() else (first, second)
        self.assertEqual(woken.result("wait"), "0")
        woken.do(f"unlock {shared + 64}")
        third.do(f"lock {shared + 64}")
        third.block(f"wait {shared + 4096} {shared + 64}")
        # Who came after the signal sleeps on the word beside that of who came before.
        self.assertEqual({left.call()[1] % 8, third.call()[1] % 8}, {0, 4})
        self.check(shared, 4096, {left: "", third: ""}, type="condition", state="waitedOn", value=2)


class Semaphores(PrimitiveCase):
    def test_all_that_wait(self):
        shared = self.shared("semaphore")
        maker = self.hold(shared)
        maker.do(f"semaphore {shared + 4096} 1")
        maker.do(f"take {shared + 4096}")
        limits = self.waiting(shared, f"take {shared + 4096}")
        graph, lock = self.check(shared, 4096, limits, type="semaphore", state="empty", value=0)
        # Nobody owns a semaphore, whoever took it.
        self.assertNotIn("owner", lock)
        self.assertEqual(graph.holders(shared.id, 4096), {})

    def test_a_named_one(self):
        shared = self.shared("unused")
        name = f"{shared.name}-named"
        # Whoever made it maps it by the name that it had before it was whole, and which is gone.
        segment = f"semaphore:{name}"
        self.addCleanup(lambda: os.path.exists(f"/dev/shm/sem.{name}") and os.unlink(f"/dev/shm/sem.{name}"))
        limits = {}
        for limit in LIMITS:
            waiter = self.hold()
            waiter.do(f"opensemaphore named /{name} 0")
            limits[waiter.block(f"take named+0{limit}")] = limit
        graph = self.locks()
        node = graph.lock(segment, 0)
        self.assertIsNotNone(node)
        self.assert_facts(node, type="semaphore", state="empty", value=0, verdict="ok", waiterCount=3)
        self.assert_edges(graph, segment, 0, limits)
        [lock] = self.segment_locks(segment).values()
        self.assert_facts(lock, offset=0, type="semaphore", state="empty", value=0, verdict="ok")
        self.assertEqual({self.key(one) for one in lock["waiters"]}, {thread.key for thread in limits})


class ReadWriteLocks(PrimitiveCase):
    def test_readers_behind_a_writer(self):
        shared = self.shared("rwlock")
        holder = self.hold(shared)
        holder.do(f"rwlock {shared + 4096}")
        holder.do(f"write {shared + 4096}")
        limits = self.waiting(shared, f"read {shared + 4096}")
        graph, lock = self.check(shared, 4096, limits, type="rwlock", state="held")
        self.assert_owner(lock, holder)
        self.assertEqual(list(graph.holders(shared.id, 4096)), [holder.key])

    def test_writers_behind_a_writer(self):
        shared = self.shared("rwlock")
        holder = self.hold(shared)
        holder.do(f"rwlock {shared + 4096}")
        holder.do(f"write {shared + 4096}")
        limits = self.waiting(shared, f"write {shared + 4096}")
        _, lock = self.check(shared, 4096, limits, type="rwlock", state="held")
        self.assert_owner(lock, holder)

    def test_writers_behind_a_reader(self):
        for limit in LIMITS:
            with self.subTest(limit):
                shared = self.shared("rwlock")
                holder, first, second = self.holds(3, shared)
                holder.do(f"rwlock {shared + 4096}")
                holder.do(f"read {shared + 4096}")
                # The first waits for the readers to leave, and the second, on another word, for its turn.
                first.block(f"write {shared + 4096}{limit}")
                second.block(f"write {shared + 4096}")
                self.assertEqual(second.call()[1] % 4096 - first.call()[1] % 4096, 4)
                _, lock = self.check(shared, 4096, {first: limit, second: ""}, type="rwlock", state="held", value=1)
                # A reader leaves no name; of those who may be it, only one is not among the waiters.
                self.assertLessEqual({self.key(one) for one in lock.get("ownerCandidates", [])}, {holder.key})
                if "owner" in lock:
                    self.assert_owner(lock, holder)
                for process in (holder, first, second):
                    process.kill()

    def test_readers_and_writers_behind_a_writer(self):
        shared = self.shared("rwlock")
        holder, reads, writes = self.holds(3, shared)
        holder.do(f"rwlock {shared + 4096}")
        holder.do(f"write {shared + 4096}")
        reads.block(f"read {shared + 4096}")
        writes.block(f"write {shared + 4096} 600000")
        _, lock = self.check(shared, 4096, {reads: "", writes: " 600000"}, type="rwlock", state="held")
        self.assert_owner(lock, holder)

    def test_readers_that_let_a_writer_go_first(self):
        shared = self.shared("rwlock")
        holder, writes, reads = self.holds(3, shared)
        holder.do(f"rwlock {shared + 4096} writers")
        holder.do(f"read {shared + 4096}")
        writes.block(f"write {shared + 4096}")
        reads.block(f"read {shared + 4096}")
        # These sleep on the lock's first word, which nobody else does.
        self.assertEqual(reads.call()[1] % 4096, 0)
        self.check(shared, 4096, {writes: "", reads: ""}, type="rwlock", state="held", value=1)


class Barriers(PrimitiveCase):
    def test_who_has_come(self):
        shared = self.shared("barrier")
        first, second, third = self.holds(3, shared)
        first.do(f"barrier {shared + 4096} 3")
        first.block(f"meet {shared + 4096}")
        second.block(f"meet {shared + 4096}")
        self.check(shared, 4096, {first: "", second: ""}, type="barrier", state="waitedOn", value=2)
        # In the second round as in the first.
        third.do(f"meet {shared + 4096}")
        for thread in (first, second):
            self.assertEqual(thread.result("meet"), "0")
        third.block(f"meet {shared + 4096}")
        self.check(shared, 4096, {third: ""}, type="barrier", state="waitedOn", value=1)


class Words(LocksCase):
    """Waits that have nothing of glibc: any program's own locks."""

    def check(self, shared, waits, timed=()):
        graph = self.locks()
        places = {(shared.id, offset) for offsets in waits.values() for offset in offsets}
        self.assertEqual(graph.locks(shared.id), sorted(places))
        locks = self.segment_locks(shared.id)
        for thread, offsets in waits.items():
            self.assertEqual(graph.waits_of(thread), [(shared.id, offset) for offset in offsets])
            for offset in offsets:
                for lock in (graph.lock(shared.id, offset), locks[offset]):
                    self.assert_facts(lock, type="futex", state="waitedOn", value=shared.words(offset)[0], verdict="ok")
                    self.assertNotIn("owner", lock)
                self.assertEqual(bool(graph.waiters(shared.id, offset)[thread.key].get("timed")), thread in timed)
                self.assertIn(thread.key, {self.key(one) for one in locks[offset]["waiters"]})

    def test_a_bare_word(self):
        shared = self.shared("word")
        maker, first, second = self.holds(3, shared)
        maker.do(f"put {shared + 4100} 77")
        first.block(f"futex {shared + 4100} 77")
        second.block(f"futex {shared + 4100} 77 600000")
        self.check(shared, {first: [4100], second: [4100]}, timed=[second])

    def test_a_word_that_is_to_be_followed_by_a_lock(self):
        shared = self.shared("word")
        maker, waiter = self.holds(2, shared)
        maker.do(f"put {shared + 4100} 77")
        waiter.block(f"requeue {shared + 4100} 77 {shared + 8192}")
        self.check(shared, {waiter: [4100]})

    def test_a_vector_of_one_word(self):
        shared = self.shared("word")
        maker, waiter = self.holds(2, shared)
        maker.do(f"put {shared + 4100} 77")
        waiter.block(f"vector {shared + 4100} 77")
        self.check(shared, {waiter: [4100]})

    def test_a_vector_of_several(self):
        shared = self.shared("word")
        maker, waiter = self.holds(2, shared)
        offsets = [4100, 8200, 12304]
        for offset in offsets:
            maker.do(f"put {shared + offset} {offset}")
        waiter.block("vector " + " ".join(f"{shared + offset} {offset}" for offset in offsets))
        self.check(shared, {waiter: offsets})

    def test_a_vector_of_words_of_two_objects(self):
        one, two = self.shared("one"), self.shared("two")
        waiter = self.hold(one, two)
        waiter.do(f"put {one + 4100} 7")
        waiter.do(f"put {two + 8200} 8")
        waiter.block(f"vector {one + 4100} 7 {two + 8200} 8")
        graph = self.locks()
        self.assertEqual(graph.waits_of(waiter), sorted([(one.id, 4100), (two.id, 8200)]))


class SystemV(LocksCase):
    def setUp(self):
        super().setUp()
        self.set = LIBC.semget(0, 4, 0o1600)
        if self.set < 0:
            self.skipTest(f"no set of semaphores can be made: {os.strerror(ctypes.get_errno())}")
        self.addCleanup(LIBC.semctl, self.set, 0, IPC_RMID)
        self.segment = f"sysvsem:{self.set}"

    def check(self, thread, index, timed=False):
        graph = self.locks()
        node = graph.lock(self.segment, index)
        self.assertIsNotNone(node, graph.locks(self.segment))
        self.assertNotIn("offset", node)
        self.assert_facts(node, type="sysvSemaphore", index=index, state="empty", value=0, verdict="ok", waiterCount=1)
        [(key, edge)] = graph.waiters(self.segment, index).items()
        self.assertEqual([key, bool(edge.get("timed"))], [thread.key, timed])
        self.assertEqual(graph.waits_of(thread), [(self.segment, index)])

    def test_who_waits_for_one(self):
        waiter = self.hold()
        waiter.block(f"operate {self.set} - 2 -1")
        self.check(waiter, 2)

    def test_for_some_time(self):
        waiter = self.hold()
        waiter.block(f"operate {self.set} 600000 3 -1")
        self.check(waiter, 3, timed=True)

    def test_the_one_of_several_that_is_not_to_be_had(self):
        LIBC.semctl(self.set, 0, SETVAL, 1)
        LIBC.semctl(self.set, 3, SETVAL, 1)
        waiter = self.hold()
        # All of them at a time or none: the first could be had.
        waiter.block(f"operate {self.set} - 0 -1 1 -1 3 -1")
        self.check(waiter, 1)

    def test_of_a_process_whose_first_thread_ended(self):
        process = self.hold()
        waiter = process.thread().block(f"operate {self.set} - 2 -1")
        process.tell("leave")
        self.until(lambda: process.state() == "Z", "it has ended")
        self.check(waiter, 2)

    def test_many_on_several(self):
        waiters = {index: [self.hold() for _ in range(2)] for index in (0, 2)}
        for index, processes in waiters.items():
            for process in processes:
                process.block(f"operate {self.set} - {index} -1")
        graph = self.locks()
        self.assertEqual(graph.locks(self.segment), [(self.segment, 0), (self.segment, 2)])
        for index, processes in waiters.items():
            self.assertEqual(set(graph.waiters(self.segment, index)), {process.key for process in processes})


class Discovery(LocksCase):
    """Locks that nobody waits for: from robust lists, and by a scan that was asked for."""

    def test_robust_ones_are_found_where_their_holders_keep_them(self):
        shared = self.shared("held")
        holder, other = self.hold(shared), self.hold(shared).thread()
        places = ((64, "robust", holder), (4096, "inherit robust", holder), (8192, "recursive robust", other))
        for offset, kind, thread in places:
            thread.do(f"mutex {shared + offset} {kind}")
            thread.do(f"lock {shared + offset}")
        # A plain one leaves no trace in the kernel.
        holder.do(f"mutex {shared + 12288}")
        holder.do(f"lock {shared + 12288}")
        locks = self.segment_locks(shared.id)
        self.assertEqual(sorted(locks), [64, 4096, 8192])
        for offset, _, thread in places:
            self.assert_facts(locks[offset], type="mutex", state="held", robust=True, verdict="ok", waiters=[])
            self.assertEqual(locks[offset]["evidence"], ["robustList"])
            self.assert_owner(locks[offset], thread)

    def test_others_are_found_by_a_scan(self):
        shared = self.shared("held")
        holder = self.hold(shared)
        holder.do(f"mutex {shared + 12288}")
        holder.do(f"lock {shared + 12288}")
        self.assertEqual(self.segment_locks(shared.id), {})
        locks = self.segment_locks(shared.id, "--scan")
        # Zeros are no locks, and there are 64 KiB of them.
        self.assertEqual(list(locks), [12288])
        self.assert_facts(locks[12288], type="mutex", mutexType="normal", robust=False, state="held", verdict="ok")
        self.assert_facts(locks[12288], waiters=[], evidence=["scan"])
        self.assert_owner(locks[12288], holder)

    def test_a_scan_finds_what_fills_an_object_to_its_end(self):
        shared = self.shared("tiny", size=48)
        holder = self.hold(shared)
        holder.do(f"mutex {shared + 0}")
        holder.do(f"lock {shared + 0}")
        locks = self.segment_locks(shared.id, "--scan")
        self.assert_facts(locks[0], type="mutex", state="held", verdict="ok", evidence=["scan"])
        self.assert_owner(locks[0], holder)

    def test_a_scan_makes_no_page(self):
        shared = self.shared("sparse", size=64 << 20)
        holder = self.hold(shared)
        holder.do(f"mutex {shared + (32 << 20)} robust")
        holder.do(f"lock {shared + (32 << 20)}")
        before = os.stat(shared.path).st_blocks
        locks = self.segment_locks(shared.id, "--scan")
        self.assertEqual(list(locks), [32 << 20])
        self.assertEqual(os.stat(shared.path).st_blocks, before)


class Times(LocksCase):
    def test_a_wait_that_is_seen_again_has_lasted_that_long(self):
        shared = self.shared("times")
        holder, waiter = self.holds(2, shared)
        holder.do(f"mutex {shared + 64}")
        holder.do(f"lock {shared + 64}")
        get = self.serve()

        def waited():
            [lock] = get(f"segments/{shared.id}/locks?fresh=true")["locks"]
            [one] = lock["waiters"]
            self.assertEqual(self.key(one), waiter.key)
            return one.get("waitingForMilliseconds", 0)

        begun = time.monotonic()
        waiter.block(f"lock {shared + 64}")
        waited()
        seen = time.monotonic()
        self.until(lambda: time.monotonic() - seen > 1, "a second goes by")
        asked = time.monotonic()
        told = waited()
        # At least since it was seen first, but for the clock's steps, and no longer than it can have been.
        self.assertGreaterEqual(told, (asked - seen) * 1000 - 20)
        self.assertLessEqual(told, (time.monotonic() - begun) * 1000 + 20)
        # Another sleep on the same word begins anew.
        holder.do(f"unlock {shared + 64}")
        self.assertEqual(waiter.result("lock"), "0")
        waiter.do(f"unlock {shared + 64}")
        holder.do(f"lock {shared + 64}")
        begun = time.monotonic()
        waiter.block(f"lock {shared + 64}")
        self.assertLessEqual(waited(), (time.monotonic() - begun) * 1000 + 20)


if __name__ == "__main__":
    unittest.main()

"""Circles of processes that wait for one another, who waits behind them, and chains that are none."""

import re
import subprocess
import unittest

from host import PROGRAM
from locks_case import IN_ITS_OWN_NAMESPACE, SECONDS, WAITS, LocksCase, makes_namespaces

CHAIN = 12


class DeadlockCase(LocksCase):
    def lock_each(self, threads, places, kind=""):
        """Each thread takes the lock of its number."""
        for thread, (shared, offset) in zip(threads, places):
            thread.do(f"mutex {shared + offset} {kind}")
            thread.do(f"lock {shared + offset}")

    def close(self, threads, places):
        """Each thread waits for the lock of the next, and the last for that of the first."""
        for index, thread in enumerate(threads):
            shared, offset = places[(index + 1) % len(places)]
            thread.block(f"lock {shared + offset}")

    def assert_ring(self, graph, threads, places, victims=()):
        """The only deadlock in these segments is that of the threads, each of which waits for the lock of the next."""
        segments = {shared.id for shared, _ in places}
        [deadlock] = graph.deadlocks(*segments)
        first = min(range(len(threads)), key=lambda index: threads[index].key)
        turned = [*threads[first:], *threads[:first]]
        awaited = [*places[first + 1:], *places[:first + 1]]
        self.assertEqual(deadlock["threads"], [one.told for one in turned])
        self.assertEqual(deadlock["locks"], [{"segment": shared.id, "offset": offset} for shared, offset in awaited])
        self.assertEqual(deadlock["victims"], [one.told for one in sorted(victims, key=lambda one: one.key)])
        said = f"{len(threads)} threads wait for one another" if len(threads) > 1 else "which it has itself"
        self.assertIn(said, deadlock["message"])
        # The advice is to end one of the circle, and nobody else.
        named = {int(word) for word in re.findall(r"\d+", deadlock["advice"])}
        self.assertTrue(named & {one.pid for one in threads}, deadlock["advice"])
        self.assertFalse(named & {one.pid for one in victims}, deadlock["advice"])
        self.assertEqual(graph.status, 3)
        verdicts = graph.verdicts(*segments)
        for index, (shared, offset) in enumerate(places):
            holder, waiter = threads[index], threads[index - 1]
            lock = graph.lock(shared.id, offset)
            self.assert_facts(lock, type="mutex", state="held", verdict="deadlock")
            self.assert_owner(lock, holder)
            self.assertEqual(list(graph.holders(shared.id, offset)), [holder.key])
            self.assertIn(waiter.key, graph.waiters(shared.id, offset))
            self.assertEqual(verdicts[shared.id, offset]["verdict"], "deadlock")
            self.assertIn(waiter.key, {self.key(one) for one in verdicts[shared.id, offset]["threads"]})


class Rings(DeadlockCase):
    def test_two_processes_in_one_segment(self):
        ring = self.shared("ring")
        threads = self.holds(2, ring)
        places = [(ring, 64), (ring, 128)]
        self.lock_each(threads, places)
        self.close(threads, places)
        graph = self.locks()
        self.assert_ring(graph, threads, places)
        self.assertEqual(graph.locks(ring.id), [(ring.id, 64), (ring.id, 128)])
        for offset, lock in self.segment_locks(ring.id).items():
            self.assert_facts(lock, type="mutex", state="held", verdict="deadlock")
            self.assert_owner(lock, threads[0 if offset == 64 else 1])
            self.assert_waiters(lock, threads[1 if offset == 64 else 0])

    def test_three_processes_in_one_segment(self):
        for kind in ("recursive", "robust", "errorcheck", "adaptive"):
            with self.subTest(kind):
                ring = self.shared("ring")
                threads = self.holds(3, ring)
                places = [(ring, 4096 * index + 40) for index in range(3)]
                # Not in the order of their numbers.
                threads = [threads[1], threads[0], threads[2]]
                self.lock_each(threads, places, kind)
                self.close(threads, places)
                self.assert_ring(self.locks(), threads, places)
                for thread in threads:
                    thread.kill()

    def test_two_processes_that_map_two_segments_elsewhere_and_from_elsewhere(self):
        one, two = self.shared("one"), self.shared("two")
        first, second = self.holds(2)
        # No part of an object stands at the same address or begins at the same offset in both.
        first.map(one, address=0x100000000000).map(two, offset=8192, size=8192, address=0x200000000000)
        second.map(one, offset=4096, address=0x200000000000).map(two, address=0x300000000000)
        places = [(one, 4096 + 64), (two, 8192 + 64)]
        self.lock_each([first, second], places)
        self.close([first, second], places)
        # Both wait at one address, and not for the same.
        self.assertEqual([first.call()[1], second.call()[1]], [0x200000000000 + 64, 0x200000000000 + 64])
        self.assert_ring(self.locks(), [first, second], places)

    def test_three_processes_in_two_segments_that_each_maps_from_another_offset(self):
        one, two = self.shared("one"), self.shared("two")
        threads = self.holds(3)
        for index, thread in enumerate(threads):
            thread.map(one, offset=4096 * index, address=0x100000000000 + (index << 40))
            thread.map(two, offset=4096 * (2 - index), address=0x180000000000 + (index << 40))
        places = [(one, 12288), (two, 12288), (one, 61440)]
        self.lock_each(threads, places, "robust")
        self.close(threads, places)
        self.assert_ring(self.locks(), threads, places)

    def test_one_process_that_maps_the_object_twice(self):
        ring = self.shared("ring")
        threads = self.holds(2, ring)
        places = [(ring, 64), (ring, 4096)]
        self.lock_each(threads, places)
        # The second waits through another mapping than that through which the first one's lock was made.
        threads[0].block(f"lock {ring + 4096}")
        threads[1].do(f"map again {ring.path} 0 {ring.size}")
        threads[1].block("lock again+64")
        self.assert_ring(self.locks(), threads, places)

    def test_threads_that_are_not_their_process_first(self):
        ring = self.shared("ring")
        threads = [process.thread() for process in self.holds(2, ring)]
        self.assertTrue(all(thread.pid != thread.tid for thread in threads))
        places = [(ring, 64), (ring, 128)]
        self.lock_each(threads, places)
        self.close(threads, places)
        self.assert_ring(self.locks(), threads, places)

    def test_mutexes_that_inherit_priority_and_are_robust(self):
        """The kernel refuses the last lock, and glibc leaves who asked for it asleep: its own list tells for what."""
        ring = self.shared("ring")
        first, second = threads = self.holds(2, ring)
        places = [(ring, 64), (ring, 128)]
        self.lock_each(threads, places, "inherit robust")
        first.block(f"lock {ring + 128}")
        second.block(f"lock {ring + 64}")
        self.assert_ring(self.locks(), threads, places)

    def test_a_robust_mutex_that_inherits_priority_and_is_locked_twice(self):
        ring = self.shared("ring")
        thread = self.hold(ring)
        self.lock_each([thread], [(ring, 64)], "inherit robust")
        thread.block(f"lock {ring + 64}")
        self.assert_ring(self.locks(), [thread], [(ring, 64)])

    def test_mutexes_that_inherit_priority(self):
        """As above; here nothing tells for what it asked, but that it never comes back."""
        ring = self.shared("ring")
        first, second = threads = self.holds(2, ring)
        self.lock_each(threads, [(ring, 64), (ring, 128)], "inherit")
        first.block(f"lock {ring + 128}")
        second.block(f"lock {ring + 64}")
        graph = self.locks()
        lock = graph.lock(ring.id, 128)
        self.assert_facts(lock, state="held", verdict="waitingOnNobody")
        self.assert_owner(lock, second)
        self.assertIn("sleeps for ever in pthread_mutex_lock", lock["message"])
        self.assertEqual(list(graph.waiters(ring.id, 128)), [first.key])
        self.assertNotEqual(graph.status, 0)

    def test_a_thread_that_locks_twice(self):
        ring = self.shared("ring")
        thread = self.hold(ring)
        thread.do(f"mutex {ring + 64} normal")
        thread.do(f"lock {ring + 64}")
        thread.block(f"lock {ring + 64}")
        graph = self.locks()
        self.assert_ring(graph, [thread], [(ring, 64)])
        self.assert_facts(graph.lock(ring.id, 64), mutexType="normal", robust=False, waiterCount=1)

    def test_a_mutex_and_a_rwlock(self):
        ring = self.shared("ring")
        first, second = self.holds(2, ring)
        first.do(f"rwlock {ring + 64}")
        first.do(f"write {ring + 64}")
        second.do(f"mutex {ring + 128}")
        second.do(f"lock {ring + 128}")
        first.block(f"lock {ring + 128}")
        second.block(f"read {ring + 64}")
        graph = self.locks()
        [deadlock] = graph.deadlocks(ring.id)
        turned = [(first, 128), (second, 64)] if first.key < second.key else [(second, 64), (first, 128)]
        self.assertEqual([self.key(one) for one in deadlock["threads"]], [thread.key for thread, _ in turned])
        self.assertEqual([one["offset"] for one in deadlock["locks"]], [offset for _, offset in turned])
        self.assertEqual({graph.lock(ring.id, offset)["type"] for offset in (64, 128)}, {"mutex", "rwlock"})

    @unittest.skipUnless(makes_namespaces(), "no pid namespace can be made here")
    def test_a_process_that_is_number_one_in_its_own_namespace(self):
        ring = self.shared("ring")
        threads = [self.hold(ring), self.hold(ring, wrapper=IN_ITS_OWN_NAMESPACE)]
        places = [(ring, 64), (ring, 128)]
        self.lock_each(threads, places)
        self.close(threads, places)
        # It wrote the number that it has inside.
        self.assertEqual(ring.words(128 + 8), (1,))
        self.assert_ring(self.locks(), threads, places)

    def test_two_circles_at_once(self):
        ring, other = self.shared("ring"), self.shared("other")
        rings = [(self.holds(2, ring), [(ring, 64), (ring, 128)]), (self.holds(2, other), [(other, 64), (other, 128)])]
        for threads, places in rings:
            self.lock_each(threads, places)
            self.close(threads, places)
        graph = self.locks()
        for threads, places in rings:
            self.assert_ring(graph, threads, places)

    def test_a_circle_is_gone_when_one_of_it_is_ended(self):
        ring = self.shared("ring")
        threads = self.holds(2, ring)
        places = [(ring, 64), (ring, 128)]
        self.lock_each(threads, places, "robust")
        self.close(threads, places)
        self.assert_ring(self.locks(), threads, places)
        threads[1].kill()
        self.assertEqual(threads[0].result("lock"), "EOWNERDEAD")
        graph = self.locks()
        self.assertEqual(graph.deadlocks(ring.id), [])
        self.assertEqual(graph.locks(ring.id), [])


class Victims(DeadlockCase):
    def test_who_waits_behind_a_circle_stands_apart(self):
        ring, other = self.shared("ring"), self.shared("other")
        threads = self.holds(2, ring, other)
        places = [(ring, 64), (ring, 128)]
        self.lock_each(threads, places)
        behind, further, last = self.holds(3, ring, other)
        # The one behind has a lock that another waits for, and that one a third.
        self.lock_each([behind, further], [(other, 64), (other, 128)])
        self.close(threads, places)
        behind.block(f"lock {ring + 64}")
        further.block(f"lock {other + 64}")
        last.block(f"lock {other + 128}")
        graph = self.locks()
        self.assert_ring(graph, threads, places, victims=[behind, further, last])
        self.assertEqual(graph.lock(ring.id, 64)["waiterCount"], 2)
        for offset, holder, waiter in ((64, behind, further), (128, further, last)):
            lock = graph.lock(other.id, offset)
            self.assert_facts(lock, type="mutex", state="held", verdict="ok", waiterCount=1)
            self.assertEqual(list(graph.holders(other.id, offset)), [holder.key])
            self.assertEqual(list(graph.waiters(other.id, offset)), [waiter.key])
        self.assertEqual(graph.verdicts(other.id), {})

    def test_a_bystander_is_no_part_of_it(self):
        ring = self.shared("ring")
        threads = self.holds(2, ring)
        places = [(ring, 64), (ring, 128)]
        self.lock_each(threads, places)
        self.close(threads, places)
        waits, idle, alone = self.holds(3, ring)
        waits.do(f"semaphore {ring + 4096} 0")
        waits.block(f"take {ring + 4096}")
        # A wait that no other process can end is no business of theirs, though the word stands in shared memory.
        alone.do(f"mutex {ring + 8192} private")
        alone.do(f"lock {ring + 8192}")
        second = alone.thread()
        second.tell(f"lock {ring + 8192}")
        self.until(lambda: second.state() == "S" and second.call()[:1] == [WAITS["futex"]], "it waits privately")
        graph = self.locks()
        self.assert_ring(graph, threads, places)
        self.assertEqual(graph.locks(ring.id), [(ring.id, 64), (ring.id, 128), (ring.id, 4096)])
        self.assert_facts(graph.lock(ring.id, 4096), type="semaphore", verdict="ok", waiterCount=1)
        self.assertEqual(graph.waits_of(waits), [(ring.id, 4096)])
        for thread in (idle, alone, second):
            self.assertIsNone(graph.thread(thread))

    def test_text_tells_of_the_deadlock_first(self):
        ring, other = self.shared("ring"), self.shared("other")
        # They were there before those of the circle, and have the lower numbers.
        holder, waiter = self.holds(2, other)
        self.lock_each([holder], [(other, 64)])
        waiter.block(f"lock {other + 64}")
        threads = self.holds(2, ring)
        places = [(ring, 64), (ring, 128)]
        self.lock_each(threads, places)
        self.close(threads, places)
        run = subprocess.run([PROGRAM, "locks"], capture_output=True, check=False, timeout=SECONDS, text=True)
        self.assertEqual(run.returncode, 3, run.stderr)

        def position(pattern):
            found = re.search(pattern, run.stdout, re.IGNORECASE)
            self.assertIsNotNone(found, f"{pattern} is not in {run.stdout}")
            return found.start()

        circle = [position(rf"\b{thread.pid}\b") for thread in threads]
        healthy = [position(rf"\b{thread.pid}\b") for thread in (holder, waiter)]
        self.assertLess(position(r"deadlock|wait for one another"), min(circle))
        self.assertLess(max(circle), min(healthy))
        self.assertLess(healthy[0], healthy[1], "who holds it is the root, and who waits stands below")
        self.assertIn(ring.name, run.stdout)


class Chains(DeadlockCase):
    def test_a_long_chain_is_no_deadlock(self):
        chain = self.shared("chain")
        threads = self.holds(CHAIN, chain)
        places = [(chain, 64 * (index + 1)) for index in range(CHAIN)]
        self.lock_each(threads, places)
        # Each but the last waits for the lock of the next.
        for thread, (_, offset) in zip(threads, places[1:]):
            thread.block(f"lock {chain + offset}")
        graph = self.locks()
        self.assertEqual(graph.deadlocks(chain.id), [])
        self.assertEqual(graph.verdicts(chain.id), {})
        # Whoever else has trouble on this host is not asked here.
        if not graph.answer["deadlocks"] and not graph.answer["verdicts"]:
            self.assertEqual(graph.status, 0)
        self.assertEqual(graph.locks(chain.id), [(chain.id, offset) for _, offset in places[1:]])
        for index in range(1, CHAIN):
            offset = places[index][1]
            lock = graph.lock(chain.id, offset)
            self.assert_facts(lock, type="mutex", state="held", verdict="ok", waiterCount=1)
            self.assert_owner(lock, threads[index])
            self.assertEqual(list(graph.waiters(chain.id, offset)), [threads[index - 1].key])
            self.assertEqual(list(graph.holders(chain.id, offset)), [threads[index].key])
        self.assertGreaterEqual(graph.answer["waitingCount"], CHAIN - 1)
        # And it comes apart: the last gives back its lock, and one after the other has what it waited for.
        for index in range(CHAIN - 1, 0, -1):
            threads[index].do(f"unlock {chain + places[index][1]}")
            self.assertEqual(threads[index - 1].result("lock"), "0")
        self.assertEqual(self.locks().locks(chain.id), [])

    def test_many_that_wait_for_one_lock(self):
        chain = self.shared("chain")
        holder, *processes = self.holds(5, chain)
        self.lock_each([holder], [(chain, 64)])
        # Two of one process as well, and one of the holder's own.
        waiters = [processes[0].thread(), holder.thread(), *processes]
        for waiter in waiters:
            waiter.block(f"lock {chain + 64}")
        graph, lock = self.look(chain, 64)
        self.assert_facts(lock, state="held", verdict="ok")
        self.assert_waiters(lock, *waiters)
        self.assert_owner(lock, holder)
        self.assertEqual(graph.deadlocks(chain.id), [])
        self.assertEqual(graph.lock(chain.id, 64)["waiterCount"], 6)


if __name__ == "__main__":
    unittest.main()

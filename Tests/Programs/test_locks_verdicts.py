"""What is wrong with a lock: its owner was killed, is stopped, or let go of the object; readers and waiters are no more."""

import signal
import unittest

from locks_case import IN_ITS_OWN_NAMESPACE, LocksCase, makes_namespaces


class VerdictCase(LocksCase):
    def held(self, kind="", offset=64, waiter_count=1):
        """An object with a mutex, its holder, and those who wait for it."""
        shared = self.shared("verdict")
        holder, *waiters = self.holds(1 + waiter_count, shared)
        holder.do(f"mutex {shared + offset} {kind}")
        holder.do(f"lock {shared + offset}")
        for waiter in waiters:
            waiter.block(f"lock {shared + offset}")
        return shared, holder, waiters

    def assert_verdict(self, graph, shared, place, verdict, severity, *concerned):
        """This is wrong with a lock, and nothing with the others of its segment."""
        told = graph.verdicts(shared.id)
        self.assertEqual(list(told), [(shared.id, place)], told)
        [one] = told.values()
        self.assert_facts(one, verdict=verdict, severity=severity, type=graph.lock(shared.id, place)["type"])
        self.assertEqual({self.key(thread) for thread in one["threads"]}, {thread.key for thread in concerned})
        self.assertTrue(one["message"])
        self.assertEqual(graph.deadlocks(shared.id), [])
        self.assertIn(graph.status, (2, 3))


class KilledOwners(VerdictCase):
    def test_of_a_plain_mutex_nobody_is_told(self):
        for kind in ("normal", "recursive", "errorcheck", "adaptive"):
            with self.subTest(kind):
                shared, holder, waiters = self.held(kind, waiter_count=2)
                holder.kill()
                # Nothing wakes them.
                self.assertTrue(all(waiter.sleeps() for waiter in waiters))
                graph, lock = self.look(shared, 64)
                self.assert_facts(lock, type="mutex", verdict="ownerDead", recoverable=False, robust=False)
                self.assert_dead_owner(lock, holder)
                self.assert_waiters(lock, *waiters)
                self.assert_verdict(graph, shared, 64, "ownerDead", "error", *waiters)
                for waiter in waiters:
                    waiter.kill()

    def test_of_a_plain_mutex_that_nobody_waits_for(self):
        shared, holder, _ = self.held(waiter_count=0)
        other = self.hold(shared)
        holder.kill()
        lock = self.segment_locks(shared.id, "--scan")[64]
        self.assert_facts(lock, type="mutex", verdict="ownerDead", recoverable=False, robust=False, waiters=[])
        self.assertEqual(lock["evidence"], ["scan"])
        self.assert_dead_owner(lock, holder)
        # The next one sleeps for ever, and that shows.
        other.block(f"lock {shared + 64}")
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, verdict="ownerDead", recoverable=False)
        self.assert_verdict(graph, shared, 64, "ownerDead", "error", other)

    def test_of_a_robust_mutex_the_next_is_told(self):
        for kind in ("robust", "inherit robust", "recursive robust"):
            with self.subTest(kind):
                shared, holder, waiters = self.held(kind, waiter_count=2)
                holder.kill()
                self.until(lambda: not all(waiter.sleeps() for waiter in waiters), "one is woken")
                heir, other = waiters if waiters[1].sleeps() else reversed(waiters)
                self.assertEqual(heir.result("lock"), "EOWNERDEAD")
                # Whoever is told has it: there is nothing wrong with it then.
                graph, lock = self.look(shared, 64)
                self.assert_facts(lock, type="mutex", state="held", verdict="ok", robust=True)
                self.assert_owner(lock, heir)
                self.assert_waiters(lock, other)
                self.assertEqual(graph.verdicts(shared.id), {})
                for waiter in waiters:
                    waiter.kill()

    def test_of_a_robust_mutex_that_nobody_waits_for(self):
        for kind in ("robust", "inherit robust", "errorcheck robust"):
            with self.subTest(kind):
                shared, holder, _ = self.held(kind, waiter_count=0)
                other = self.hold(shared)
                holder.kill()
                # The kernel's list of it went with its owner.
                self.assertEqual(self.segment_locks(shared.id), {})
                lock = self.segment_locks(shared.id, "--scan")[64]
                self.assert_facts(lock, type="mutex", verdict="ownerDead", recoverable=True, robust=True, waiters=[])
                self.assertEqual(lock["evidence"], ["scan"])
                self.assert_dead_owner(lock, holder)
                # And so it is.
                other.do(f"lock {shared + 64}", result="EOWNERDEAD")
                lock = self.segment_locks(shared.id)[64]
                self.assert_facts(lock, state="held", verdict="ok", evidence=["robustList"])
                self.assert_owner(lock, other)
                other.kill()

    def test_of_a_robust_mutex_whose_next_is_stopped(self):
        shared, holder, [waiter] = self.held("robust")
        waiter.stop()
        holder.kill()
        # Its call is not over while it is stopped: it will be told when it goes on.
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, verdict="ownerDead", recoverable=True, robust=True)
        self.assert_dead_owner(lock, holder)
        self.assertEqual([(self.key(one), one["threadState"]) for one in lock["waiters"]], [(waiter.key, "stopped")])
        self.assert_verdict(graph, shared, 64, "ownerDead", "warning", waiter)
        waiter.resume()
        self.assertEqual(waiter.result("lock"), "EOWNERDEAD")

    def test_a_robust_mutex_that_was_not_repaired_is_lost(self):
        shared, holder, _ = self.held("robust", waiter_count=0)
        heir = self.hold(shared)
        holder.kill()
        heir.do(f"lock {shared + 64}", result="EOWNERDEAD")
        heir.do(f"unlock {shared + 64}")
        lock = self.segment_locks(shared.id, "--scan")[64]
        self.assert_facts(lock, type="mutex", state="notRecoverable", verdict="ownerDead", robust=True, waiters=[])
        self.assertIsNot(lock.get("recoverable"), True)
        self.assertNotIn("owner", lock)
        # And so it is: nobody waits for it, nobody gets it.
        heir.do(f"lock {shared + 64}", result="ENOTRECOVERABLE")

    def test_a_repaired_one_is_as_before(self):
        shared, holder, _ = self.held("robust", waiter_count=0)
        heir, waiter = self.holds(2, shared)
        holder.kill()
        heir.do(f"lock {shared + 64}", result="EOWNERDEAD")
        heir.do(f"consistent {shared + 64}")
        waiter.block(f"lock {shared + 64}")
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, state="held", verdict="ok")
        self.assert_owner(lock, heir)
        self.assert_waiters(lock, waiter)
        self.assertEqual(graph.verdicts(shared.id), {})

    def test_of_an_inheriting_mutex_that_is_not_robust(self):
        shared, holder, _ = self.held("inherit", waiter_count=0)
        other = self.hold(shared)
        holder.kill()
        lock = self.segment_locks(shared.id, "--scan")[64]
        self.assert_facts(lock, type="mutex", protocol="inherit", verdict="willAbort", robust=False, waiters=[])
        self.assertEqual(lock["evidence"], ["scan"])
        self.assertIsNot(lock.get("recoverable"), True)
        self.assert_dead_owner(lock, holder)
        # The next one never has it. That one sleeps on a word of its own stack, where it waits for no lock.
        other.block(f"lock {shared + 64}")
        self.assertIsNone(self.locks().thread(other))
        lock = self.segment_locks(shared.id, "--scan")[64]
        self.assert_facts(lock, type="mutex", protocol="inherit", verdict="willAbort", waiters=[])
        self.assert_dead_owner(lock, holder)

    def test_those_that_waited_for_an_inheriting_one_were_aborted(self):
        shared, holder, waiters = self.held("inherit", waiter_count=2)
        other = self.hold(shared)
        holder.kill()
        # The kernel hands the lock on with its mark, which glibc does not bear; and so to the next.
        for waiter in waiters:
            self.until(lambda: waiter.child.poll() is not None, "it is aborted")
            self.assertEqual(waiter.child.returncode, -signal.SIGABRT)
        lock = self.segment_locks(shared.id, "--scan")[64]
        self.assert_facts(lock, type="mutex", protocol="inherit", verdict="willAbort", robust=False, waiters=[])
        self.assertEqual(lock["state"], "ownerDead")
        if "owner" in lock:
            # The one that had it last.
            self.assertIn(lock["owner"]["tid"], {waiter.tid for waiter in waiters})
        self.assertIsNone(other.child.poll())

    def test_of_a_mutex_with_which_others_wait_for_a_condition(self):
        """Nobody waits for the mutex itself, and glibc counts who waits with it for a condition among its users."""
        shared = self.shared("verdict")
        holder, *waiters = self.holds(3, shared)
        holder.do(f"mutex {shared + 64}")
        holder.do(f"condition {shared + 4096}")
        for waiter in waiters:
            waiter.do(f"lock {shared + 64}")
            waiter.block(f"wait {shared + 4096} {shared + 64}")
        holder.do(f"lock {shared + 64}")
        holder.kill()
        lock = self.segment_locks(shared.id, "--scan")[64]
        self.assert_facts(lock, type="mutex", verdict="ownerDead", recoverable=False, waiters=[], evidence=["scan"])
        self.assert_dead_owner(lock, holder)
        self.assertIn("only its bytes say that it is one", lock["caveats"])

    def test_of_a_rwlock_that_was_written(self):
        shared = self.shared("verdict")
        holder, reads, writes = self.holds(3, shared)
        holder.do(f"rwlock {shared + 4096}")
        holder.do(f"write {shared + 4096}")
        reads.block(f"read {shared + 4096}")
        writes.block(f"write {shared + 4096}")
        holder.kill()
        graph, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="rwlock", verdict="ownerDead", recoverable=False)
        self.assert_dead_owner(lock, holder)
        self.assert_waiters(lock, reads, writes)
        self.assert_verdict(graph, shared, 4096, "ownerDead", "error", reads, writes)

    def test_a_thread_that_ends_is_as_dead_as_a_process(self):
        shared = self.shared("verdict")
        process, waiter = self.holds(2, shared)
        thread = process.thread()
        thread.do(f"mutex {shared + 64}")
        thread.do(f"lock {shared + 64}")
        waiter.block(f"lock {shared + 64}")
        thread.tell("leave")
        self.until(lambda: thread.state() is None, "it is gone")
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, verdict="ownerDead", recoverable=False)
        self.assert_dead_owner(lock, thread)
        self.assert_verdict(graph, shared, 64, "ownerDead", "error", waiter)

    def test_a_first_thread_that_ended_while_its_process_lives(self):
        shared = self.shared("verdict")
        process, waiter = self.holds(2, shared)
        process.thread()
        process.do(f"mutex {shared + 64}")
        process.do(f"lock {shared + 64}")
        waiter.block(f"lock {shared + 64}")
        process.tell("leave")
        # Its number is still that of the process.
        self.until(lambda: process.state() == "Z", "it has ended")
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, verdict="ownerDead", recoverable=False)
        self.assert_dead_owner(lock, process)
        self.assert_verdict(graph, shared, 64, "ownerDead", "error", waiter)


class LivingOwners(VerdictCase):
    def test_that_are_stopped(self):
        for kind in ("normal", "robust", "inherit"):
            with self.subTest(kind):
                shared, holder, [waiter] = self.held(kind)
                holder.stop()
                graph, lock = self.look(shared, 64)
                self.assert_facts(lock, state="held", verdict="ownerStopped")
                self.assert_owner(lock, holder, state="stopped")
                self.assert_waiters(lock, waiter)
                self.assert_verdict(graph, shared, 64, "ownerStopped", "error", waiter)
                self.assertEqual(graph.thread(holder)["threadState"], "stopped")
                self.assertIn(str(holder.pid), graph.verdicts(shared.id)[shared.id, 64].get("advice", ""))
                # It is the lock's only trouble.
                holder.resume()
                graph, lock = self.look(shared, 64)
                self.assert_facts(lock, state="held", verdict="ok")
                self.assert_owner(lock, holder)
                self.assertEqual(graph.verdicts(shared.id), {})
                for process in (holder, waiter):
                    process.kill()

    def test_of_a_written_rwlock_that_is_stopped(self):
        shared = self.shared("verdict")
        holder, waiter = self.holds(2, shared)
        holder.do(f"rwlock {shared + 4096}")
        holder.do(f"write {shared + 4096}")
        waiter.block(f"read {shared + 4096}")
        holder.stop()
        graph, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="rwlock", state="held", verdict="ownerStopped")
        self.assert_owner(lock, holder, state="stopped")
        self.assert_verdict(graph, shared, 4096, "ownerStopped", "error", waiter)

    def test_a_stopped_waiter_is_no_trouble(self):
        shared, holder, [waiter] = self.held()
        waiter.stop()
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, state="held", verdict="ok")
        self.assert_owner(lock, holder)
        self.assertEqual(graph.verdicts(shared.id), {})

    def test_that_no_longer_map_the_object(self):
        shared, holder, [waiter] = self.held("recursive")
        holder.do("unmap verdict")
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, state="held", verdict="ownerNotMapping")
        self.assert_owner(lock, holder)
        self.assert_waiters(lock, waiter)
        self.assert_verdict(graph, shared, 64, "ownerNotMapping", "error", waiter)
        # Mapped again, elsewhere, it can give it back.
        holder.map(shared, address=0x100000000000)
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, state="held", verdict="ok")
        holder.do(f"unlock {shared + 64}")
        self.assertEqual(waiter.result("lock"), "0")


class NobodyLeft(VerdictCase):
    def test_a_killed_reader_has_a_rwlock_for_ever(self):
        shared = self.shared("verdict")
        reader, writer, other = self.holds(3, shared)
        reader.do(f"rwlock {shared + 4096}")
        reader.do(f"read {shared + 4096}")
        writer.block(f"write {shared + 4096}")
        other.block(f"write {shared + 4096}")
        graph, lock = self.look(shared, 4096)
        # While it lives it may be the one that has it.
        self.assertNotEqual(lock["verdict"], "phantomReaders")
        reader.kill()
        graph, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="rwlock", state="held", value=1, verdict="phantomReaders")
        self.assertNotIn("owner", lock)
        self.assertEqual(lock.get("ownerCandidates", []), [])
        self.assert_waiters(lock, writer, other)
        self.assert_verdict(graph, shared, 4096, "phantomReaders", "error", writer, other)

    def test_a_reader_that_asks_to_write_waits_for_itself(self):
        shared = self.shared("verdict")
        reader = self.hold(shared)
        reader.do(f"rwlock {shared + 4096}")
        reader.do(f"read {shared + 4096}")
        reader.tell(f"write {shared + 4096} 1500")
        self.until(reader.sleeps, "it waits")
        self.assert_facts(self.look(shared, 4096)[1], type="rwlock", state="held", verdict="ok")
        self.assertEqual(reader.result("write"), "ETIMEDOUT")
        reader.block(f"write {shared + 4096}")
        graph, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="rwlock", state="held", verdict="phantomReaders")
        self.assertIn("or asks for it once more", lock["message"])

    def test_a_reader_that_may_live_is_no_phantom(self):
        shared = self.shared("verdict")
        reader, writer, bystander = self.holds(3, shared)
        reader.do(f"rwlock {shared + 4096}")
        reader.do(f"read {shared + 4096}")
        writer.block(f"write {shared + 4096}")
        reader.kill()
        # The bystander is none of them, which cannot be known: readers leave no names.
        _, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="rwlock", state="held", value=1)
        self.assertNotEqual(lock["verdict"], "phantomReaders")
        self.assertLessEqual({self.key(one) for one in lock.get("ownerCandidates", [])}, {bystander.key})
        bystander.do("unmap verdict")
        _, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="rwlock", state="held", value=1, verdict="phantomReaders")

    def test_a_killed_waiter_is_counted_by_a_condition_for_ever(self):
        shared = self.shared("verdict")
        maker, killed, left = self.holds(3, shared)
        maker.do(f"mutex {shared + 64}")
        maker.do(f"condition {shared + 4096}")
        for waiter in (killed, left):
            waiter.do(f"lock {shared + 64}")
            waiter.block(f"wait {shared + 4096} {shared + 64}")
        _, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="condition", state="waitedOn", value=2, verdict="ok")
        self.assert_waiters(lock, killed, left)
        maker.kill()
        killed.kill()
        graph, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="condition", state="waitedOn", value=2, verdict="deadWaiters")
        self.assert_waiters(lock, left)
        [verdict] = graph.verdicts(shared.id).values()
        self.assertEqual([verdict["verdict"], verdict["offset"]], ["deadWaiters", 4096])
        self.assertEqual({self.key(one) for one in verdict["threads"]}, {left.key})

    def test_a_killed_waiter_is_counted_by_a_barrier(self):
        shared = self.shared("verdict")
        killed, left = self.holds(2, shared)
        left.do(f"barrier {shared + 4096} 4")
        left.block(f"meet {shared + 4096}")
        killed.block(f"meet {shared + 4096}")
        _, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="barrier", state="waitedOn", value=2, verdict="ok")
        killed.kill()
        _, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="barrier", state="waitedOn", value=2, verdict="deadWaiters")
        self.assert_waiters(lock, left)

    def test_a_holder_that_was_killed_before_it_woke_the_next(self):
        shared, holder, [waiter] = self.held()
        holder.kill()
        # As it would be if it had come to give the lock back, and not to say so.
        with open(shared.path, "r+b") as file:
            file.seek(64)
            file.write(bytes(16))
        self.assertTrue(waiter.sleeps())
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, type="mutex", state="free", verdict="waitingOnNobody")
        self.assertNotIn("owner", lock)
        self.assert_waiters(lock, waiter)
        [verdict] = graph.verdicts(shared.id).values()
        self.assertEqual([verdict["verdict"], verdict["offset"]], ["waitingOnNobody", 64])


@unittest.skipUnless(makes_namespaces(), "no pid namespace can be made here")
class Namespaces(VerdictCase):
    def inside(self, shared):
        """A process that calls itself 1."""
        process = self.hold(shared, wrapper=IN_ITS_OWN_NAMESPACE)
        self.assertEqual([process.inner_pid, process.inner_tid], [1, 1])
        self.assertNotEqual(process.pid, 1)
        return process

    def test_an_owner_that_is_number_one_elsewhere(self):
        for kind in ("normal", "recursive", "robust"):
            with self.subTest(kind):
                shared = self.shared("namespace")
                holder, waiter = self.inside(shared), self.hold(shared)
                holder.do(f"mutex {shared + 64} {kind}")
                holder.do(f"lock {shared + 64}")
                waiter.block(f"lock {shared + 64}")
                self.assertEqual(shared.words(64 + 8), (1,))
                graph, lock = self.look(shared, 64)
                self.assert_facts(lock, type="mutex", state="held", verdict="ok")
                self.assert_owner(lock, holder)
                self.assert_waiters(lock, waiter)
                self.assertEqual(list(graph.holders(shared.id, 64)), [holder.key])
                self.assertEqual(graph.verdicts(shared.id), {})
                for process in (holder, waiter):
                    process.kill()

    def test_another_thread_of_it(self):
        shared = self.shared("namespace")
        process, waiter = self.inside(shared), self.hold(shared)
        thread = process.thread()
        thread.do(f"rwlock {shared + 4096}")
        thread.do(f"write {shared + 4096}")
        waiter.block(f"write {shared + 4096}")
        self.assertEqual(shared.words(4096 + 24), (thread.inner_tid,))
        graph, lock = self.look(shared, 4096)
        self.assert_facts(lock, type="rwlock", state="held", verdict="ok")
        self.assert_owner(lock, thread)
        self.assertEqual(list(graph.holders(shared.id, 4096)), [thread.key])

    def test_a_waiter_inside_has_this_hosts_numbers(self):
        shared = self.shared("namespace")
        holder, waiter = self.hold(shared), self.inside(shared)
        holder.do(f"mutex {shared + 64}")
        holder.do(f"lock {shared + 64}")
        waiter.block(f"lock {shared + 64}")
        _, lock = self.look(shared, 64)
        self.assert_facts(lock, state="held", verdict="ok")
        self.assert_owner(lock, holder)
        self.assert_waiters(lock, waiter)

    def test_a_stopped_owner_inside(self):
        shared = self.shared("namespace")
        holder, waiter = self.inside(shared), self.hold(shared)
        holder.do(f"mutex {shared + 64}")
        holder.do(f"lock {shared + 64}")
        waiter.block(f"lock {shared + 64}")
        holder.stop()
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, state="held", verdict="ownerStopped")
        self.assert_owner(lock, holder, state="stopped")
        self.assert_verdict(graph, shared, 64, "ownerStopped", "error", waiter)

    def test_one_of_two_that_have_the_same_number(self):
        shared = self.shared("namespace")
        holder, other, waiter = self.inside(shared), self.inside(shared), self.hold(shared)
        holder.do(f"mutex {shared + 64}")
        holder.do(f"lock {shared + 64}")
        waiter.block(f"lock {shared + 64}")
        # A plain lock's word is all there is.
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, state="held", verdict="ambiguous")
        self.assertNotIn("owner", lock)
        self.assertEqual({self.key(one) for one in lock["ownerCandidates"]}, {holder.key, other.key})
        self.assert_waiters(lock, waiter)
        self.assertEqual(graph.deadlocks(shared.id), [])
        # When the other one is gone, it can be told.
        other.kill()
        _, lock = self.look(shared, 64)
        self.assert_facts(lock, state="held", verdict="ok")
        self.assert_owner(lock, holder)

    def test_a_robust_list_tells_them_apart(self):
        shared = self.shared("namespace")
        holder, other, waiter = self.inside(shared), self.inside(shared), self.hold(shared)
        holder.do(f"mutex {shared + 64} robust")
        holder.do(f"lock {shared + 64}")
        waiter.block(f"lock {shared + 64}")
        graph, lock = self.look(shared, 64)
        self.assert_facts(lock, state="held", verdict="ok")
        self.assert_owner(lock, holder)
        self.assert_waiters(lock, waiter)
        self.assertIn("robustList", lock["evidence"])
        self.assertIsNone(graph.thread(other))


class Healthy(VerdictCase):
    def test_nothing_is_wrong_with_what_is_in_use(self):
        shared = self.shared("healthy")
        holder, waiter, idle = self.holds(3, shared)
        for command in (
            f"mutex {shared + 64}", f"mutex {shared + 128} robust", f"rwlock {shared + 192}", f"semaphore {shared + 256} 3",
            f"condition {shared + 320}", f"barrier {shared + 384} 2",
            f"lock {shared + 64}", f"lock {shared + 128}", f"read {shared + 192}",
        ):
            holder.do(command)
        waiter.block(f"lock {shared + 64}")
        idle.do(f"read {shared + 192}")
        graph = self.locks()
        self.assertEqual(graph.verdicts(shared.id), {})
        self.assertEqual(graph.locks(shared.id), [(shared.id, 64)])
        for offset, lock in self.segment_locks(shared.id, "--scan").items():
            with self.subTest(offset):
                # Two readers and three that may be them: that is no trouble, and not said to be certain.
                self.assertIn(lock["verdict"], ("ok", "ambiguous") if offset == 192 else ("ok",))


if __name__ == "__main__":
    unittest.main()

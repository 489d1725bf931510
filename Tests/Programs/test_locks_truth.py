"""Whether what is told of locks is true: no deadlock of programs that have none, however fast they are, and what gdb says.

gdb reads the same words with the pretty printers that glibc brings (Debian: libc6-dev). Of semaphores and barriers, for which
there are none, it tells the words as they are.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from locks_case import Graph, LocksCase

SAMPLES = 10_000 if os.environ.get("SHMLENS_FULL") == "1" else 150
PRINTERS = next(iter(sorted(glob.glob("/usr/share/gdb/auto-load/**/libc.so.6-gdb.py", recursive=True))), None)


class NoFalseDeadlock(LocksCase):
    def sample(self, shared, processes, counter, count=SAMPLES):
        """Looks at a healthy program, over and over again: nothing is ever wrong with it."""
        get = self.serve()
        numbers = {process.pid for process in processes}
        self.until(lambda: shared.long(counter) > 0, "it goes on")
        before, seen = shared.long(counter), 0
        for number in range(count):
            graph = Graph(self, get("locks?fresh=true"))
            told = (number, graph.deadlocks(shared.id), graph.verdicts(shared.id))
            self.assertEqual(told, (number, [], {}))
            for one in graph.answer["deadlocks"]:
                self.assertFalse(numbers & {thread["pid"] for thread in one["threads"] + one["victims"]}, one)
            seen += len(graph.locks(shared.id)) + graph.answer["movingCount"]
        # There was something to be mistaken for a deadlock, and it went on all the time.
        self.assertGreater(seen, 0)
        self.assertGreater(shared.long(counter), before)
        for process in processes:
            self.assertIsNone(process.child.poll())

    def in_order(self, kind, count=2):
        shared = self.shared("order")
        processes = self.holds(count, shared)
        places = [shared + 4096, shared + 8192]
        for place in places:
            processes[0].do(f"mutex {place} {kind}")
        for process in processes:
            process.tell(f"inorder {shared + 64} {' '.join(places)}")
        self.sample(shared, processes, 64)

    def test_two_locks_in_order(self):
        self.in_order("normal")

    def test_two_robust_locks_in_order(self):
        self.in_order("robust")

    def test_two_inheriting_locks_in_order(self):
        self.in_order("inherit")

    def test_inheriting_locks_whose_next_owner_does_not_run_at_once(self):
        """The kernel names the next owner in the word before it has run: on busy processors that takes a while."""
        for _ in range(2 * os.cpu_count()):
            burner = subprocess.Popen(["sh", "-c", "while :; do :; done"])
            self.addCleanup(burner.wait)
            self.addCleanup(burner.kill)
        self.in_order("inherit", 4)

    def test_a_lock_that_is_handed_around(self):
        shared = self.shared("around")
        processes = self.holds(3, shared)
        processes[0].do(f"mutex {shared + 4096}")
        processes[0].do(f"condition {shared + 8192}")
        for index, process in enumerate(processes):
            process.tell(f"handon {shared + 4096} {shared + 8192} {shared + 64} {index} {len(processes)}")
        self.sample(shared, processes, 64)

    def test_a_deadlock_among_them_is_told_each_time(self):
        shared, ring = self.shared("order"), self.shared("ring")
        busy = self.holds(2, shared)
        for place in (shared + 4096, shared + 8192):
            busy[0].do(f"mutex {place}")
        first, second = self.holds(2, ring)
        for thread, place in ((first, ring + 64), (second, ring + 128)):
            thread.do(f"mutex {place}")
            thread.do(f"lock {place}")
        first.block(f"lock {ring + 128}")
        second.block(f"lock {ring + 64}")
        for process in busy:
            process.tell(f"inorder {shared + 64} {shared + 4096} {shared + 8192}")
        get = self.serve()
        self.until(lambda: shared.long(64) > 0, "it goes on")
        for number in range(SAMPLES // 6):
            graph = Graph(self, get("locks?fresh=true"))
            self.assertEqual((number, graph.deadlocks(shared.id)), (number, []))
            [deadlock] = graph.deadlocks(ring.id)
            self.assertEqual({self.key(thread) for thread in deadlock["threads"]}, {first.key, second.key})
            self.assertEqual(deadlock["victims"], [])


# Names of the printers, and those of the answer.
TYPES = {"Normal": "normal", "Recursive": "recursive", "Error check": "errorCheck", "Adaptive": "adaptive"}
PROTOCOLS = {"None": "none", "Priority inherit": "inherit", "Priority protect": "protect"}
WAITERS = {"Acquired, possibly with waiters": True, "Acquired, possibly with no waiters": False}
ASK = """python
import gdb, json
for kind, offset, address in {places}:
    value = gdb.parse_and_eval('*(%s *)%d' % (kind, address))
    printer = gdb.default_visualizer(value)
    told = {{name: str(child) for name, child in printer.children()}} if printer else {{}}
    read = gdb.selected_inferior().read_memory(address, 32)
    words = [int.from_bytes(bytes(read[at:at + 4]), 'little') for at in range(0, 32, 4)]
    print('told ' + json.dumps([offset, told, words]))
end
"""


@unittest.skipUnless(shutil.which("gdb") and PRINTERS, "there is no gdb, or no printers of glibc's")
class Debugger(LocksCase):
    """All states in one segment: shmlens looks first, for gdb stops the process."""

    def setUp(self):
        super().setUp()
        self.object = self.shared("oracle")
        self.holder = self.hold(self.object)
        self.kinds = {}
        self.at = 0

    def place(self, kind):
        """Room for the next one."""
        self.at += 128
        self.kinds[self.at] = kind
        return self.at, self.object + self.at

    def waiter(self, command):
        return self.hold(self.object).block(command)

    def ask_gdb(self):
        """`{offset: (what the printer tells, words)}`, as the holder sees them."""
        with open(f"/proc/{self.holder.pid}/maps", encoding="utf-8") as maps:
            [start] = [int(line.split("-")[0], 16) for line in maps if self.object.name in line]
        places = [(kind, offset, start + offset) for offset, kind in self.kinds.items()]
        # Nothing is asked of the network, and no thread but the first is of interest.
        command = ["gdb", "-nx", "-batch", "-iex", "set debuginfod enabled off", "-iex", "set auto-load off"]
        with tempfile.NamedTemporaryFile("w", prefix="shmlens-test-", suffix=".gdb") as script:
            script.write(ASK.format(places=places))
            script.flush()
            command += ["-p", str(self.holder.pid), "-ex", f"source {PRINTERS}", "-x", script.name]
            run = subprocess.run(command, capture_output=True, check=False, text=True, timeout=120)
        lines = re.findall(r"^told (.*)$", run.stdout, re.MULTILINE)
        told = {offset: (answer, words) for offset, answer, words in map(json.loads, lines)}
        self.assertEqual(set(told), set(self.kinds), run.stderr)
        return told

    def both(self):
        """`{offset: (lock, what the printer tells, words)}`."""
        locks = self.segment_locks(self.object.id, "--scan")
        told = self.ask_gdb()
        self.assertEqual(set(self.kinds) - set(locks), set(), "found by shmlens")
        return {offset: (locks[offset], *told[offset]) for offset in self.kinds}

    def compare_mutex(self, lock, told):
        self.assertEqual(lock["type"], "mutex")
        self.assertEqual([lock["mutexType"], lock["protocol"]], [TYPES[told["Type"]], PROTOCOLS[told["Protocol"]]])
        self.assertEqual([lock["robust"], lock["processShared"]], [told["Robust"] == "Yes", told["Shared"] == "Yes"])
        protected = told.get("State protected by this mutex")
        if told["Status"] == "Not acquired":
            self.assertEqual(lock["state"], "notRecoverable" if protected == "Not recoverable" else "free")
            self.assertNotIn("owner", lock)
            return
        self.assertEqual(bool(lock["waiters"]), WAITERS[told["Status"]])
        owner, *dead = told["Owner ID"].split()
        if dead:
            self.assertEqual([lock["state"], dead], ["ownerDead", ["(dead)"]])
            self.assertIs(lock["recoverable"], lock["robust"])
        else:
            self.assertEqual(lock["state"], "held")
            self.assertEqual(lock["owner"]["tid"], int(owner))

    def compare_rwlock(self, lock, told):
        self.assertEqual([lock["type"], lock["processShared"]], ["rwlock", told["Shared"] == "Yes"])
        self.assertEqual(lock["state"], "free" if told["Status"] == "Not acquired" else "held")
        if told["Status"] == "Acquired (Write)":
            self.assertEqual(lock["owner"]["tid"], int(told["Writer ID"]))
        elif told["Status"] == "Acquired (Read)":
            self.assertEqual(lock["value"], int(told["Readers"]))

    def test_mutexes(self):
        for kind in (
            "normal", "recursive", "errorcheck", "adaptive", "robust", "recursive robust", "inherit",
            "errorcheck inherit robust",
        ):
            for count in range(3):
                _, place = self.place("pthread_mutex_t")
                self.holder.do(f"mutex {place} {kind}")
                self.holder.do(f"lock {place}")
                for _ in range(count):
                    self.waiter(f"lock {place}")
        for offset, (lock, told, _) in self.both().items():
            with self.subTest(offset):
                self.compare_mutex(lock, told)
                self.assertEqual(int(told["Owner ID"]), self.holder.tid)
        # It went on after gdb had looked.
        self.holder.do(f"unlock {self.object + 128}")

    def test_mutexes_whose_owner_died(self):
        for kind in ("robust", "inherit robust"):
            dead, heir = self.holds(2, self.object)
            _, left = self.place("pthread_mutex_t")
            _, told = self.place("pthread_mutex_t")
            _, lost = self.place("pthread_mutex_t")
            for place in (left, told, lost):
                dead.do(f"mutex {place} {kind}")
                dead.do(f"lock {place}")
            dead.kill()
            # One that nobody was told of, one that its heir has and has not repaired, and one that it gave back so.
            heir.do(f"lock {told}", result="EOWNERDEAD")
            heir.do(f"lock {lost}", result="EOWNERDEAD")
            heir.do(f"unlock {lost}")
        answers = self.both()
        protected = [told.get("State protected by this mutex") for _, told, _ in answers.values()]
        self.assertEqual(protected, [None, "Inconsistent", "Not recoverable"] * 2)
        for offset, (lock, told, _) in answers.items():
            with self.subTest(offset):
                self.compare_mutex(lock, told)

    def test_rwlocks(self):
        holder = self.holder
        _, place = self.place("pthread_rwlock_t")
        holder.do(f"rwlock {place}")
        holder.do(f"write {place}")
        self.waiter(f"read {place}")
        self.waiter(f"write {place}")
        _, place = self.place("pthread_rwlock_t")
        holder.do(f"rwlock {place}")
        holder.do(f"read {place}")
        self.hold(self.object).do(f"read {place}")
        self.waiter(f"write {place}")
        _, place = self.place("pthread_rwlock_t")
        holder.do(f"rwlock {place} writers")
        holder.do(f"read {place}")
        self.waiter(f"write {place}")
        answers = self.both()
        statuses = [told["Status"] for _, told, _ in answers.values()]
        self.assertEqual(statuses, ["Acquired (Write)", "Acquired (Read)", "Acquired (Read)"])
        for offset, (lock, told, _) in answers.items():
            with self.subTest(offset):
                self.compare_rwlock(lock, told)
        self.assertEqual([len(lock["waiters"]) for lock, _, _ in answers.values()], [2, 1, 1])

    def test_conditions(self):
        self.holder.do(f"mutex {self.object + 64}")
        for count in (1, 3):
            _, place = self.place("pthread_cond_t")
            self.holder.do(f"condition {place}")
            for _ in range(count):
                waiter = self.hold(self.object)
                waiter.do(f"lock {self.object + 64}")
                waiter.block(f"wait {place} {self.object + 64}")
        for offset, (lock, told, _) in self.both().items():
            with self.subTest(offset):
                self.assert_facts(lock, type="condition", state="waitedOn", processShared=told["Shared"] == "Yes")
                count = int(told["Threads known to still execute a wait function"])
                self.assertEqual([lock["value"], len(lock["waiters"])], [count, count])

    def test_semaphores_and_barriers_by_their_words(self):
        semaphore, place = self.place("sem_t")
        self.holder.do(f"semaphore {place} 0")
        for _ in range(2):
            self.waiter(f"take {place}")
        barrier, place = self.place("pthread_barrier_t")
        self.holder.do(f"barrier {place} 5")
        for _ in range(3):
            self.waiter(f"meet {place}")
        answers = self.both()
        lock, _, (value, waiters, shared, *_) = answers[semaphore]
        self.assert_facts(lock, type="semaphore", state="empty", value=value)
        self.assertEqual(len(lock["waiters"]), waiters)
        self.assertEqual([value, waiters, shared], [0, 2, 128])
        lock, _, (arrived, begun, count, shared, *_) = answers[barrier]
        self.assert_facts(lock, type="barrier", state="waitedOn", value=arrived - begun)
        self.assertEqual(len(lock["waiters"]), arrived - begun)
        self.assertEqual([arrived, begun, count, shared], [3, 0, 5, 128])


if __name__ == "__main__":
    unittest.main()

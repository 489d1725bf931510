"""What tests of locks share: processes that hold locks and wait for them as they are told, and the answers on locks."""

import atexit
import functools
import itertools
import json
import os
import re
import select
import signal
import struct
import subprocess
import tempfile
import time

from host import PROGRAM, HostCase, children

# How long anything may take that takes no time.
SECONDS = 30
# Numbers of system calls of this machine, as /proc/TID/syscall has them.
WAITS = {"x86_64": {"futex": 202, "semtimedop": 220, "futex_waitv": 449}}.get(os.uname().machine, {})
# Of a wait that no other process can end.
FUTEX_PRIVATE = 128
# A process that is number 1 of a pid namespace of its own. It ends with the one that started it, and that one with this.
IN_ITS_OWN_NAMESPACE = (
    "setpriv", "--pdeathsig", "KILL", "--", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
# What a segment's locks and the host's have in common.
SAME = ("type", "state", "recoverable", "mutexType", "robust", "processShared", "protocol", "value", "verdict")
serial = itertools.count(1)


@functools.cache
def built(name):
    """One of the programs in `locks`, built once a run."""
    folder = tempfile.TemporaryDirectory(prefix="shmlens-test-")
    atexit.register(folder.cleanup)
    source = os.path.join(os.path.dirname(__file__), "locks", f"{name}.c")
    program = f"{folder.name}/{name}"
    # With -g for gdb, which is to know the types.
    subprocess.run(["cc", "-std=c11", "-O1", "-g", "-Wall", "-Wextra", "-pthread", "-o", program, source], check=True)
    return program


@functools.cache
def makes_namespaces():
    """Whether a pid namespace may be made here; a container often may not."""
    if os.geteuid() != 0:
        return False
    return subprocess.run([*IN_ITS_OWN_NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


def contents(path):
    """A file of /proc; None where the thread is gone."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None


class Shared:
    """A named object, which is removed with the test."""

    def __init__(self, case, label, size):
        self.label = label
        self.size = size
        self.name = f"shmlens-test-locks-{os.getpid()}-{next(serial)}-{label}"
        self.id = f"posix:{self.name}"
        self.path = f"/dev/shm/{self.name}"
        with open(self.path, "xb") as file:
            file.truncate(size)
        case.addCleanup(os.unlink, self.path)

    def __add__(self, offset):
        """A place in it, as `hold` has it."""
        return f"{self.label}+{offset}"

    def words(self, offset, count=1):
        """Words of 32 bits, read without mapping them: this process shall be none of those that map it."""
        with open(self.path, "rb") as file:
            file.seek(offset)
            return struct.unpack(f"={count}I", file.read(4 * count))

    def long(self, offset):
        low, high = self.words(offset, 2)
        return high << 32 | low


class Thread:
    """A thread of a `hold`, by the numbers that this host has for it."""

    def __init__(self, case, process, number):
        self.case = case
        self.process = process
        self.number = number
        _, self.inner_pid, self.inner_tid = process.reply(number, "ready")
        self.inner_pid, self.inner_tid = int(self.inner_pid), int(self.inner_tid)
        self.pid = self.tid = None

    @property
    def key(self):
        return (self.pid, self.tid)

    @property
    def told(self):
        """As answers have it."""
        return {"pid": self.pid, "tid": self.tid, "command": "hold"}

    def tell(self, command):
        self.process.write(f"{self.number}:{command}\n" if self.number else f"{command}\n")

    def result(self, command):
        """How a command ended: "0", or the name of an error."""
        return self.process.reply(self.number, command.split()[0])[1]

    def do(self, command, result="0"):
        """Carries out what does not wait, or is not to wait long."""
        self.tell(command)
        self.case.assertEqual(self.result(command), result, command)

    def block(self, command):
        """Begins what waits, and returns when the thread sleeps in it."""
        self.tell(command)
        self.case.until(self.sleeps, f"thread {self.tid} sleeps in {command}", SECONDS)
        return self

    def call(self):
        """The number of the system call that the thread is in, and its arguments."""
        words = (contents(f"/proc/{self.pid}/task/{self.tid}/syscall") or "gone").split()
        return [int(word, 0) for word in words] if words[0].lstrip("-").isdigit() else []

    def sleeps(self):
        """Whether it sleeps on something that other processes may share."""
        call = self.call()
        if not call or self.state() != "S":
            return False
        return call[0] in WAITS.values() and not (call[0] == WAITS["futex"] and call[2] & FUTEX_PRIVATE)

    def state(self):
        stat = contents(f"/proc/{self.pid}/task/{self.tid}/stat")
        return stat.rsplit(")", 1)[1].split()[0] if stat else None


class Hold(Thread):
    """A process of its own that runs `hold`, and its first thread."""

    def __init__(self, case, wrapper=()):
        # What it complains of is told only where it ended unasked: some are to be aborted.
        self.complaints = tempfile.TemporaryFile()
        self.child = subprocess.Popen(
            [*wrapper, built("hold")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.complaints)
        case.addCleanup(self.end)
        self.part = b""
        self.replies = {}
        self.pid = None
        super().__init__(case, self, 0)
        # Who was started in a namespace is the last of its wrapper's children.
        self.pid = self.tid = children(self.child.pid)[-1] if wrapper else self.child.pid
        case.assertEqual(self.numbers(self.tid)[-1], self.inner_tid)

    def numbers(self, tid):
        """A thread's numbers in all of its namespaces, this one's first."""
        status = contents(f"/proc/{self.pid}/task/{tid}/status") or ""
        return [int(word) for word in re.search(r"^NSpid:(.*)$", status, re.MULTILINE)[1].split()]

    def write(self, line):
        self.child.stdin.write(line.encode())
        self.child.stdin.flush()

    def reply(self, number, verb):
        """The rest of a thread's next answer, which is to this verb."""
        deadline = time.monotonic() + SECONDS
        while not self.replies.get(number):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                raise AssertionError(f"process {self.pid}: thread {number} did not answer {verb} in {SECONDS} s")
            piece = os.read(self.child.stdout.fileno(), 65536)
            if not piece:
                status = self.child.wait()
                self.complaints.seek(0)
                complaint = self.complaints.read().decode()
                raise AssertionError(f"process {self.pid} ended before it answered {verb}: {status}: {complaint}")
            *lines, self.part = (self.part + piece).split(b"\n")
            for line in lines:
                words = line.decode().split()
                self.replies.setdefault(int(words[0]), []).append(words[1:])
        words = self.replies[number].pop(0)
        if words[0] != verb:
            raise AssertionError(f"process {self.pid}: thread {number} answered {words}, and not {verb}")
        return words

    def thread(self, number=1):
        """Another thread of the process."""
        self.do(f"thread {number}")
        thread = Thread(self.case, self, number)
        thread.pid = self.pid
        [thread.tid] = [
            int(tid) for tid in os.listdir(f"/proc/{self.pid}/task") if self.numbers(int(tid))[-1] == thread.inner_tid]
        return thread

    def map(self, shared, offset=0, size=None, address=None):
        """Maps an object, or a part of it, at an address where one is given."""
        words = ["map", shared.label, shared.path, str(offset), str(size or shared.size - offset)]
        self.do(" ".join(words + ([hex(address)] if address else [])))
        return self

    def send(self, number, state):
        """Sends a signal, and returns when all threads are in a state."""
        os.kill(self.pid, number)
        tasks = f"/proc/{self.pid}/task"

        def reached():
            stats = [contents(f"{tasks}/{tid}/stat") for tid in os.listdir(tasks)]
            return all(stat is None or stat.rsplit(")", 1)[1].split()[0] == state for stat in stats)

        self.case.until(reached, f"process {self.pid} comes to {state}", SECONDS)

    def stop(self):
        self.send(signal.SIGSTOP, "T")

    def resume(self):
        self.send(signal.SIGCONT, "S")

    def kill(self):
        """Ends it as a crash does, and returns when nothing of it is left."""
        # Its number is its own as long as nobody waited for it.
        if self.child.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
        if self.child.pid == self.pid:
            self.child.wait()
        self.case.until(lambda: not os.path.exists(f"/proc/{self.pid}"), f"process {self.pid} is gone", SECONDS)

    def end(self):
        # By numbers that cannot be others' by now: the child is not waited for yet, and takes along what it started.
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        for stream in (self.child.stdin, self.child.stdout, self.complaints):
            try:
                stream.close()
            except BrokenPipeError:
                pass


class Graph:
    """Who waits for what, and who has it: an answer of all locks of the host."""

    def __init__(self, case, answer):
        self.case = case
        self.answer = answer
        self.nodes = {node["id"]: node for node in answer["nodes"]}
        case.assertEqual(len(self.nodes), len(answer["nodes"]), "each node stands there once")
        for edge in answer["edges"]:
            kinds = (self.nodes[edge["from"]]["kind"], self.nodes[edge["to"]]["kind"])
            case.assertEqual(kinds, ("thread", "lock") if edge["relation"] == "waitsFor" else ("lock", "thread"), edge)

    @staticmethod
    def place(one):
        return one["index"] if "index" in one else one["offset"]

    def lock(self, segment, place):
        """The node of a lock; `place` is an offset, or an index of a System V set."""
        found = [
            node for node in self.nodes.values()
            if node["kind"] == "lock" and node["segment"] == segment and self.place(node) == place]
        self.case.assertLessEqual(len(found), 1, found)
        return found[0] if found else None

    def locks(self, *segments):
        """All locks of segments: `[(segment, place)]`."""
        return sorted(
            (node["segment"], self.place(node))
            for node in self.nodes.values() if node["kind"] == "lock" and node["segment"] in segments)

    def thread(self, thread):
        found = [
            node for node in self.nodes.values() if node["kind"] == "thread" and (node["pid"], node["tid"]) == thread.key]
        self.case.assertLessEqual(len(found), 1, found)
        return found[0] if found else None

    def edges(self, relation, segment, place):
        """`{(pid, tid): edge}` of the threads at the other ends."""
        lock = self.lock(segment, place)
        if lock is None:
            return {}
        mine, other = ("to", "from") if relation == "waitsFor" else ("from", "to")
        found = {}
        for edge in self.answer["edges"]:
            if edge["relation"] == relation and edge[mine] == lock["id"]:
                node = self.nodes[edge[other]]
                found[node["pid"], node["tid"]] = edge
        return found

    def waiters(self, segment, place):
        return self.edges("waitsFor", segment, place)

    def holders(self, segment, place):
        return self.edges("heldBy", segment, place)

    def waits_of(self, thread):
        """What a thread waits for: `[(segment, place)]`."""
        node = self.thread(thread)
        if node is None:
            return []
        edges = self.answer["edges"]
        awaited = [self.nodes[edge["to"]] for edge in edges if edge["relation"] == "waitsFor" and edge["from"] == node["id"]]
        return sorted((lock["segment"], self.place(lock)) for lock in awaited)

    def deadlocks(self, *segments):
        """Those that a lock of a segment is a part of."""
        return [one for one in self.answer["deadlocks"] if any(lock["segment"] in segments for lock in one["locks"])]

    def verdicts(self, *segments):
        """What is not as it should be in segments: `{(segment, place): verdict}`."""
        return {(one["segment"], self.place(one)): one for one in self.answer["verdicts"] if one["segment"] in segments}


class LocksCase(HostCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        built("hold")

    def setUp(self):
        if not WAITS:
            self.skipTest("the numbers of this machine's system calls are not known here")

    def shared(self, label="a", size=65536):
        return Shared(self, label, size)

    def hold(self, *objects, wrapper=()):
        """A process that maps objects, wherever the kernel puts them."""
        process = Hold(self, wrapper)
        for one in objects:
            process.map(one)
        return process

    def holds(self, count, *objects):
        return [self.hold(*objects) for _ in range(count)]

    def locks(self):
        """The whole host's locks. The exit status says what the worst is, whoever else has trouble on this host."""
        run = subprocess.run([PROGRAM, "locks", "--json"], capture_output=True, check=False, timeout=SECONDS)
        self.assertIn(run.returncode, (0, 2, 3), run.stderr.decode())
        graph = Graph(self, json.loads(run.stdout))
        wanted = 3 if graph.answer["deadlocks"] else 2 if graph.answer["verdicts"] else 0
        self.assertEqual(run.returncode, wanted, (graph.answer["deadlocks"], graph.answer["verdicts"]))
        graph.status = run.returncode
        return graph

    def segment_locks(self, segment, *options):
        """One segment's locks: `{offset: lock}`."""
        words = [PROGRAM, "locks", segment, *options, "--json"]
        run = subprocess.run(words, capture_output=True, check=False, timeout=SECONDS)
        self.assertIn(run.returncode, (0, 2, 3), run.stderr.decode())
        answer = json.loads(run.stdout)["locks"]
        locks = {lock["offset"]: lock for lock in answer}
        self.assertEqual(len(locks), len(answer), "each lock stands there once")
        return locks

    def look(self, shared, offset, *options):
        """A lock as the host's graph has it, and as its segment has it; what both say is the same."""
        graph = self.locks()
        lock = self.segment_locks(shared.id, *options).get(offset)
        self.assertIsNotNone(lock, f"no lock at {offset} of {shared.name}")
        node = graph.lock(shared.id, offset)
        if node is not None:
            for key in SAME:
                self.assertEqual(node.get(key), lock.get(key), key)
            self.assertEqual(node["waiterCount"], len(lock["waiters"]))
            self.assertEqual(set(graph.waiters(shared.id, offset)), {self.key(one) for one in lock["waiters"]})
        return graph, lock

    @staticmethod
    def key(one):
        return (one["pid"], one["tid"])

    def assert_facts(self, lock, **facts):
        self.assertEqual({key: lock.get(key) for key in facts}, facts, lock)

    def assert_owner(self, lock, thread, state="sleeping"):
        """It is held by a thread that lives."""
        owner = lock.get("owner")
        self.assertIsNotNone(owner, lock)
        self.assertEqual([self.key(owner), owner["command"], owner["alive"]], [thread.key, "hold", True], lock)
        self.assertEqual(owner["threadState"], state)

    def assert_dead_owner(self, lock, thread):
        """It is held by a thread that is gone; what is still told of it is true."""
        self.assertEqual(lock["state"], "ownerDead", lock)
        owner = lock.get("owner")
        if owner is not None:
            self.assertIs(owner["alive"], False, lock)
            self.assertIn(owner["threadState"], ("dead", "zombie"), lock)
            self.assertEqual(owner["tid"], thread.tid, lock)

    def assert_waiters(self, lock, *threads, timed=False):
        """These wait, and nobody else."""
        waiters = {self.key(one): one for one in lock["waiters"]}
        self.assertEqual(set(waiters), {thread.key for thread in threads}, lock)
        for thread in threads:
            waiter = waiters[thread.key]
            told = [waiter["command"], waiter["threadState"], bool(waiter.get("timed"))]
            self.assertEqual(told, ["hold", "sleeping", timed], lock)

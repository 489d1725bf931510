"""Answers as the server gives them to who asks who waits for whom: for what no host has at hand, such as ten thousand threads."""

import json


class Waits:
    """An answer of GET /locks, put together edge by edge."""

    def __init__(self):
        self.answer = {"takenAt": "2026-01-01T12:00:00.000Z", "ageMilliseconds": 0, "hidden": [], "threadCount": 0, "waitingCount": 0,
                       "movingCount": 0, "nodes": [], "edges": [], "deadlocks": [], "verdicts": []}

    def thread(self, pid, tid=None, command="ring", state="sleeping"):
        tid = tid or pid
        report = {"id": f"thread:{pid}:{tid}", "kind": "thread", "pid": pid, "tid": tid, "command": command, "threadState": state}
        self.answer["nodes"].append(report)
        self.answer["threadCount"] += 1
        return report

    def lock(self, segment, offset=None, type="mutex", state="held", index=None, **more):
        place = {"offset": offset} if index is None else {"index": index}
        report = {"id": f"lock:{segment}:{offset if index is None else index}", "kind": "lock", "segment": segment, **place, "type": type,
                  "state": state, "evidence": ["waiter"], "verdict": "ok", "waiterCount": 0, **more}
        self.answer["nodes"].append(report)
        return report

    def waits(self, thread, lock, milliseconds=None, timed=False):
        edge = {"from": thread["id"], "to": lock["id"], "relation": "waitsFor"}
        if milliseconds is not None:
            edge["waitingForMilliseconds"] = milliseconds
        if timed:
            edge["timed"] = True
        self.answer["edges"].append(edge)
        self.answer["waitingCount"] += 1
        lock["waiterCount"] += 1

    def holds(self, thread, lock, milliseconds=None):
        edge = {"from": lock["id"], "to": thread["id"], "relation": "heldBy"}
        if milliseconds is not None:
            edge["heldForMilliseconds"] = milliseconds
        self.answer["edges"].append(edge)
        lock["owner"] = {**named(thread), "alive": True, "threadState": thread["threadState"]}

    def circle(self, pids, segment, command="ring", first=64, victims=()):
        """Threads that wait for one another, each for the lock that the next one has. Gives its locks."""
        threads = [self.thread(pid, command=command) for pid in pids]
        locks = [self.lock(segment, first + 64 * index) for index in range(len(pids))]
        for index, thread in enumerate(threads):
            self.waits(thread, locks[index], 12000 + 500 * index)
            self.holds(threads[(index + 1) % len(pids)], locks[index])
            locks[index]["verdict"] = "deadlock"
        self.answer["deadlocks"].append({
            "threads": [named(one) for one in threads], "locks": [place(one) for one in locks], "victims": [named(one) for one in victims],
            "message": f"{len(pids)} threads wait for one another{f'; {len(victims)} threads wait behind' if victims else ''}", "advice": f"end process {pids[0]}"})
        for lock in locks:
            self.verdict(lock, "deadlock", "error", "It is part of a circle")
        return locks

    def verdict(self, lock, verdict, severity, message, advice=None, threads=()):
        lock["verdict"] = verdict
        lock["message"] = message
        more = {} if advice is None else {"advice": advice}
        lock.update(more)
        self.answer["verdicts"].append({"verdict": verdict, "severity": severity, **place(lock), "type": lock["type"], "message": message,
                                        **more, "threads": [named(one) for one in threads]})

    def hide(self, what, count, needs):
        self.answer["hidden"].append({"what": what, "count": count, "needs": needs})


def named(thread):
    return {key: thread[key] for key in ("pid", "tid", "command")}


def place(lock):
    return {key: lock[key] for key in ("segment", "offset", "index") if key in lock}


STUB = """
(() => {
  const real = window.fetch;
  window.stub = { answers: %s, asked: [], status: 200 };
  window.fetch = (path, options) => {
    const found = Object.entries(stub.answers).find(([key]) => String(path) === `api/v1/${key}`);
    if (!found) return real(path, options);
    stub.asked.push(performance.now());
    return Promise.resolve(new Response(JSON.stringify(found[1]), { status: stub.status, headers: { "Content-Type": "application/json" } }));
  };
})();
"""


def stub(browser, answers):
    """From the next page on, paths under api/v1/ are answered by these; gives what is to be called at the end."""
    added = browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=STUB % json.dumps(answers))
    return lambda: browser.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=added["identifier"])


def crowd(count=300):
    """One lock, and so many that wait for it."""
    waits = Waits()
    lock = waits.lock("posix:queue", 128, label="queue")
    for index in range(count):
        waits.waits(waits.thread(20000 + index, command="worker"), lock, 1000 + 10 * index)
    waits.holds(waits.thread(19999, command="holder", state="stopped"), lock, 30000)
    waits.verdict(lock, "ownerStopped", "error", "Its owner, holder (19999), is stopped", "let it go on: kill -CONT 19999")
    return waits.answer


def many(count=10000):
    """So many nodes: half of them locks with one who waits."""
    waits = Waits()
    for index in range(count // 2):
        waits.waits(waits.thread(30000 + index, command="worker"), waits.lock("posix:words", 64 * index, type="futex", state="waitedOn"), index)
    return waits.answer


def mixed():
    """A bit of all: two circles, one of them with victims, a long chain, what has no owner, and what is not known."""
    waits = Waits()
    victims = [waits.thread(4730 + index, command="victim") for index in range(3)]
    locks = waits.circle([4711, 4720], "posix:ring-a", victims=victims)
    for index, victim in enumerate(victims[:2]):
        waits.waits(victim, locks[0], 9000 - 1000 * index)
    behind = waits.lock("posix:ring-b", 4096, label="journal")
    waits.holds(victims[0], behind, 9500)
    waits.waits(victims[2], behind, 4000, timed=True)
    waits.circle([5001, 5002, 5003], "posix:philosophers", command="fork")
    root = waits.thread(6100, 6104, command="postgres", state="running")
    before = root
    for index in range(3):
        lock = waits.lock("anonymous:8812", 1024 + 64 * index)
        waits.holds(before, lock, 200)
        before = waits.thread(6110 + index, command="postgres")
        waits.waits(before, lock, 150 - 20 * index)
    stopped = waits.thread(7001, command="holder", state="stopped")
    held = waits.lock("posix:held", 64, label="lock", robust=True)
    waits.holds(stopped, held, 61000)
    for index in range(20):
        waits.waits(waits.thread(7100 + index, command="worker"), held, 60000 - 100 * index)
    waits.verdict(held, "ownerStopped", "error", "Its owner, holder (7001), is stopped", "let it go on: kill -CONT 7001")
    dead = waits.lock("posix:left", 256, state="ownerDead", recoverable=False, owner={
        "pid": 8123, "tid": 8123, "command": "gone", "alive": False, "threadState": "dead"})
    waits.waits(waits.thread(8200, command="heir"), dead, 500)
    waits.verdict(dead, "ownerDead", "error", "Its owner, gone (8123), has ended, and nobody will be told", "make the lock anew")
    readers = waits.lock("posix:tree", 512, type="rwlock", value=1, caveats=["readers have no names"])
    waits.waits(waits.thread(8300, command="writer"), readers, 2000)
    waits.verdict(readers, "phantomReaders", "error", "A reader is counted, and all that map it wait for it")
    unsure = waits.lock("posix:guess", 64, ownerCandidates=[
        {"pid": 9001, "tid": 9001, "command": "one", "alive": True, "threadState": "sleeping"},
        {"pid": 9002, "tid": 9002, "command": "two", "alive": True, "threadState": "running"}])
    waits.waits(waits.thread(9003, command="three"), unsure)
    # As the server has it: an edge to each of those who may have it.
    for candidate in (waits.thread(9001, command="one"), waits.thread(9002, command="two", state="running")):
        waits.answer["edges"].append({"from": unsure["id"], "to": candidate["id"], "relation": "heldBy"})
    waits.verdict(unsure, "ambiguous", "warning", "Two threads may be its owner")
    waits.waits(waits.thread(9100, command="consumer"), waits.lock("posix:jobs", 64, type="semaphore", state="empty", value=0), 123456, timed=True)
    waits.waits(waits.thread(9200, command="client"), waits.lock("sysvsem:5", index=2, type="sysvSemaphore", state="empty", value=0), 3000)
    waits.waits(waits.thread(9300, command="\u202elevart"), waits.lock("posix:" + "long-name-" * 12, 65536, type="futex", state="waitedOn", value=7), 100)
    waits.hide("threads of other users", 12, "CAP_SYS_PTRACE")
    waits.answer["movingCount"] = 1
    return waits.answer

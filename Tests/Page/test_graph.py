"""Who waits for whom on the host, in a browser: the drawing, what is said beside it, the table, and where they lead."""

import os
import re
import signal
import unittest

import answers
import holders
from page_case import PageCase
from server import quoted, remove, unique

PAGE = "?view=locks"
ENTER, LEFT, RIGHT, DOWN, HOME, END = "\ue007", "\ue012", "\ue014", "\ue015", "\ue011", "\ue010"

BOXES = """
return [...document.querySelectorAll('.graph-boxes > a')].map((box) => ({
  id: box.dataset.id, classes: box.getAttribute('class').split(' '), label: box.getAttribute('aria-label'), href: box.getAttribute('href'),
  tab: box.getAttribute('tabindex'), texts: [...box.querySelectorAll('text')].map((text) => text.textContent) }));
"""
LINES = """
return [...document.querySelectorAll('.graph-lines > g')].map((line) => ({
  classes: line.getAttribute('class').split(' '), text: line.querySelector('text').textContent.replaceAll('\\u00a0', ' ') }));
"""


class GraphCase(PageCase):
    window_size = (1280, 1000)

    def answer(self, waits):
        """What the page is told of the host from now on."""
        self.addCleanup(answers.stub(self.browser, {"locks": waits}))

    def open(self, query=PAGE):
        self.browser.open(f"{self.server.base}/{query}")

    def open_page(self, waits):
        self.answer(waits)
        self.open()
        self.until("return document.getElementById('waits-provenance').textContent.includes('Taken')", "an answer")

    def boxes(self):
        return self.browser.run(BOXES)

    def box(self, id):
        return next((box for box in self.boxes() if box["id"] == id), None)

    def lines(self):
        return self.browser.run(LINES)

    def text(self, selector):
        return (self.browser.text(selector) or "").replace("\xa0", " ")

    def until_text(self, selector, text, seconds=20):
        return self.until(lambda: text in self.text(selector), f"{text!r} in {selector}", seconds)

    def rows(self):
        return self.browser.run(
            "return [...document.querySelectorAll('#waits-rows tr')].map((row) => [...row.cells].map((cell) => cell.textContent.trim().replaceAll('\\u00a0', ' ')))")

    def verdicts(self):
        return self.browser.run(
            "return [...document.querySelectorAll('#verdicts-list > li')].map((item) => ({ severity: item.dataset.severity,"
            " label: item.querySelector('.badge').textContent, text: item.textContent.replaceAll('\\u00a0', ' '),"
            " links: [...item.querySelectorAll('a')].map((a) => [a.textContent, a.getAttribute('href')]) }))")

    def press(self, id):
        self.browser.run("document.querySelector(`[data-id=\"${arguments[0]}\"]`).dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }))", id)

    def route(self):
        return self.browser.run("return Object.fromEntries(new URLSearchParams(location.search))")

    def asked(self):
        """When the page asked who waits, in milliseconds."""
        return self.browser.run("return stub.asked")


class Drawing(GraphCase):
    def test_that_nobody_waits_is_said_in_words(self):
        self.open_page(answers.Waits().answer)
        self.assertEqual(self.text("#graph-empty"), "Nobody waits for anything in shared memory.")
        self.assertIn("Nothing is wrong", self.text("#verdicts-none"))
        self.assertEqual(self.boxes(), [])
        self.assertEqual(self.text("#waits .empty"), "Nobody waits.")

    def test_what_is_not_seen_is_not_said_not_to_be(self):
        waits = answers.Waits()
        waits.hide("threads of other users", 12, "CAP_SYS_PTRACE")
        self.open_page(waits.answer)
        self.assertEqual(self.text("#graph-empty"), "Nobody that can be seen waits for anything in shared memory.")
        self.assertIn("Not seen: 12 × threads of other users", self.text("#waits-hidden"))

    def test_a_circle_is_red_and_apart_and_its_victims_are_behind_it(self):
        self.open_page(answers.mixed())
        red = [line for line in self.lines() if "circle" in line["classes"]]
        self.assertEqual(len(red), 4 + 6)
        self.assertIn("error", self.box("thread:4711:4711")["classes"])
        self.assertNotIn("error", self.box("thread:4730:4730")["classes"])
        titles = self.browser.run("return [...document.querySelectorAll('.graph-frame-title')].map((title) => title.textContent)")
        self.assertEqual(titles[:1], ["Deadlock of 2 threads; 3 wait behind"])
        stroke = "return getComputedStyle(document.querySelector('.graph-line.circle path')).stroke"
        error = "const probe = document.createElement('i'); probe.style.color = 'var(--error)'; document.body.append(probe); const c = getComputedStyle(probe).color; probe.remove(); return c"
        self.assertEqual(self.browser.run(stroke), self.browser.run(error))

    def test_verdicts_are_in_words_with_what_would_help_the_worst_first(self):
        self.open_page(answers.mixed())
        found = self.verdicts()
        self.assertEqual([one["label"] for one in found], ["deadlock", "deadlock", "owner is stopped", "owner is gone", "phantom readers", "ambiguous"])
        self.assertIn("2 threads wait for one another", found[0]["text"])
        self.assertIn("End process 4711.", found[0]["text"])
        self.assertIn(["ring (4711)", "?process=4711"], found[0]["links"])
        self.assertIn(["mutex at 0x40 of ring-a", "?segment=posix%3Aring-a&at=64&to=104"], found[0]["links"])
        self.assertIn("3 wait behind", found[0]["text"])
        self.assertIn("Readers have no names", found[4]["text"])
        self.assertEqual(found[5]["severity"], "warning")

    def test_what_is_unknown_stays_unknown(self):
        self.open_page(answers.mixed())
        # A semaphore has no owner, and a reader no name: no arrow leads away from them. Those who may have a lock are not said to.
        for id in ("lock:posix:jobs:64", "lock:posix:tree:512"):
            self.assertIsNotNone(self.box(id), id)
            model = self.browser.run_async(
                "const [id, done] = arguments; import('./js/views/graph/drawing.js').then(({ model }) => done(model().layout.lines.filter((line) => line.from.id === id).length))", id)
            self.assertEqual(model, 0, id)
        self.assertEqual([line["classes"] for line in self.lines() if line["text"] == "may have it"], [["graph-line", "plain", "dashed", "holds"]] * 2)
        self.assertEqual(self.box("lock:posix:guess:64")["texts"][2], "held by one of 2")
        rows = {row[0].split(" ")[0]: row for row in self.rows()}
        self.assertEqual(rows["three"][2:4], ["unknown", "one of: one (9001), two (9002)"])
        self.assertEqual(rows["three"][4], "perhaps one (9001), sleeping")
        self.assertEqual(rows["consumer"][3:5], ["nobody: a semaphore has no owner", "nothing else"])
        self.assertIn("timed", rows["consumer"][2])

    def test_names_of_others_do_not_turn_the_direction(self):
        self.open_page(answers.mixed())
        self.assertIn("⟨U+202E⟩", self.box("thread:9300:9300")["texts"][0])

    def test_nothing_jumps_as_answers_come(self):
        self.answer(answers.mixed())
        for width in (1280, 360):
            self.browser.size(width, 900)
            self.open()
            self.browser.run(
                "window.shifts = []; new PerformanceObserver((list) => { for (const e of list.getEntries())"
                " window.shifts.push({ value: e.value, at: e.sources.map((s) => s.node?.id || s.node?.className || s.node?.nodeName) }) })"
                ".observe({ type: 'layout-shift', buffered: true })")
            self.until(lambda: len(self.asked()) > 2 and self.boxes(), "some answers")
            shifts = self.browser.run("return window.shifts")
            self.assertLess(sum(shift["value"] for shift in shifts), 0.02, f"{width} px: {shifts}")
        self.browser.size(*self.window_size)

    def test_the_figures_of_the_answer(self):
        self.open_page(answers.mixed())
        facts = self.browser.run("return Object.fromEntries([...document.querySelectorAll('#waits-summary > div')].map((one) => [...one.children].map((part) => part.textContent.trim())))")
        self.assertEqual([facts[name] for name in ("Waiting", "Moving")], [str(answers.mixed()["waitingCount"]), "1"])
        self.assertEqual(facts["Deadlocks"], "2 5 threads")
        self.assertRegex(facts["Age"], r"^\d")


class Many(GraphCase):
    def test_three_hundred_that_wait_for_one_lock_are_grouped_and_listed(self):
        self.open_page(answers.crowd(300))
        boxes = self.boxes()
        self.assertEqual(len([box for box in boxes if "thread" in box["classes"]]), 13)
        [more] = [box for box in boxes if "more" in box["classes"]]
        self.assertEqual(more["texts"], ["and 288 more"])
        self.assertIn("Not drawn: 288 threads. The table", self.text("#graph-note"))
        self.assertEqual(len(self.rows()), 100)
        self.press(more["id"])
        self.until("return document.activeElement.id === 'waits-title'", "the table")
        self.assertEqual(self.route(), {"view": "locks", "node": "lock:posix:queue:128"})
        self.until_text("#waits-only", "Only those who wait behind the mutex “queue” at 0x80 of queue.")
        self.assertEqual(self.text("#waits-count"), "100 of 300 waits")
        for shown in (200, 300):
            self.browser.click("#waits-more")
            self.until(lambda shown=shown: len(self.rows()) == shown, f"{shown} rows")
        self.assertTrue(self.browser.run("return document.getElementById('waits-more').hidden"))

    def test_only_those_behind_something_are_listed_where_that_is_asked(self):
        self.answer(answers.mixed())
        self.open(f"{PAGE}&node=lock:posix:ring-a:64")
        self.until(lambda: len(self.rows()) == 5, "the circle and its three victims")
        self.open(f"{PAGE}&node=thread:4730:4730")
        self.until(lambda: [row[0].split(" ")[:2] for row in self.rows()] == [["victim", "(4732)"]], "the one behind")
        self.browser.run("document.querySelector('#waits-only a').click()")
        self.until(lambda: len(self.rows()) > 20, "all")
        self.open(f"{PAGE}&node=thread:1:1")
        self.until_text("#waits .empty", "Nobody waits behind that any more.")

    def test_ten_thousand_nodes_stay_usable(self):
        self.open_page(answers.many(10000))
        self.assertLessEqual(len(self.boxes()), 300)
        self.assertIn("Not drawn: 4,850 threads and 4,850 locks, among them 4,850 whole chains.", self.text("#graph-note"))
        self.assertIn("5,000 in all", self.text("#graph-note"))
        self.assertLess(self.browser.run("return document.querySelectorAll('#view-locks *').length"), 6000)
        self.assertEqual(self.browser.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth"), False)


class Time(GraphCase):
    def one(self, milliseconds=1000):
        waits = answers.Waits()
        lock = waits.lock("posix:a", 64)
        waits.waits(waits.thread(4711), lock, milliseconds)
        return waits.answer

    def test_time_waited_grows_between_answers(self):
        self.open_page(self.one())
        seen = set()
        self.until(lambda: seen.add(self.lines()[0]["text"]) or len(seen) > 1, "another time")
        self.assertTrue(all(re.fullmatch(r"≥ 1\.\d s", text) for text in seen), seen)
        self.until(lambda: self.rows()[0][2] != "≥ 1.0 s", "the table's as well")

    def test_it_is_asked_for_once_a_second_and_not_while_paused(self):
        self.open_page(self.one())
        self.until(lambda: len(self.asked()) > 3, "some answers")
        times = self.asked()
        self.assertGreaterEqual(min(b - a for a, b in zip(times, times[1:])), 900)
        self.browser.click("#pause")
        self.until("return document.getElementById('live').dataset.state === 'paused'", "paused")
        before, shown = len(self.asked()), self.lines()[0]["text"]
        begun = self.browser.run("return performance.now()")
        self.until(f"return performance.now() - {begun} > 2500", "some time")
        self.assertEqual((len(self.asked()), self.lines()[0]["text"]), (before, shown))
        self.browser.click("#pause")
        self.until(lambda: len(self.asked()) > before, "it goes on")

    def test_what_nobody_has_seen_yet_is_asked_for_while_paused(self):
        self.answer(self.one())
        self.open("")
        self.until("return document.getElementById('live-text').textContent === 'live'", "live")
        self.browser.click("#pause")
        self.browser.run("stub.asked.length = 0; document.getElementById('to-locks').click()")
        self.until(lambda: self.boxes(), "a drawing")

    def test_an_answer_that_does_not_come_is_told(self):
        self.open_page(self.one())
        self.browser.run("stub.kept = stub.answers.locks; stub.status = 503; stub.answers.locks = { title: 'Busy' }")
        self.until_text("#problems", "api/v1/locks: 503 Busy")
        self.assertEqual(len(self.boxes()), 2, "what was known stays")
        self.browser.run("stub.status = 200; stub.answers.locks = stub.kept")
        self.until("return document.getElementById('problems').textContent === ''", "it is well again", 30)


class Leading(GraphCase):
    def setUp(self):
        super().setUp()
        self.name = unique("graph")
        self.addCleanup(remove, self.name)
        with open(f"/dev/shm/{self.name}", "wb") as file:
            file.write(bytes(8192))

    def waits(self):
        waits = answers.Waits()
        lock = waits.lock(quoted(self.name), 4160)
        waits.waits(waits.thread(os.getpid(), command="waiter"), lock, 1000)
        waits.holds(waits.thread(self.server.process.pid, command="holder"), lock)
        return waits.answer

    def test_a_lock_leads_to_its_bytes_and_back(self):
        self.open_page(self.waits())
        self.press(f"lock:{quoted(self.name)}:4160")
        self.until(lambda: self.browser.text("#segment-title") == self.name, "the object")
        self.assertEqual({key: self.route()[key] for key in ("at", "to")}, {"at": "4160", "to": "4200"})
        self.until("return document.querySelectorAll('.hex-sheet .selected').length > 0", "the bytes are selected")
        self.browser.back()
        self.until("return !document.getElementById('view-locks').hidden", "back")
        self.until(lambda: self.boxes(), "the drawing again")

    def test_a_thread_leads_to_its_process(self):
        self.open_page(self.waits())
        pid = self.server.process.pid
        self.press(f"thread:{pid}:{pid}")
        self.until(lambda: f"({pid})" in self.browser.text("#process-title"), "the process")

    def test_all_works_with_the_keyboard(self):
        self.open_page(self.waits())
        tabs = [box["id"] for box in self.boxes() if box["tab"] == "0"]
        self.assertEqual(len(tabs), 1, "one stop for the whole drawing")
        self.browser.run("document.querySelector('.graph-boxes [tabindex=\"0\"]').focus()")
        focused = "return document.activeElement.dataset.id ?? ''"
        self.browser.keys(HOME)
        holder = f"thread:{self.server.process.pid}:{self.server.process.pid}"
        self.assertEqual(self.browser.run(focused), holder)
        self.browser.keys(LEFT)
        self.assertEqual(self.browser.run(focused), f"lock:{quoted(self.name)}:4160")
        self.assertIn("1 thread waits for it", self.text("#graph-status"))
        self.browser.keys(LEFT)
        self.assertEqual(self.browser.run(focused), f"thread:{os.getpid()}:{os.getpid()}")
        # A new answer leaves the focus where it is.
        before = len(self.asked())
        self.until(lambda: len(self.asked()) > before + 1, "another answer")
        self.assertEqual(self.browser.run(focused), f"thread:{os.getpid()}:{os.getpid()}")
        self.browser.keys(RIGHT)
        self.browser.keys(ENTER)
        self.until(lambda: self.browser.text("#segment-title") == self.name, "the object")
        self.browser.run("document.activeElement.blur()")
        self.browser.keys("g", "l")
        self.until("return !document.getElementById('view-locks').hidden", "the locks by a key")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "locks-title")
        self.browser.keys("g", "o")
        self.until("return !document.getElementById('view-overview').hidden", "the overview by a key")


class Overview(GraphCase):
    def test_a_deadlock_alarms_at_the_top_and_leads_to_the_locks(self):
        self.answer(answers.mixed())
        self.open("")
        self.until_text("#attention-list", "2 threads wait for one another")
        lines = self.browser.run("return [...document.querySelectorAll('#attention-list li')].map((li) => [li.dataset.severity, li.children[0].textContent, li.children[1].textContent])")
        self.assertEqual([line[:2] for line in lines[:5]], [["error", "deadlock"]] * 2 + [["error", "owner is stopped"], ["error", "owner is gone"], ["error", "phantom readers"]])
        self.assertIn("3 threads wait behind. End process 4711.", lines[0][2])
        self.browser.run("document.querySelector('#attention-list a').click()")
        self.until("return !document.getElementById('view-locks').hidden", "the locks")
        self.assertEqual(self.browser.run("return document.getElementById('to-locks').getAttribute('aria-current')"), "page")

    def test_a_deadlock_that_comes_later_is_said(self):
        self.answer(answers.Waits().answer)
        self.open("")
        self.until(lambda: self.asked(), "an answer")
        self.until("return !document.getElementById('attention-list').hidden || document.getElementById('attention-none').textContent.startsWith('Nothing')", "all was looked at")
        self.browser.run("stub.answers.locks = arguments[0]", answers.mixed())
        self.until_text("#said", "2 threads wait for one another")

    def test_it_asks_politely(self):
        self.answer(answers.Waits().answer)
        self.open("")
        self.until(lambda: len(self.asked()) > 2, "some answers", 30)
        times = self.asked()
        self.assertGreaterEqual(min(b - a for a, b in zip(times, times[1:])), 2900)


class Real(GraphCase):
    """Processes that really wait for one another."""

    def setUp(self):
        super().setUp()
        self.name = unique("ring")
        self.path = f"/dev/shm/{self.name}"
        self.addCleanup(remove, self.name)
        with open(self.path, "wb") as file:
            file.write(bytes(8192))
        self.id = quoted(self.name)

    def mine(self):
        return [one for one in self.verdicts() if self.name in one["text"]]

    def test_a_circle_of_processes_comes_with_its_victim_and_goes(self):
        ring = holders.ring(self, self.path, 3)
        victim = holders.Holder(self, f"map m {self.path} 4096 4096", "mutex m+4096", "lock m+4096")
        victim.tell(f"map r {self.path} 0 4096")
        victim.begin("lock r+64")
        self.open()
        self.until(lambda: self.mine(), "the deadlock")
        [found] = self.mine()
        self.assertEqual((found["label"], found["severity"]), ("deadlock", "error"))
        for holder in ring:
            self.assertIn(f"hold ({holder.pid})", found["text"])
        self.until(lambda: f"hold ({victim.pid})" in self.mine()[0]["text"], "its victim")
        # Each step of the circle, and who waits outside of it.
        self.assertEqual(len([line for line in self.lines() if "circle" in line["classes"]]), 6)
        self.assertIsNone(next((box for box in self.boxes() if box["id"] == f"thread:{victim.pid}:{victim.pid}" and "error" in box["classes"]), None))
        self.until(lambda: any(re.fullmatch(r"≥ \d+(\.\d)? s", line["text"]) for line in self.lines()), "time waited")
        self.press(f"lock:{self.id}:64")
        self.until(lambda: self.browser.text("#segment-title") == self.name, "the object")
        self.assertEqual(self.route()["at"], "64")
        self.browser.run("document.getElementById('tab-locks-button').click()")
        self.until_text("#tab-locks .alarm", "A deadlock")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#tab-locks .alarm').length"), 1, "a circle is one alarm")
        self.browser.back()
        self.until(lambda: self.mine(), "the deadlock again")
        ring[0].end()
        self.until(lambda: not any(one["label"] == "deadlock" for one in self.mine()), "it is over", 30)

    def test_a_stopped_holder_and_the_locks_of_an_object_that_no_shmlens_made(self):
        holder = holders.Holder(self, f"map m {self.path} 0 4096", "mutex m+64 robust", "lock m+64", "mutex m+256")
        waiter = holders.Holder(self, f"map m {self.path} 0 4096")
        waiter.begin("lock m+64")
        os.kill(holder.pid, signal.SIGSTOP)
        self.browser.open(f"{self.server.base}/?segment={self.id}&tab=locks")
        self.until_text("#tab-locks .alarm", "The holder is stopped")
        self.assertIn(f"hold ({holder.pid})", self.text("#tab-locks .alarm"))
        self.assertIn(f"hold ({waiter.pid})", self.text("#tab-locks .lock tbody"))
        self.browser.run("[...document.querySelectorAll('#tab-locks button')].find((one) => one.textContent === 'Look for unknown locks').click()")
        self.until_text("#tab-locks .lock-head", "found in the bytes at")
        self.until_text("#tab-locks .locks", "mutex at 0x100")
        os.kill(holder.pid, signal.SIGCONT)
        self.until("return document.querySelectorAll('#tab-locks .alarm').length === 0", "the alarm goes")


class Segment(GraphCase):
    """The tab of a segment's locks, for answers that no object at hand gives."""

    def setUp(self):
        super().setUp()
        self.name = unique("tab")
        self.addCleanup(remove, self.name)
        with open(f"/dev/shm/{self.name}", "wb") as file:
            file.write(bytes(8192))
        self.id = quoted(self.name)

    def open_tab(self, locks, scanned=()):
        def answer(found):
            return {"takenAt": "2026-01-01T12:00:00.000Z", "ageMilliseconds": 0, "hidden": [], "locks": found}
        self.addCleanup(answers.stub(self.browser, {f"segments/{self.id}/locks": answer(locks), f"segments/{self.id}/locks?scan=true": answer([*locks, *scanned])}))
        self.browser.open(f"{self.server.base}/?segment={self.id}&tab=locks")
        self.until("return document.querySelectorAll('#tab-locks .lock').length > 0", "the locks")

    def facts(self, index=0):
        return self.browser.run(
            "return Object.fromEntries([...document.querySelectorAll('#tab-locks .lock')[arguments[0]].querySelectorAll('.facts > div')].map((one) => "
            "[...one.children].map((part) => part.textContent.trim().replaceAll('\\u00a0', ' '))))", index)

    def test_each_key_of_a_lock_is_shown(self):
        one = {"pid": 9001, "tid": 9001, "command": "one", "alive": True, "threadState": "sleeping"}
        self.open_tab([
            {"offset": 64, "type": "mutex", "state": "held", "ownerCandidates": [one, {**one, "pid": 9002, "tid": 9003, "command": "two"}],
             "waiters": [{**one, "pid": 9100, "tid": 9100, "command": "w", "waitingForMilliseconds": 1500, "timed": True}], "mutexType": "normal",
             "robust": False, "processShared": True, "protocol": "inherit", "evidence": ["waiter", "robustList"], "verdict": "ambiguous",
             "message": "Two threads may be its owner", "advice": "look again in a moment", "caveats": ["the word changed"],
             "lastHolders": [{"slot": 1, "generation": 2, "pid": 9001, "name": "first", "sequence": 7, "at": "2026-01-01T11:59:59.000Z"}]},
            {"offset": 128, "type": "semaphore", "state": "empty", "waiters": [], "value": 0, "evidence": ["layout"], "verdict": "ok"},
            {"offset": 192, "type": "futex", "state": "waitedOn", "waiters": [], "value": 48879, "evidence": ["waiter"], "verdict": "ok"},
            {"index": 2, "type": "sysvSemaphore", "state": "available", "waiters": [], "value": 3, "evidence": ["layout"], "verdict": "ok"},
            {"offset": 256, "type": "rwlock", "state": "held", "waiters": [], "value": 2, "evidence": ["waiter"], "verdict": "ok"},
        ])
        facts = self.facts()
        self.assertEqual(facts["Owner"], "one of: one (9001), sleeping; two (9002, thread 9003), sleeping")
        self.assertEqual(facts["Known by"], "a thread waits on it, a thread's own list of what it holds")
        self.assertEqual(facts["Kind"], "normal, not robust, shared by processes, priority inheritance, mutex")
        self.assertIn("Look again in a moment.", self.text("#tab-locks .lock-state"))
        self.assertEqual(self.text("#tab-locks .lock-told"), "Two threads may be its ownerNot sure: the word changed")
        self.assertIn("with a time limit", self.text("#tab-locks .lock tbody"))
        self.assertIn("first (9001)", self.text("#tab-locks .lock"))
        self.assertEqual(self.browser.run("return document.querySelector('#tab-locks .lock tbody a').getAttribute('href')"), "?process=9100")
        self.assertEqual([self.facts(index).get("Owner") for index in (1, 2, 3, 4)], [None, None, None, "2 readers, which the lock does not name"])
        self.assertEqual((self.facts(1)["Value"], self.facts(2)["Word"], self.facts(4)["Readers"]), ("0", "48879 0xbeef", "2"))
        titles = self.browser.run("return [...document.querySelectorAll('#tab-locks .lock h2')].map((title) => title.textContent)")
        self.assertEqual(titles[3], "semaphore 2 of the set")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#tab-locks .lock')[3].querySelectorAll('.card-head button').length"), 0)

    def test_what_a_search_found_stands_beside_the_others_with_its_time(self):
        known = {"offset": 64, "type": "mutex", "state": "free", "waiters": [], "evidence": ["waiter"], "verdict": "ok"}
        self.open_tab([known], [{**known, "offset": 128, "evidence": ["scan"]}])
        self.assertEqual(self.browser.run("return document.querySelectorAll('#tab-locks .lock').length"), 1)
        self.browser.run("[...document.querySelectorAll('#tab-locks button')].find((one) => one.textContent === 'Look for unknown locks').click()")
        self.until("return document.querySelectorAll('#tab-locks .lock').length === 2", "the unknown one")
        self.assertIn("1 lock found in the bytes at 12:00:00.000 UTC", self.text("#tab-locks .lock-head"))
        self.assertIn("and not since", self.facts(1)["Seen"])
        # Later looks do not lose it; another object has none of it.
        asked = len(self.asked())
        self.until(lambda: len(self.asked()) > asked, "another look")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#tab-locks .lock').length"), 2)


if __name__ == "__main__":
    unittest.main()

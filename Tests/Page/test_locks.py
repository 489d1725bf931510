"""The tabs of locks and participants: who holds, who waits, who is stopped or gone."""

import os
import signal
import unittest

from server import remove
from tabs_case import TabsTest


class Locks(TabsTest):
    def test_a_stopped_holder_and_its_waiters_are_called_out(self):
        waiter = self.work("counter", ratePerSecond=20)[0]
        self.until(lambda: self.server.ask("GET", f"segments/{self.id}/participants")["participants"], "it takes part")
        holder = self.work("hold")[0]
        self.open("locks")
        self.until_text("#tab-locks .lock-state", "Held by")
        self.until_text("#tab-locks .lock tbody", str(waiter["pid"]))
        self.assertIn(str(holder["pid"]), self.browser.text("#tab-locks .lock .facts"))
        self.assertEqual(self.browser.run("return document.querySelectorAll('.alarm').length"), 0)
        os.kill(holder["pid"], signal.SIGSTOP)
        self.until_text("#tab-locks .alarm", "The holder is stopped")
        self.assertIn(f"kill -CONT {holder['pid']}", self.browser.text("#tab-locks .alarm"))
        self.assertIn("1 thread waits", self.browser.text("#tab-locks .alarm"))
        os.kill(holder["pid"], signal.SIGCONT)
        self.until("return document.querySelectorAll('.alarm').length === 0", "the alarm goes")

    def test_who_waits_to_join_is_named_and_what_it_leaves_is_counted(self):
        self.work("hold")
        self.open("locks")
        self.until_text("#tab-locks .lock-state", "Held by")
        # It is no participant yet.
        waiter = self.work("counter")[0]
        self.until_text("#tab-locks .lock tbody", f"shmlens-worker ({waiter['pid']})")
        # The lock's word says that somebody waits until it is given back.
        os.kill(waiter["pid"], signal.SIGKILL)
        self.until_text("#tab-locks .lock .facts", "nobody known and 1 that cannot be seen")

    def test_statistics_and_histograms(self):
        self.work("counter", 2, operations=2000)
        self.open("locks")
        self.until_text("#tab-locks .lock .facts", "Owners that died")
        self.until("return document.querySelectorAll('#tab-locks .lock:first-child .spread .fill').length > 1", "bars of times held")
        self.press("Show", "#tab-locks .lock")
        self.until(lambda: self.route().get("at") == "256", "the lock's bytes are selected")

    def test_a_wait_that_has_not_ended_is_no_wait_that_never_was(self):
        waiter = self.work("counter", ratePerSecond=2)[0]
        self.until(lambda: self.server.ask("GET", f"segments/{self.id}/participants")["participants"], "it takes part")
        holder = self.work("hold")[0]
        self.open("locks")
        self.until_text("#tab-locks .lock .spread", "No wait has ended yet; 1 is under way.")
        facts = self.facts()
        self.assertEqual(facts["Waits"], "none has ended yet")
        self.assertRegex(facts["Found held by another"], r"^1 time [0-9.]+ %; 1 of them waits now$")
        self.assertEqual(facts["Taken at once"], facts["Taken"])
        # It wakes now and then, to see whether it is told to end.
        self.until(lambda: self.facts()["Owner"] == f"shmlens-worker ({holder['pid']}) · hold-{holder['pid']} sleeping in futex", "it sleeps with the lock")
        self.assertIn(f"shmlens-worker ({waiter['pid']}) · counter-{waiter['pid']}", self.browser.text("#tab-locks .lock tbody"))

    def test_takes_that_did_not_wait_are_in_no_time_waited(self):
        worker = self.work("counter", operations=2000)[0]
        self.until(lambda: self.server.ask("GET", f"workers/{worker['workerId']}")["state"] == "exited", "the worker is done")
        statistics = self.server.ask("GET", f"segments/{self.id}/locks")["locks"][0]["statistics"]
        self.assertGreater(statistics["waitHistogram"][0]["count"], 0, "some that did not wait were timed")
        self.open("locks")
        self.until_text("#tab-locks .lock .facts", "Taken at once")
        self.assertEqual(self.facts()["Taken at once"], f"{statistics['acquisitions'] - statistics['contended']:,} times")
        if statistics["contended"] == 0:
            self.assertEqual(self.facts()["Waits"], "none")
            self.assertIn("Nobody has waited.", self.browser.text("#tab-locks .lock .spread"))

    def test_a_bar_of_nothing_is_none(self):
        self.open("locks")
        widths = self.browser.run_async(
            "const done = arguments[0]; import('./js/tabs/pieces.js').then(({ barTable }) => {"
            "const bars = barTable({ id: 'trial', caption: 'Trial', labels: ['', '', ''] });"
            "document.getElementById('tab-locks').append(bars.node);"
            "bars.render([0, 1, 1e9].map((value) => ({ key: value, label: { text: '' }, value, text: '' })));"
            "const found = [...bars.node.querySelectorAll('.fill')].map((one) => one.getBoundingClientRect().width);"
            "bars.node.remove(); done(found) })")
        self.assertEqual(widths[0], 0)
        self.assertGreaterEqual(widths[1], 1)
        self.assertGreater(widths[2], 50)

    def facts(self):
        """The first lock's, by their names."""
        return self.browser.run(
            "return Object.fromEntries([...document.querySelectorAll('#tab-locks .lock:first-child .facts > div')].map((one) => "
            "[...one.children].map((part) => part.textContent.trim().replaceAll('\u00a0', ' '))))")


class Participants(TabsTest):
    def test_the_dead_are_called_out_and_reclaimed(self):
        self.work("churn", ratePerSecond=50)
        self.work("crash", operations=20)
        self.open("participants")
        self.until_text("#tab-participants .notice", "1 participant has died")
        rows = self.until_rows("participants", lambda rows: len(rows) == 2, "two participants")
        self.assertEqual(sorted(row[2] for row in rows), ["alive", "gone"])
        self.press("Reclaim", "#tab-participants .notice")
        self.press("Reclaim", "dialog.question")
        self.until_text("#toasts", "slot given back")
        self.until_rows("participants", lambda rows: len(rows) == 1, "one is left")
        self.until("return document.querySelector('#tab-participants .notice').hidden", "nothing is called out")

    def test_a_stopped_holder_is_told_and_who_waits_for_it(self):
        waiter = self.work("counter", ratePerSecond=20)[0]
        self.until(lambda: self.server.ask("GET", f"segments/{self.id}/participants")["participants"], "it takes part")
        holder = self.work("hold")[0]
        self.open("participants")

        def row(pid):
            return next((row for row in self.cells("participants") if row[0].endswith(f"-{pid}")), [""] * 9)
        self.until(lambda: row(holder["pid"])[4].startswith("holds the lock, "), "it holds")
        self.until(lambda: row(waiter["pid"])[4].startswith("waits for the lock, "), "the other waits")
        self.assertEqual(row(holder["pid"])[:3], [f"hold-{holder['pid']}", f"shmlens-worker ({holder['pid']})", "alive"])
        os.kill(holder["pid"], signal.SIGSTOP)
        self.until(lambda: row(holder["pid"])[2] == "alive stopped", "it is stopped")
        self.assertTrue(row(holder["pid"])[4].endswith("1 waits"), row(holder["pid"]))
        self.assertEqual(self.browser.run("return document.querySelector('#participants-rows .badge[data-tone=error]').textContent"), "ownerStopped")
        self.assertIn("ownerStopped", row(waiter["pid"])[4])
        self.assertEqual(row(waiter["pid"])[1:3], [f"shmlens-worker ({waiter['pid']})", "alive"])
        tone = "return [...document.querySelectorAll('#participants-rows .badge')].find((one) => one.textContent === 'stopped').dataset.tone"
        self.assertEqual(self.browser.run(tone), "error")
        # What it is called stays when no lock tells of it any more.
        os.kill(holder["pid"], signal.SIGCONT)
        self.server.ask("DELETE", f"workers/{holder['workerId']}")
        self.until(lambda: row(waiter["pid"])[4] == "–", "nobody waits")
        self.assertEqual(row(waiter["pid"])[1], f"shmlens-worker ({waiter['pid']})")

    def test_leads_to_the_blocks_and_events_of_one(self):
        churn, counter = self.work("churn", ratePerSecond=50)[0], self.work("counter", ratePerSecond=50)[0]
        self.open("participants")
        self.until_rows("participants", lambda rows: len(rows) == 2, "two participants")
        self.press("Process", "#tab-participants thead")
        pid = lambda row: int(row[0].rsplit("-", 1)[1])
        self.until_rows("participants", lambda rows: pid(rows[0]) < pid(rows[1]), "in the order of their processes")
        self.browser.run(
            "[...document.querySelectorAll('#participants-rows tr')].find((row) => row.textContent.includes('counter'))"
            ".querySelector('[data-action=Events]').click()")
        rows = self.until_rows("events", lambda rows: len(rows) > 3, "its events")
        self.assertEqual({row[3] for row in rows}, {f"counter-{counter['pid']} ({counter['pid']})"})
        self.browser.back()
        self.until("return !document.getElementById('tab-participants').hidden", "back")
        self.browser.run(
            "[...document.querySelectorAll('#participants-rows tr')].find((row) => row.textContent.includes('churn'))"
            ".querySelector('button.link').click()")
        self.until("return !document.getElementById('tab-heap').hidden", "the heap")
        self.assertEqual(self.route()["owner"], str(churn["pid"]))
        self.until_rows("blocks", lambda rows: rows and all(row[4].startswith(f"churn-{churn['pid']}") for row in rows), "its blocks")


if __name__ == "__main__":
    unittest.main()

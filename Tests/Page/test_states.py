"""What a page says where there is nothing to see, or no right to, and where a link or a key leads."""

import os
import signal
import subprocess
import unittest

from browser import Browser
from page_case import PageCase
from program import PROGRAM, PUBLIC
from server import Server, quoted, remove, unique

NOBODY = 65534
TABS_TOP = "return document.getElementById('tabs').getBoundingClientRect().top"


def can_run_as_nobody():
    """Whether this is root, and the program and the page lie where another account can reach them."""
    command = ["setpriv", f"--reuid={NOBODY}", "--clear-groups", "--"]
    reaches = [[PROGRAM, "--version"], ["cat", os.path.join(PUBLIC, "index.html")]]
    return os.geteuid() == 0 and all(subprocess.run(command + one, capture_output=True).returncode == 0 for one in reaches)


class Unreadable(unittest.TestCase):
    @unittest.skipUnless(can_run_as_nobody(), "a server cannot be run as somebody else here")
    def test_an_object_that_one_may_not_read_says_so_and_shows_what_is_known(self):
        name = unique("secret")
        path = f"/dev/shm/{name}"
        self.addCleanup(remove, name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
            file.write(b"x" * 20480)
        with Server(PROGRAM, PUBLIC, uid=NOBODY) as server, Browser(1280, 900) as browser:
            browser.open(f"{server.base}/?segment={quoted(name)}")
            browser.until("return document.getElementById('live-text').textContent === 'live'", "the page is live")
            facts = browser.text("#segment-facts")
            self.assertIn("20 KiB", facts.replace("\xa0", " "))
            # Each part asks by itself, and says so when it is answered.
            for part in ("#map", "#hex"):
                browser.until(lambda part=part: "CAP_DAC_READ_SEARCH" in browser.text(part), f"{part} says what is missing")
            self.assertNotIn("Waiting for the object", browser.run("return document.body.innerText"))


class Gone(PageCase):
    def is_expected(self, message):
        return " 404 " in message

    def test_what_was_never_there_is_not_waited_for(self):
        name = unique("never")
        self.browser.open(f"{self.server.base}/?segment={quoted(name)}")
        self.browser.until("return document.getElementById('live').dataset.state === 'gone'", "the bar says so")
        self.assertEqual(self.browser.text("#live-text"), "gone")
        self.assertIn("there is no shared memory", self.browser.text("#problems"))
        self.assertNotIn("aiting for", self.browser.run("return document.body.innerText"))
        # Its program is started: the page sees that without a hand.
        self.addCleanup(remove, name)
        with open(f"/dev/shm/{name}", "wb") as file:
            file.write(b"x" * 8192)
        self.browser.until("return document.getElementById('live-text').textContent === 'live'", "it is followed", 40)
        self.assertIn("8 KiB", self.browser.text("#segment-facts").replace("\xa0", " "))


class Leading(PageCase):
    def setUp(self):
        super().setUp()
        self.browser.size(1280, 900)
        self.name = unique("leading")
        self.addCleanup(remove, self.name)
        self.id = self.server.ask("POST", "segments", {"name": self.name, "capacityBytes": "256KiB"})["id"]

    def test_a_link_to_a_tab_brings_it_into_sight(self):
        self.browser.open(f"{self.server.base}/?segment={self.id}&tab=locks")
        self.browser.until(lambda: 0 <= self.browser.run(TABS_TOP) < 200, "the tabs are below the bar")

    def test_a_key_brings_its_tab_into_sight_and_a_pointer_moves_nothing(self):
        self.browser.open(f"{self.server.base}/?segment={self.id}")
        self.browser.until("return document.getElementById('live-text').textContent === 'live'", "the page is live")
        self.assertGreater(self.browser.run(TABS_TOP), 540)
        self.browser.keys("3")
        # As far up as the page is long.
        self.browser.until(lambda: self.browser.run(TABS_TOP) < 540, "the tab is in sight")
        self.assertFalse(self.browser.run("return document.getElementById('tab-participants').hidden"))
        self.browser.run("scrollTo(0, document.getElementById('tabs').getBoundingClientRect().top + scrollY - innerHeight + 100)")
        before = self.browser.run(TABS_TOP)
        self.browser.click("#tab-events-button")
        self.browser.until("return !document.getElementById('tab-events').hidden", "the events")
        self.assertEqual(self.browser.run(TABS_TOP), before)

    def test_a_finding_names_the_holder_and_leads_to_its_lock(self):
        worker = self.server.ask("POST", "workers", {"segment": self.id, "workload": "hold"})["workers"][0]
        self.browser.until(lambda: self.server.ask("GET", f"segments/{self.id}/locks")["locks"][0]["state"] == "held", "it is held")
        os.kill(worker["pid"], signal.SIGSTOP)
        self.addCleanup(os.kill, worker["pid"], signal.SIGCONT)
        self.browser.open(f"{self.server.base}/?segment={self.id}")
        self.browser.until(lambda: "which is stopped" in (self.browser.text("#segment-findings") or ""), "the finding")
        self.assertIn(f"({worker['pid']})", self.browser.text("#segment-findings"))
        self.assertEqual(self.browser.run("return document.querySelector('#segment-findings li').dataset.severity"), "error")
        self.assertTrue(self.browser.text("#segment-facts").replace("\xa0", " ").count(f"held by {worker['pid']}"))
        self.browser.run("document.querySelector('#segment-findings a').click()")
        self.browser.until("return !document.getElementById('tab-locks').hidden", "the locks")
        self.browser.until(lambda: 0 <= self.browser.run(TABS_TOP) < 200, "they are in sight")


if __name__ == "__main__":
    unittest.main()

"""What the page knows and when: pausing, looking back, a server that falls silent, and the keys that work everywhere."""

import os
import signal
import unittest

from page_case import PageCase
from server import quoted, remove, unique

LEFT, RIGHT, PAGE_UP, PAGE_DOWN, HOME, END = "\ue012", "\ue014", "\ue00e", "\ue00f", "\ue011", "\ue010"


class CoreTest(PageCase):
    """Each test has a segment of its own."""

    def setUp(self):
        super().setUp()
        self.name = unique("core")
        self.id = quoted(self.name)
        self.addCleanup(remove, self.name)
        self.create()

    # Steps

    def create(self):
        self.server.ask("POST", "segments", {"name": self.name, "capacityBytes": "1MiB"})

    def allocate(self, tag, count=1):
        return self.server.ask("POST", f"segments/{self.id}/blocks", {"sizeBytes": 64, "tag": tag, "count": count})

    def open(self, tab="events"):
        self.browser.open(f"{self.server.base}/?segment={self.id}&tab={tab}")
        self.until_live("live")

    def until_live(self, words, seconds=20):
        self.browser.until(f"return document.getElementById('live-text').textContent.startsWith({words!r})", words, seconds)

    def live(self):
        return self.browser.text("#live-text")

    def events(self):
        """The sequences in the table, the newest first."""
        return self.browser.run("return [...document.querySelectorAll('#events-rows tr')].map((row) => parseInt(row.cells[0].textContent))")

    def tags(self):
        return self.browser.run("return [...document.querySelectorAll('#events-rows tr')].map((row) => row.cells[4].textContent.trim())")

    def until_tags(self, tags):
        self.until(lambda: self.tags() == tags, f"the events of {tags}")

    def focus(self, selector):
        self.browser.run("document.querySelector(arguments[0]).focus()", selector)

    def until_past(self, seconds=3):
        self.until(f"const s = document.getElementById('scrub'); return !s.disabled && s.max - s.min >= {seconds * 1000}", "there is a past", seconds + 20)


class Pausing(CoreTest):
    def test_events_of_a_pause_are_listed_after_it(self):
        self.allocate("before")
        self.open()
        self.until_tags(["before"])
        self.browser.click("#pause")
        self.until_live("paused")
        for tag in ("one", "two", "three"):
            self.allocate(tag)
        self.assertEqual(self.tags(), ["before"])
        self.browser.click("#pause")
        self.until_tags(["three", "two", "one", "before"])
        self.assertEqual(self.events(), [4, 3, 2, 1])
        self.assertNotIn("unseen", self.browser.text("#tab-events"))

    def test_another_object_is_shown_though_paused(self):
        self.allocate("here")
        self.open("heap")
        self.browser.click("#pause")
        self.until_live("paused")
        self.browser.click(".brand")
        # Whatever else there is on this host.
        self.browser.type("#segments-filters [name=q]", self.name)
        link = f"#segments-rows a[href*='{self.name}']"
        self.until(f"return document.querySelector(\"{link}\") !== null", "the list")
        self.until("return document.getElementById('totals').textContent.trim() !== ''", "the totals")
        self.browser.run("document.querySelector(arguments[0]).click()", link)
        self.until("return document.getElementById('segment-facts').textContent.includes('Participants')", "the object")
        self.until("return document.querySelectorAll('#blocks-rows tr').length > 0", "its blocks")
        self.browser.click("#tab-events-button")
        self.until_tags(["here"])
        # One look is all: what happens then is not shown.
        self.assertTrue(self.live().startswith("paused"), self.live())
        used = "return document.getElementById('segment-facts').textContent"
        before = self.browser.run(used)
        self.allocate("later", 20)
        self.until("return Number(/(\\d+) s old/.exec(document.getElementById('live-text').textContent)?.[1]) >= 2", "the picture grows old")
        self.assertEqual(self.browser.run(used), before)

    def test_a_segment_made_anew_has_its_own_events(self):
        self.allocate("old", 30)
        self.open()
        self.until(lambda: len(self.events()) == 30, "the old one's events")
        self.browser.click("#pause")
        self.until_live("paused")
        remove(self.name)
        self.create()
        self.allocate("new")
        self.browser.click("#pause")
        self.until_tags(["new"])
        self.assertEqual(self.events(), [1])
        self.allocate("newer", 40)
        self.until(lambda: self.events()[0] == 41, "it goes on from there")


class Silence(CoreTest):
    def test_says_what_is_done_about_a_server_that_is_silent(self):
        self.open("heap")
        self.until_past()
        self.focus("#scrub")
        self.browser.keys(LEFT)
        self.until_live("looking back")
        os.kill(self.server.process.pid, signal.SIGSTOP)
        try:
            # The connection stands: nobody tries anything yet.
            self.until_live("looking back, stale")
            self.assertNotIn("trying", self.live())
            self.browser.until("return document.getElementById('live-text').textContent.endsWith('trying again')", "a new connection", 30)
            self.assertGreaterEqual(int(self.live().split(", ")[2].split()[0]), 10)
            self.browser.click("#scrub-now")
            self.until_live("stale")
        finally:
            os.kill(self.server.process.pid, signal.SIGCONT)
        self.until_live("live")
        self.allocate("again")
        self.until("return document.querySelectorAll('#blocks-rows tr').length > 1", "it goes on")


class Time(CoreTest):
    def test_ages_grow_though_nothing_happens(self):
        self.allocate("still")
        self.open("heap")
        age = "return document.querySelector('#blocks-rows tr:nth-child(1)').cells[6].textContent"
        self.until("return document.querySelectorAll('#blocks-rows tr').length === 2", "the blocks")
        before = self.browser.run(age)
        self.until(f"return ({{ run() {{ {age} }} }}).run() !== {before!r}", "it grows older")

    def test_the_scrubber_goes_by_seconds(self):
        self.open("heap")
        self.until_past(4)
        value = "return Number(document.getElementById('scrub').value)"
        self.focus("#scrub")
        self.browser.keys(LEFT)
        self.until_live("looking back")
        first = self.browser.run(value)
        self.assertRegex(self.browser.text("#scrub-at"), r"^[0-3] s ago")
        self.browser.keys(LEFT)
        self.assertEqual(self.browser.run(value), first - 1000)
        self.browser.keys(RIGHT)
        self.assertEqual(self.browser.run(value), first)
        self.browser.keys(END)
        self.until_live("live")
        self.assertEqual(self.browser.text("#scrub-at"), "now")
        self.until_past(12)
        self.browser.keys(PAGE_DOWN)
        self.until("return /^1[01] s ago/.test(document.getElementById('scrub-at').textContent)", "ten seconds ago")
        self.browser.keys(RIGHT, PAGE_UP)
        self.until_live("live")
        self.browser.keys(HOME)
        self.until_live("looking back")
        self.browser.keys(END, LEFT, RIGHT, RIGHT, RIGHT)
        self.until_live("live")


class Keys(CoreTest):
    def test_space_and_go_to_the_overview_work_in_the_map_and_the_bytes(self):
        self.allocate("one")
        self.open("heap")
        for selector in ("#map canvas", "#hex [role=grid]", "#segment-title"):
            with self.subTest(selector=selector):
                self.until(f"return document.querySelector('{selector}') !== null", selector)
                self.focus(selector)
                self.browser.keys(" ")
                self.until_live("paused")
                self.browser.keys(" ")
                self.until_live("live")
        # What Space presses there is pressed once.
        self.focus("#pause")
        self.browser.keys(" ")
        self.until_live("paused")
        self.browser.keys(" ")
        self.until_live("live")
        self.focus("#hex [role=grid]")
        self.browser.keys("g", "o")
        self.assertFalse(self.browser.run("return document.getElementById('view-segment').hidden"), "g is for an offset")
        self.focus("#map canvas")
        self.browser.keys("g", "o")
        self.until("return !document.getElementById('view-overview').hidden", "the overview")


if __name__ == "__main__":
    unittest.main()

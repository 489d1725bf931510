"""Who maps an object, and what a process has: in a browser, beside processes of the test's own."""

import ctypes
import mmap
import os
import signal
import time
import unittest

from page_case import PageCase
from server import quoted, remove, unique

PAGE = mmap.PAGESIZE
PARENT_DEATH = 1


def mapper(path, size, written):
    """A process that maps a file, writes some of its pages and waits to be ended."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        with os.fdopen(reader, "rb") as pipe:
            if pipe.read(1) != b"!":
                raise RuntimeError("the process that maps did not begin")
        return pid
    try:
        ctypes.CDLL(None).prctl(PARENT_DEATH, signal.SIGKILL)
        descriptor = os.open(path, os.O_RDWR)
        memory = mmap.mmap(descriptor, size)
        os.close(descriptor)
        for page in written:
            memory[page * PAGE:page * PAGE + 8] = b"written!"
        os.write(writer, b"!")
        while True:
            time.sleep(60)
    finally:
        os._exit(1)


class Processes(PageCase):
    def setUp(self):
        super().setUp()
        self.name = unique("mapped")
        self.addCleanup(remove, self.name)
        path = f"/dev/shm/{self.name}"
        with open(path, "wb") as file:
            file.truncate(16 * PAGE)
        self.pids = [mapper(path, 16 * PAGE, [2]), mapper(path, 16 * PAGE, [9, 10])]
        for pid in self.pids:
            self.addCleanup(self.end, pid)

    def end(self, pid):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def open(self, query):
        self.browser.open(f"{self.server.base}/?{query}")

    def rows(self, body):
        return self.browser.run(
            "return [...document.querySelectorAll(`#${arguments[0]} tr`)].map((row) => "
            "[...row.cells].map((cell) => cell.textContent.trim().replaceAll('\\u00a0', ' ')))", body)

    def test_each_mapping_names_its_process_and_what_it_has_mapped_in(self):
        self.open(f"segment={quoted(self.name)}&tab=mappings")
        self.until(lambda: len(self.rows("mappings-rows")) == 2, "two mappings")
        rows = sorted(self.rows("mappings-rows"), key=lambda row: self.pids.index(int(row[0].split("(")[1].rstrip(")"))))
        self.assertEqual([row[4] for row in rows], ["rw-s", "rw-s"])
        self.assertEqual([row[3] for row in rows], ["64 KiB from 0x0"] * 2)
        self.assertEqual([row[7] for row in rows], ["4 KiB", "8 KiB"])

    def test_a_process_has_a_page_of_its_own_and_leads_back(self):
        self.open(f"segment={quoted(self.name)}&tab=mappings")
        self.until(lambda: len(self.rows("mappings-rows")) == 2, "two mappings")
        self.browser.run(
            "[...document.querySelectorAll('#mappings-rows tr')].find((row) => row.textContent.includes(arguments[0]))"
            ".querySelectorAll('button').forEach((button) => { if (button.textContent === 'Process') button.click(); })", f"({self.pids[0]})")
        self.until(lambda: f"({self.pids[0]})" in self.browser.text("#process-title"), "the process")
        self.until(lambda: self.rows("process-mappings"), "its mappings")
        self.assertIn(f"process={self.pids[0]}", self.browser.url())
        self.assertIn(self.name, " ".join(self.rows("process-mappings")[0]))
        self.browser.run("document.querySelector('#process-mappings a').click()")
        self.until(lambda: self.browser.text("#segment-title") == self.name, "the object again")
        self.browser.back()
        self.until(lambda: f"({self.pids[0]})" in self.browser.text("#process-title"), "the way back")

    def test_a_process_that_is_not_there_is_told(self):
        self.is_expected = lambda message: " 404 " in message
        self.open("process=4194304000")
        self.until(lambda: self.browser.text("#process-words") not in ("", "Asking the server…"), "an answer")
        self.assertIn("rocess", self.browser.text("#process-words"))

    def test_the_map_shows_who_has_which_page(self):
        self.open(f"segment={quoted(self.name)}&colour=touched")
        self.browser.run("import('./js/views/map.js').then(({ model }) => { window.mapModel = model; })")
        # Of sixteen pages three are mapped in, by two processes.
        drawn = self.until(
            "const list = window.mapModel?.().list; if (!list) return false;"
            "const found = list.items.filter((item) => !item.faint && item.colour !== 'free').map(({ from, to, colour }) => ({ from, to, colour }));"
            f"return found.some(({{ from }}) => from === {2 * PAGE}) && found", "the pages")
        self.assertEqual({(one["from"], one["to"]) for one in drawn if one["from"] in (2 * PAGE, 9 * PAGE)},
                         {(2 * PAGE, 3 * PAGE), (9 * PAGE, 11 * PAGE)})


if __name__ == "__main__":
    unittest.main()

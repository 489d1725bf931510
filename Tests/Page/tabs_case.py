"""What tests of a segment's tabs share: a segment each, and steps in the page."""

import os
import signal

from page_case import PageCase
from server import quoted, remove, unique


class TabsTest(PageCase):
    """Each test has a segment of its own."""

    def setUp(self):
        super().setUp()
        self.name = unique("tabs")
        self.id = quoted(self.name)
        self.addCleanup(remove, self.name)
        self.server.ask("POST", "segments", {"name": self.name, "capacityBytes": "1MiB"})
        self.addCleanup(self.end_workers)

    refused = ()

    def is_expected(self, message):
        return any(f"status of {status}" in message for status in self.refused)

    def end_workers(self):
        for worker in self.server.ask("GET", "workers?limit=1000")["workers"]:
            if worker["state"] == "running":
                os.kill(worker["pid"], signal.SIGCONT)
                self.server.ask("DELETE", f"workers/{worker['workerId']}")

    # Steps

    def open(self, tab, **query):
        more = "".join(f"&{key}={value}" for key, value in query.items())
        self.browser.open(f"{self.server.base}/?segment={self.id}&tab={tab}{more}")
        self.until_text("#live-text", "live")

    def allocate(self, size, tag="", count=None):
        body = {"sizeBytes": size, **({"tag": tag} if tag else {}), **({"count": count} if count else {})}
        return self.server.ask("POST", f"segments/{self.id}/blocks", body)

    def work(self, workload, count=1, **options):
        return self.server.ask("POST", "workers", {
            "segment": self.id, "workload": workload, "count": count, "options": options})["workers"]

    def until_text(self, selector, text):
        return self.until(lambda: text in (self.browser.text(selector) or "").replace("\xa0", " "), f"{text!r} in {selector}")

    def cells(self, table):
        """The texts of a table's body, row by row."""
        return self.browser.run(
            "return [...document.querySelectorAll(`#${arguments[0]}-rows tr`)].map((row) => "
            "[...row.cells].map((cell) => cell.textContent.trim().replaceAll('\\u00a0', ' ')))", table)

    def until_rows(self, table, condition, what):
        found = []

        def look():
            found[:] = self.cells(table)
            return condition(found)
        self.until(look, what)
        return found

    def press(self, text, within="body"):
        """Clicks the button or link with this text."""
        self.browser.run(
            "const found = [...document.querySelector(arguments[1]).querySelectorAll('button, a')]"
            ".filter((one) => one.textContent.trim() === arguments[0] && one.checkVisibility());"
            "if (found.length === 0) throw new Error(`no button ${arguments[0]}`); found[0].focus(); found[0].click()", text, within)

    def fill(self, name, value, within="dialog[open]"):
        self.browser.run(
            "const input = document.querySelector(`${arguments[2]} [name=${arguments[0]}]`);"
            "if (input.type === 'checkbox') input.checked = arguments[1]; else input.value = arguments[1];"
            "input.dispatchEvent(new Event('input', { bubbles: true })); input.dispatchEvent(new Event('change', { bubbles: true }))",
            name, value, within)

    def drawn(self, selector):
        """How many pixels of a canvas have anything on them."""
        return self.browser.run(
            "const canvas = document.querySelector(arguments[0]); if (!canvas.width) return 0;"
            "const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
            "let count = 0; for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count += 1; return count", selector)

    def route(self):
        return self.browser.run("return Object.fromEntries(new URLSearchParams(location.search))")

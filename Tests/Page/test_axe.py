"""The rules of axe-core over each view, light and dark, narrow and wide: no violation, and nothing wider than the page.

With SHMLENS_PAGE_SCREENSHOTS=FOLDER a picture of each is left there, for somebody to look at.

The rules are in the package axe-core-python of PyPI, which carries axe.min.js.
"""

import importlib.util
import json
import os
import unittest

import answers
from browser import Browser
from program import PROGRAM, PUBLIC
from server import Server, quoted, remove, unique

WIDTHS = (360, 1280)
# Wider than these the same rules find the same; what is drawn is another thing.
SCREENS = (360, 1280, 2560)
SCREENSHOTS = os.environ.get("SHMLENS_PAGE_SCREENSHOTS")
TABS = ("heap", "locks", "participants", "events", "workers", "about")


def axe_source():
    package = importlib.util.find_spec("axe_core_python")
    if package is None:
        raise RuntimeError("axe-core is not installed: pip install axe-core-python==0.1.0")
    path = os.path.join(package.submodule_search_locations[0], "axe.min.js")
    with open(path, encoding="utf-8") as file:
        return file.read()


class Axe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.axe = axe_source()
        cls.server = Server(PROGRAM, PUBLIC)
        cls.addClassCleanup(cls.server.stop)
        cls.name = unique("axe")
        cls.server.ask("POST", "segments", {"name": cls.name, "capacityBytes": "64KiB"})
        cls.addClassCleanup(cls.remove_segment)
        cls.foreign = unique("axe-foreign")
        with open(f"/dev/shm/{cls.foreign}", "wb") as file:
            file.write(b"x" * 8192)
        cls.addClassCleanup(remove, cls.foreign)
        cls.server.ask("POST", "workers", {"segment": quoted(cls.name), "workload": "churn", "options": {"ratePerSecond": 5, "seed": 1}})
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def remove_segment(cls):
        try:
            cls.server.ask("DELETE", f"segments/{quoted(cls.name)}?force=true")
        except RuntimeError:
            remove(cls.name)

    def check(self, query, ready, widths=WIDTHS, refuses=False):
        """Violations of what an address shows, in both schemes and all widths; `refuses` where the server is to refuse something."""
        self.browser.logs()
        self.browser.open(f"{self.server.base}/{query}")
        self.browser.until(ready, f"{query or 'the overview'} is there")
        too_wide = self.look()
        # Chromium's own protocol is not bound by the page's policy.
        self.browser.cdp("Runtime.evaluate", expression=self.axe)
        found = {}
        for dark in (False, True):
            self.browser.scheme(dark)
            for width in widths:
                self.browser.size(width, 900)
                answer = self.browser.cdp(
                    "Runtime.evaluate", awaitPromise=True, returnByValue=True,
                    expression="axe.run(document, { resultTypes: ['violations'] }).then((r) => JSON.stringify(r.violations.map((v) =>"
                               " [v.id, v.nodes.map((n) => n.target.join(' ') + ': ' + (n.any[0] || n.all[0] || n.none[0] || {}).message)])))")
                for rule, nodes in json.loads(answer["result"]["value"]):
                    for node in nodes:
                        found.setdefault(f"{rule}: {node}", []).append(f"{width} {'dark' if dark else 'light'}")
        messages = [entry["message"] for entry in self.browser.logs() if not self.is_others(entry["message"])
                    and not (refuses and "the server responded with a status of" in entry["message"])]
        self.browser.open("about:blank")
        self.assertEqual(too_wide, [], f"{query or 'the overview'} is wider than the page")
        self.assertEqual(found, {}, f"{query or 'the overview'}: " + "\n".join(f"{key} ({', '.join(where)})" for key, where in found.items()))
        self.assertEqual(messages, [], "the console is not silent")

    def look(self):
        """Takes pictures of what is shown; the widths at which it does not fit the page."""
        too_wide = []
        self.looks = getattr(self, "looks", 0) + 1
        for width in SCREENS:
            self.browser.size(width, 900)
            self.browser.run_async("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))")
            if self.browser.run("return document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                too_wide.append(width)
            for dark in (False, True) if SCREENSHOTS else ():
                self.browser.scheme(dark)
                os.makedirs(SCREENSHOTS, exist_ok=True)
                picture = f"{self._testMethodName}-{self.looks}-{width}-{'dark' if dark else 'light'}.png"
                self.browser.screenshot(os.path.join(SCREENSHOTS, picture), full=True)
        return too_wide

    def is_others(self, message):
        """Objects of others may go between two looks."""
        return " 404 " in message and "/api/v1/segments/" in message and f"-{os.getpid()}-" not in message

    LISTED = "return document.querySelectorAll('#segments-rows tr').length > 1 && !document.querySelector('#attention-list').hidden"

    def test_overview(self):
        self.check("", self.LISTED)

    def test_overview_filtered_and_coloured_by_health(self):
        self.check(f"?q={self.foreign}&colour=health&sort=-name", "return document.querySelectorAll('#segments-rows tr').length === 1")

    def test_overview_without_a_result(self):
        self.check("?q=there-is-no-such-object", "return document.querySelector('#segments-empty').textContent.startsWith('No object passes')")

    def test_sheet_of_keys(self):
        self.check("", f"if (document.querySelector('#keys') && !document.querySelector('dialog.sheet[open]')) document.querySelector('#keys').click(); {self.LISTED}")

    def test_form_of_a_new_segment(self):
        self.check("", f"if (!document.querySelector('dialog[open]')) document.querySelector('#new-segment').click(); {self.LISTED}")

    SEGMENT = "document.querySelector('#segment-facts dd') && document.querySelector('#live-text').textContent.startsWith('live')"

    def test_paused(self):
        self.check(
            f"?segment={quoted(self.name)}&tab=heap",
            f"if ({self.SEGMENT}) document.querySelector('#pause').click(); return document.querySelector('#live').dataset.state === 'paused'")

    def test_looking_back(self):
        for tab in ("heap", "locks", "events"):
            with self.subTest(tab=tab):
                self.check(
                    f"?segment={quoted(self.name)}&tab={tab}",
                    "const s = document.querySelector('#scrub'); if (s.disabled || s.max - s.min < 3000) return false;"
                    " if (document.querySelector('#scrub-now').disabled) { s.value = s.min; s.dispatchEvent(new Event('input')); }"
                    " return !document.querySelector('#scrub-now').disabled")

    def test_each_form_of_a_change(self):
        for form in ("Allocate…", "Resize…", "Free…", "Write bytes…", "Text and flag…", "Protection…", "Verify…", "Reclaim…", "Remove the segment…"):
            with self.subTest(form=form):
                self.check(
                    f"?segment={quoted(self.name)}&tab=workers",
                    f"if ({self.SEGMENT} && !document.querySelector('dialog[open]')) [...document.querySelectorAll('#tab-workers button')]"
                    f".find((one) => one.textContent === '{form}').click(); return document.querySelector('dialog[open]')")

    def test_what_the_server_refuses_stands_at_its_field(self):
        self.check(
            f"?segment={quoted(self.name)}&tab=workers",
            f"if ({self.SEGMENT} && !document.querySelector('dialog[open]')) [...document.querySelectorAll('#tab-workers button')]"
            ".find((one) => one.textContent === 'Allocate…').click();"
            "const dialog = document.querySelector('dialog[open]'); if (!dialog) return false;"
            "const alignment = dialog.querySelector('[name=alignment]'); if (alignment.value !== '3') {"
            " dialog.querySelector('[name=sizeBytes]').value = '64'; alignment.value = '3'; dialog.querySelector('form').requestSubmit(); }"
            "return alignment.getAttribute('aria-invalid') === 'true' && dialog.querySelector('[id$=alignment-error]').textContent.length > 5", refuses=True)

    def test_there_is_no_such_object(self):
        self.check(
            f"?segment={quoted(unique('axe-missing'))}", "return document.querySelector('#problems').textContent.length > 10", refuses=True)

    def test_wide(self):
        self.check("", self.LISTED, widths=(2560,))
        self.check(f"?segment={quoted(self.name)}&tab=heap", f"return {self.SEGMENT}", widths=(2560,))

    def test_foreign_object(self):
        self.check(f"?segment={quoted(self.foreign)}", "return document.querySelector('#segment-facts dd')")

    def test_who_waits_for_whom(self):
        ready = "return document.querySelector('#waits-provenance').textContent.includes('Taken')"
        for waits in (answers.mixed(), answers.crowd(), answers.Waits().answer):
            with self.subTest(nodes=len(waits["nodes"])):
                remove_stub = answers.stub(self.browser, {"locks": waits})
                try:
                    self.check("?view=locks", ready)
                finally:
                    remove_stub()

    def test_each_tab_of_a_segment(self):
        for tab in TABS:
            with self.subTest(tab=tab):
                self.check(f"?segment={quoted(self.name)}&tab={tab}", f"return document.querySelector('#segment-facts dd') && !document.querySelector('#tab-{tab}').hidden")


if __name__ == "__main__":
    unittest.main()

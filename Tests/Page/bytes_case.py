"""What the tests of the bytes share: a server and a browser, objects to look at, and words for what is seen."""

import os

from page_case import PageCase
from server import quoted, remove, unique

TIB = 1 << 40

SHIFT, CONTROL, ENTER, ESCAPE = "\ue008", "\ue009", "\ue007", "\ue00c"
RIGHT, DOWN = "\ue014", "\ue015"
PAGE_DOWN, END, HOME, BACKSPACE = "\ue00f", "\ue010", "\ue011", "\ue003"


class Case(PageCase):
    window_size = (1280, 1000)

    @classmethod
    def setUpClass(cls):
        cls.names = []
        cls.addClassCleanup(lambda: [remove(name) for name in cls.names])
        super().setUpClass()

    def setUp(self):
        super().setUp()
        # What the console may hold: browsers note each refusal of a server.
        self.allowed = None

    def is_expected(self, message):
        return self.allowed is not None and self.allowed in message

    def managed(self, capacity="1MiB"):
        name = unique("bytes")
        self.names.append(name)
        self.server.ask("POST", "segments", {"name": name, "capacityBytes": capacity})
        return name

    def foreign(self, size, pieces=()):
        """An object of /dev/shm that nobody manages, sparse but for `pieces`."""
        name = unique("bytes")
        self.names.append(name)
        path = f"/dev/shm/{name}"
        with open(path, "wb") as file:
            file.truncate(size)
        self.poke(name, pieces)
        return name

    @staticmethod
    def poke(name, pieces):
        descriptor = os.open(f"/dev/shm/{name}", os.O_WRONLY)
        for offset, data in pieces:
            os.pwrite(descriptor, data, offset)
        os.close(descriptor)

    def pool(self, name):
        regions = self.server.ask("GET", f"segments/{quoted(name)}/layout")["regions"]
        return next(region for region in regions if region["name"] == "pool")

    def open(self, name, query=""):
        self.browser.open(f"{self.server.base}/?segment={quoted(name)}{query}")
        self.browser.until("return document.querySelector('.hex-cell')?.textContent.length === 2"
                           " && document.querySelector('.hex-cell').textContent !== '··'", "the bytes are shown")

    def model(self, path):
        """A value of the view's own model."""
        return self.browser.run(f"const m = (await import('./js/views/hex.js')).model(); return ({path});")

    def model_until(self, condition, what):
        return self.browser.until(lambda: self.model(condition), what)

    def cell(self, offset):
        """The cell of a byte in sight: its text, its letter and its marks."""
        return self.model(
            f"(() => {{ const row = m.rows.find((r) => r.offset <= {offset} && {offset} < r.offset + m.perRow);"
            f" return row ? row.cells[{offset} - row.offset] : null; }})()")

    def select(self, at, to=None):
        return f"&at={at}&to={to or at + 1}"

    def focus(self):
        self.browser.run("document.querySelector('.hex-sheet').focus()")

    def chord(self, held, *keys):
        actions = [{"type": "keyDown", "value": held}]
        for key in keys:
            actions += [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        actions.append({"type": "keyUp", "value": held})
        self.browser._call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def stroke(self, x, y, distance, steps=10):
        """A finger that moves up."""
        touch = lambda kind, *points: self.browser.cdp("Input.dispatchTouchEvent", type=kind, touchPoints=list(points))
        self.browser.cdp("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=1)
        touch("touchStart", {"x": x, "y": y})
        for step in range(1, steps + 1):
            touch("touchMove", {"x": x, "y": y - distance * step / steps})
        touch("touchEnd")
        self.browser.cdp("Emulation.setTouchEmulationEnabled", enabled=False)

    def route(self, key):
        return self.browser.run("return new URLSearchParams(location.search).get(arguments[0])", key)

    def reading(self, key, order="little"):
        return self.browser.text(f"#inspector tr[data-key={key}] td[data-order={order}] .value")

    def note(self):
        return self.browser.text(".hex-note")

    def submit(self, selector, text):
        self.browser.run("const i = document.querySelector(arguments[0]); i.value = ''; i.focus()", selector)
        self.browser.type(selector, text + ENTER)

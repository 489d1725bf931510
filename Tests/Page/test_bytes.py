"""The bytes of a segment and what they could mean, driven in a browser."""

import os
import pathlib
import shutil
import struct
import tempfile
import unittest
import urllib.error
import urllib.request

from browser import Browser
from server import Server, quoted, remove, unique

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("SHMLENS", str(REPOSITORY / ".build/debug/shmlens"))
PUBLIC = str(REPOSITORY / "public")
TIB = 1 << 40

SHIFT, CONTROL, ENTER, ESCAPE = "\ue008", "\ue009", "\ue007", "\ue00c"
LEFT, UP, RIGHT, DOWN = "\ue012", "\ue013", "\ue014", "\ue015"
PAGE_DOWN, END, HOME, BACKSPACE = "\ue00f", "\ue010", "\ue011", "\ue003"


class Case(unittest.TestCase):
    """One server and one browser for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        cls.names = []
        cls.server = Server(PROGRAM, PUBLIC)
        cls.addClassCleanup(cls.server.stop)
        cls.addClassCleanup(lambda: [remove(name) for name in cls.names])
        cls.browser = Browser(width=1280, height=1000)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.logs()
        # What the console may hold: browsers note each refusal of a server.
        self.allowed = None

    def tearDown(self):
        messages = [entry["message"] for entry in self.browser.logs()]
        self.assertEqual([message for message in messages if not (self.allowed and self.allowed in message)], [])

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


class Reading(Case):
    def test_shows_offsets_bytes_and_text(self):
        name = self.foreign(5000, [(0, b"Hello\x00\xff"), (4996, b"end!")])
        self.open(name)
        self.assertEqual(self.browser.text(".hex-row .hex-offset"), "000000")
        self.assertEqual([self.cell(i)["text"] for i in (0, 5, 6)], ["48", "00", "ff"])
        self.assertEqual([self.cell(i)["letter"] for i in (0, 5, 6)], ["H", "·", "·"])
        self.assertEqual(self.model("m.perRow"), 16)
        self.focus()
        self.chord(CONTROL, END)
        self.model_until("m.selection?.from === 4999", "the last byte is selected")
        self.browser.until(lambda: (self.cell(4999) or {}).get("letter") == "!", "the last byte is in sight")
        self.assertEqual(self.model("m.rows.at(-1).cells[8].text"), "", "behind the end there is nothing")

    def test_reaches_every_place_of_a_tebibyte(self):
        name = self.foreign(TIB, [(TIB // 2 + 5, b"MARK"), (TIB - 4, b"last")])
        self.open(name)
        self.assertLess(self.browser.run("return document.querySelector('.hex-bar').offsetHeight"), 16_000_000)
        self.focus()
        self.chord(CONTROL, END)
        self.browser.until(lambda: (self.cell(TIB - 1) or {}).get("letter") == "t", "the last byte is in sight")
        self.assertLess(self.browser.run("return document.querySelectorAll('.hex-row').length"), 60)
        self.submit(".hex-go input", hex(TIB // 2 + 5))
        self.browser.until(lambda: (self.cell(TIB // 2 + 5) or {}).get("letter") == "M", "the middle is in sight")
        # A wheel's notch in the middle is a few rows, not a gibibyte.
        before = self.model("m.inSight.from")
        self.browser.wheel(".hex-sheet", 100, 100, 110)
        self.browser.until(lambda: self.model("m.inSight.from") > before, "the wheel scrolls")
        self.browser.until(lambda: self.model("m.inSight.from") - before == 5 * 16, "by five rows")
        # Nor is a finger's stroke.
        before = self.model("m.inSight.from")
        x, y = self.browser.run("const r = document.querySelector('.hex-sheet').getBoundingClientRect(); return [r.left + 100, r.top + 250]")
        self.stroke(round(x), round(y), 220)
        self.browser.until(lambda: 8 <= (self.model("m.inSight.from") - before) / 16 <= 11, "a finger scrolls by as much as it moves")
        # The bar's own jump is one to its place.
        self.browser.run("const v = document.querySelector('.hex-view'); v.scrollTop = v.scrollHeight / 4")
        self.browser.until(lambda: abs(self.model("m.inSight.from") / TIB - 0.25) < 0.06, "the bar leads to a quarter")
        self.browser.run("const v = document.querySelector('.hex-view'); v.scrollTop = v.scrollHeight")
        self.model_until(f"m.inSight.to === {TIB}", "the bar reaches the end")
        self.browser.run("document.querySelector('.hex-view').scrollTop = 0")
        self.model_until("m.inSight.from === 0", "and the beginning")

    def test_keys_move_and_extend_the_selection(self):
        name = self.foreign(65536, [(0, bytes(range(256)))])
        self.open(name, self.select(0x20))
        self.focus()
        self.browser.keys(DOWN, RIGHT)
        self.model_until("m.selection.from === 0x31", "down and right")
        self.chord(SHIFT, DOWN, RIGHT)
        self.model_until("m.selection.from === 0x31 && m.selection.to === 0x43", "Shift extends")
        self.browser.until(lambda: (self.route("at"), self.route("to")) == ("49", "67"), "the address follows")
        self.assertTrue(self.cell(0x40)["isSelected"])
        self.browser.keys(HOME)
        self.model_until("m.selection.from === 0x40 && m.selection.to === 0x41", "Home goes to the row's beginning")
        rows = self.model("m.rows.length")
        self.browser.keys(PAGE_DOWN)
        self.model_until(f"m.selection.from > 0x40 + {rows - 4} * 16", "a page down")
        self.chord(CONTROL, HOME)
        self.model_until("m.selection.from === 0 && m.inSight.from === 0", "Ctrl and Home go to the beginning")
        self.assertEqual(self.browser.run("return document.querySelector('.hex-sheet').getAttribute('aria-activedescendant')"), "hex-cursor")
        self.browser.until("return document.getElementById('said').textContent.startsWith('0x0: 00, 0')", "the cursor is announced")

    def test_the_pointer_selects_and_extends(self):
        name = self.foreign(4096, [(0, bytes(range(256)))])
        self.open(name)
        self.browser.click(".hex-row:nth-child(2) .hex-cell:nth-child(4)")
        self.model_until("m.selection?.from === 18 && m.selection.to === 19", "a click selects")
        where = ("const r = document.querySelectorAll('.hex-row')[arguments[0]].querySelectorAll(arguments[1])[arguments[2]]"
                 ".getBoundingClientRect(); return [Math.round(r.left + r.width / 2), Math.round(r.top + r.height / 2)]")
        x, y = self.browser.run(where, 0, ".hex-text > span", 3)
        to_x, to_y = self.browser.run(where, 2, ".hex-text > span", 1)
        self.browser.pointer({"type": "pointerMove", "x": x, "y": y, "duration": 0}, {"type": "pointerDown", "button": 0},
                             {"type": "pointerMove", "x": to_x, "y": to_y, "duration": 50}, {"type": "pointerUp", "button": 0})
        self.model_until("m.selection.from === 3 && m.selection.to === 34", "dragging over the text selects")
        self.assertEqual(self.browser.run("return getSelection().toString()"), "")

    def test_goes_where_one_says(self):
        name = self.foreign(1 << 20)
        self.open(name)
        for text, offset in (("0x1a2f", 0x1a2f), ("4KiB", 4096), ("+0x10", 4112), ("-16", 4096), ("6703", 6703)):
            self.submit(".hex-go input", text)
            self.model_until(f"m.selection?.from === {offset}", text)
        self.submit(".hex-go input", "2MiB")
        self.browser.until(lambda: "behind the end" in self.note(), "an offset behind the end is refused in words")
        self.assertEqual(self.browser.run("return document.querySelector('.hex-go input').getAttribute('aria-invalid')"), "true")

    def test_marks_what_changed_and_lets_it_fade(self):
        name = self.foreign(4096)
        self.open(name)
        self.poke(name, [(33, b"\x5a")])
        self.browser.until(lambda: "changed" in self.cell(33)["names"], "a changed byte is marked")
        self.assertEqual(self.cell(33)["text"], "5a")
        self.assertNotIn("changed", self.cell(34)["names"])
        self.assertIn("underline", self.browser.run(
            "return getComputedStyle(document.querySelectorAll('.hex-row')[2].querySelectorAll('.hex-cell')[1]).textDecorationLine"))
        self.browser.until(lambda: "fresh-2" in self.cell(33)["names"], "the mark fades")
        self.browser.until(lambda: "changed" not in self.cell(33)["names"], "and goes")

    def test_pausing_stops_the_reading_and_says_so(self):
        name = self.foreign(4096)
        self.open(name)
        self.browser.click("#pause")
        self.browser.until(lambda: self.browser.text(".hex-status").startswith("Paused"), "says that it is paused")
        self.poke(name, [(1, b"\x77")])
        asked = "return performance.getEntriesByType('resource').filter((e) => e.name.includes('/bytes')).length"
        before = self.browser.run(asked)
        self.browser.until("return performance.now() - (window.since ??= performance.now()) > 2500", "some time passes")
        self.assertEqual(self.browser.run(asked), before)
        self.assertEqual(self.cell(1)["text"], "00")
        self.browser.click("#pause")
        self.browser.until(lambda: self.cell(1)["text"] == "77", "reads again")

    def test_says_what_holes_are(self):
        name = self.foreign(1 << 20, [(0, b"x")])
        self.open(name, self.select(65536))
        self.browser.until(lambda: "reads as zero, takes no memory" in self.browser.text(".hex-where"), "a hole is told")
        self.assertIn("hole", self.cell(65536)["names"])

    def test_says_that_an_object_is_gone(self):
        name = self.foreign(4096, [(0, b"A")])
        self.open(name)
        remove(name)
        self.browser.until(lambda: "gone" in self.browser.text(".hex-status"), "says that it is gone", 30)
        self.assertEqual(self.cell(0)["letter"], "A", "the last bytes stay")
        self.assertRegex(self.browser.text(".hex-status"), r"Read at \d\d:\d\d:\d\d UTC")
        self.allowed = "404 (Not Found)"

    def test_says_that_there_is_no_right(self):
        name = self.foreign(4096)
        refusal = '{"title": "Forbidden", "status": 403, "detail": "Only its owner may."}'
        script = self.browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=(
            "const ask = window.fetch; window.fetch = (address, options) => String(address).endsWith('/bytes')"
            f" ? Promise.resolve(new Response('{refusal}', {{ status: 403 }})) : ask(address, options);"))
        self.addCleanup(lambda: self.browser.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"]))
        self.browser.open(f"{self.server.base}/?segment={quoted(name)}")
        self.browser.until(lambda: "No right to read these bytes. Only its owner may." in self.browser.text(".hex-empty"), "the server's words")
        self.assertEqual(self.cell(0)["text"], "··", "no byte is made up")

    def test_says_how_old_bytes_are_that_cannot_be_read_again(self):
        name = self.foreign(4096, [(0, b"A")])
        self.open(name)
        self.server.kill()
        self.server.process.stdout.close()
        self.addCleanup(lambda: self.server.process.poll() is None or self.server.start())
        self.browser.until(lambda: " ago" in self.browser.text(".hex-status"), "says how old they are")
        self.assertIn("cannot be reached", self.browser.text(".hex-status"))
        self.assertEqual(self.cell(0)["letter"], "A", "the last bytes stay")
        self.server.start()
        self.poke(name, [(0, b"B")])
        self.browser.until(lambda: self.cell(0)["letter"] == "B", "reads on when the server is back", 40)
        self.allowed = "net::ERR_"

    def test_an_empty_object_says_so(self):
        name = self.foreign(0)
        self.browser.open(f"{self.server.base}/?segment={quoted(name)}")
        self.browser.until(lambda: "empty" in self.browser.text(".hex-empty"), "says that it is empty")


class Colouring(Case):
    def test_fields_of_the_header_and_entries_of_tables(self):
        name = self.managed()
        self.open(name, self.select(1216, 1224))
        self.browser.until(lambda: "header · counter" in self.browser.text(".hex-where"), "the field is named")
        self.assertIn("is-field", self.cell(1216)["names"])
        self.assertIn("begins", self.cell(1216)["names"])
        self.submit(".hex-go input", "8448")
        self.browser.until(lambda: "participant slot 1" in self.browser.text(".hex-where"), "the slot is named")

    def test_blocks_in_the_colours_of_the_map_and_selected_both_ways(self):
        name = self.managed()
        blocks = self.server.ask("POST", f"segments/{quoted(name)}/blocks", {"sizeBytes": 40, "tag": "first", "count": 2})["blocks"]
        first, second = blocks
        self.open(name, self.select(first["offset"], first["offset"] + 40))
        self.browser.until(lambda: "“first”" in self.browser.text(".hex-where"), "the block is named")
        names = self.cell(first["offset"])["names"]
        self.assertIn("is-used", names)
        self.assertIn("tint-owner-0", names)
        self.assertIn("is-guard", self.cell(first["offset"] - 1)["names"])
        # Down in the map, the next block: already in sight here, so nothing jumps.
        before = self.model("m.position")
        self.browser.run("document.getElementById('map-canvas').focus()")
        self.browser.keys("n")
        self.browser.until(lambda: self.model("m.selection.from") in (second["offset"], second["spanOffset"]), "the next block is selected here")
        self.assertEqual(self.model("m.position"), before)
        # And back: what is selected here is selected in the map.
        self.focus()
        self.browser.keys(DOWN)
        at = self.model("m.selection.from")
        marks = "const m = (await import('./js/views/map.js')).model(); return m.list.marks.map(({ from, to }) => [from, to]);"
        self.browser.until(lambda: [at, at + 1] in self.browser.run(marks), "the map marks the byte")
        # A far place comes into sight.
        end = self.pool(name)["offset"] + self.pool(name)["sizeBytes"] - 64
        self.browser.run("history.pushState(null, '', arguments[0]); dispatchEvent(new PopStateEvent('popstate'))",
                         f"?segment={quoted(name)}{self.select(end)}")
        self.model_until(f"m.inSight.from <= {end} && m.inSight.to > {end}", "the far byte is in sight")

    def test_enter_and_a_double_click_select_the_whole(self):
        name = self.managed()
        self.open(name, self.select(1219))
        self.browser.until(lambda: "header · counter" in self.browser.text(".hex-where"), "the field is named")
        self.focus()
        self.browser.keys(ENTER)
        self.model_until("m.selection.from === 1216 && m.selection.to === 1224", "Enter selects the field")
        self.chord(SHIFT, RIGHT)
        self.model_until("m.selection.from === 1216 && m.selection.to === 1225", "Shift goes on from its end")
        x, y = self.browser.run("const r = document.getElementById('hex-cursor').nextSibling.nextSibling.getBoundingClientRect();"
                                "const s = document.querySelector('.hex-sheet').getBoundingClientRect(); return [r.left - s.left + 5, r.top - s.top + 5]")
        self.browser.click_at(".hex-sheet", x, y, times=2)
        self.model_until("m.selection.to - m.selection.from === 8 && m.selection.from === 1224", "a double click selects the field under it")

    def test_the_past_has_no_bytes_and_says_so(self):
        name = self.managed()
        self.open(name)
        self.browser.until("const s = document.getElementById('scrub'); return !s.disabled && Number(s.max) - Number(s.min) > 2500", "there is a past")
        self.browser.run("const s = document.getElementById('scrub'); s.value = s.min; s.dispatchEvent(new Event('input'))")
        self.browser.until(lambda: "not kept" in self.browser.text(".hex-status"), "says that bytes are not kept")
        self.browser.click("#scrub-now")
        self.browser.until(lambda: "every second" in self.browser.text(".hex-status"), "reads again")


class Searching(Case):
    def test_finds_text_and_bytes_and_walks_from_hit_to_hit(self):
        size = 3 << 20
        name = self.foreign(size, [(100, b"needle"), (1 << 20, b"needle"), (size - 6, b"needle")])
        self.open(name)
        self.submit(".hex-find input", "needle")
        self.browser.until(lambda: "1 of 3 hits" in self.browser.text(".hex-find output"), "three hits")
        self.assertEqual(self.model("m.hits"), [100, 1 << 20, size - 6])
        self.assertEqual(self.model("m.selection"), {"from": 100, "to": 106})
        self.assertIn("hit", self.cell(102)["names"])
        self.browser.click(".hex-find button[title^='Next']")
        self.model_until(f"m.selection.from === {1 << 20}", "the next one")
        self.focus()
        self.browser.keys("n")
        self.model_until(f"m.selection.from === {size - 6}", "n")
        self.browser.keys("p", "p")
        self.model_until("m.selection.from === 100", "p")
        self.browser.run("document.querySelector('.hex-find select').value = 'hex'")
        self.submit(".hex-find input", "6e 65 65 64 6")
        self.browser.until(lambda: "Half a byte" in self.browser.text(".hex-find output"), "half a byte is refused")
        self.submit(".hex-find input", "6e656564ff")
        self.browser.until(lambda: "Not found" in self.browser.text(".hex-find output"), "says that there is none")

    def test_leaves_out_the_holes_of_a_tebibyte(self):
        name = self.foreign(TIB, [(TIB // 2 + 5, b"MARK"), (TIB - 4, b"MARK")])
        self.open(name)
        self.submit(".hex-find input", "MARK")
        self.browser.until(lambda: "of 2 hits" in self.browser.text(".hex-find output"), "both hits")
        self.assertEqual(self.model("m.hits"), [TIB // 2 + 5, TIB - 4])

    def test_names_its_bound_and_goes_on(self):
        size = 80 << 20
        name = self.foreign(size, [(size - 4, b"MARK")])
        self.open(name)
        self.browser.run("document.querySelector('.hex-find select').value = 'hex'")
        self.submit(".hex-find input", "00 4d 41 52 4b")
        self.browser.until(lambda: "1 of 1 hit" in self.browser.text(".hex-find output"), "through the hole")
        self.submit(".hex-go input", "0")
        self.submit(".hex-find input", "00" * 8)
        self.browser.until(lambda: "the first 1,000 hits" in self.browser.text(".hex-find output"), "no more than a thousand")
        self.browser.until("return !document.querySelector(\".hex-find button[title^='Search the next']\").hidden", "can go on")


class Taking(Case):
    def setUp(self):
        super().setUp()
        self.browser.cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])

    def pasted(self):
        return self.browser.run("return navigator.clipboard.readText()")

    def test_copies_in_four_forms(self):
        name = self.foreign(4096, [(16, b"\x7fELF")])
        self.open(name, self.select(16, 20))
        self.focus()
        self.chord(CONTROL, "c")
        self.browser.until(lambda: self.pasted() == "7f 45 4c 46", "Ctrl and C copy hex")
        for form, text in (("c", "0x7f, 0x45, 0x4c, 0x46,"), ("text", "\x7fELF"), ("base64", "f0VMRg==")):
            self.browser.run("document.querySelector('.hex-take select').value = arguments[0]", form)
            self.browser.click(".hex-take button")
            self.browser.until(lambda text=text: text in self.pasted(), form)
        # Where the browser has no clipboard for a page that was not loaded securely.
        self.browser.run("window.real = navigator.clipboard; Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })")
        self.focus()
        self.chord(CONTROL, "c")
        self.browser.until("return document.getElementById('toasts').textContent.includes('as hex') && window.real.readText().then((text) => text === '7f 45 4c 46')",
                           "the older way")
        self.assertEqual(self.browser.run("return document.activeElement.className"), "hex-sheet", "the focus stays")

    def test_names_the_limit_of_a_copy(self):
        name = self.foreign(4 << 20)
        self.open(name)
        self.focus()
        self.chord(CONTROL, "a")
        self.chord(CONTROL, "c")
        self.browser.until("return document.getElementById('toasts').textContent.includes('at most 1\\u00a0MiB can be copied')", "the limit is named")

    def test_downloads_the_selection_and_the_whole(self):
        name = self.foreign(9000, [(16, b"\x7fELF")])
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=folder)
        self.open(name, self.select(16, 20))
        self.browser.click(".hex-take button[title*='256']")
        path = pathlib.Path(folder, f"{name}-10.bin")
        self.browser.until(path.exists, "the file is there")
        self.browser.until(lambda: path.read_bytes() == b"\x7fELF", "with the selected bytes")
        self.browser.click(".hex-take a")
        whole = pathlib.Path(folder, f"{name}.bin")
        self.browser.until(lambda: whole.exists() and whole.stat().st_size == 9000, "the whole is there")


class Editing(Case):
    def bytes_of(self, name, offset, length):
        request = urllib.request.Request(f"{self.server.base}/api/v1/segments/{quoted(name)}/bytes",
                                         headers={"Range": f"bytes={offset}-{offset + length - 1}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read()

    def test_typing_writes_into_a_pool_after_asking_once(self):
        name = self.managed()
        block = self.server.ask("POST", f"segments/{quoted(name)}/blocks", {"sizeBytes": 64})
        at = block["offset"]
        self.open(name, self.select(at))
        self.browser.until(lambda: "is-used" in self.cell(at)["names"], "the block is known")
        self.focus()
        self.browser.keys("d", "e", "a")
        self.browser.until(lambda: self.cell(at + 1)["text"] == "a_", "what is typed is shown")
        self.assertIn("pending", self.cell(at)["names"])
        self.browser.keys(BACKSPACE, "A", "d")
        self.assertEqual(self.browser.run("return document.querySelector('.hex-edit').hidden"), False)
        self.browser.keys(ENTER)
        self.browser.until("return document.querySelector('dialog.question').open", "it asks first")
        self.browser.keys(ENTER)
        self.browser.until("return !document.querySelector('dialog.question').open", "the safe answer has the focus")
        self.assertEqual(self.bytes_of(name, at, 2), b"\0\0")
        self.focus()
        self.browser.keys(ENTER)
        self.browser.until("return document.querySelector('dialog.question').open", "it asks again")
        self.browser.click("dialog.question .primary")
        self.browser.until(lambda: "Wrote 2 bytes" in self.note(), "says what it did")
        self.assertEqual(self.bytes_of(name, at, 2), b"\xde\xad")
        self.browser.until(lambda: self.cell(at)["text"] == "de" and "pending" not in self.cell(at)["names"], "the written bytes are read back")
        # Once is enough.
        self.focus()
        self.browser.keys("0", "1", ENTER)
        self.browser.until(lambda: "Wrote 1 byte" in self.note(), "writes at once")
        self.assertEqual(self.bytes_of(name, at, 2), b"\x01\xad")
        self.browser.keys("f", "f", ESCAPE)
        self.browser.until(lambda: "Nothing was written" in self.note(), "Esc gives up")
        self.assertEqual(self.bytes_of(name, at, 1), b"\x01")

    def test_refusals_are_told(self):
        name = self.managed()
        self.open(name, self.select(0))
        self.browser.until(lambda: "magic" in self.browser.text(".hex-where"), "the field is known")
        self.focus()
        self.browser.keys("f")
        self.browser.until(lambda: "Only bytes of the pool" in self.note(), "the header is not written over")
        other = self.foreign(4096)
        self.open(other, self.select(0))
        self.focus()
        self.browser.keys("f")
        self.browser.until(lambda: "Only managed segments" in self.note(), "nor is what others made")

    def test_the_servers_own_refusal_is_shown(self):
        name = self.managed()
        pool = self.pool(name)
        self.server.ask("PUT", f"segments/{quoted(name)}/protection",
                        {"offset": pool["offset"], "length": 4096, "access": "read", "locked": "no"})
        self.open(name, self.select(pool["offset"]))
        self.browser.until(lambda: "free" in self.browser.text(".hex-where"), "the pool is known")
        self.focus()
        self.browser.keys("f", "f", ENTER)
        self.browser.until("return document.querySelector('dialog.question').open", "it asks first")
        self.browser.click("dialog.question .primary")
        self.browser.until(lambda: "409" in self.note(), "the refusal is shown")
        self.assertEqual(self.cell(pool["offset"])["text"], "ff", "what was typed is kept")
        self.allowed = "409 (Conflict)"


class Inspecting(Case):
    def test_reads_the_bytes_at_the_cursor(self):
        data = struct.pack("<q", 1_700_000_000_123_456_789)
        name = self.foreign(8192, [(64, data), (128, struct.pack("<d", 0.1)), (256, struct.pack("<q", -2)), (512, b"H\xc3\xa4\0rest"), (640, struct.pack("<Q", 4096))])
        self.open(name, self.select(64))
        self.browser.until(lambda: self.reading("int64") == "1700000000123456789", "a 64-bit number is exact")
        self.assertEqual(self.reading("timens"), "2023-11-14 22:13:20.123456789")
        self.assertEqual(self.reading("uint64", "big"), str(int.from_bytes(data, "big")))
        self.assertEqual(self.browser.text("#inspector-title"), "At 0x40")
        self.submit(".hex-go input", "128")
        self.browser.until(lambda: self.reading("float64") == "0.1", "a double")
        self.submit(".hex-go input", "256")
        self.browser.until(lambda: (self.reading("int8"), self.reading("uint64")) == ("-2", str(2**64 - 2)), "signed and unsigned")
        self.assertEqual(self.reading("binary"), "1111 1110")
        self.submit(".hex-go input", "512")
        self.browser.until(lambda: self.reading("cstring") == "“Hä”", "a C string")
        self.submit(".hex-go input", "8190")
        self.browser.until(lambda: self.reading("uint16") == "0" and self.reading("uint32") == "–", "what the end cuts is left open")
        self.submit(".hex-go input", "640")
        self.browser.until(lambda: self.reading("address") == "0x0000000000001000", "an address has all digits")
        self.browser.click("#inspector a.target")
        self.model_until("m.selection.from === 4096", "and leads to its offset")

    def test_follows_live_bytes_and_copies(self):
        self.browser.cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        name = self.foreign(4096)
        self.open(name, self.select(8))
        self.browser.until(lambda: self.reading("uint32") == "0", "is read")
        self.poke(name, [(8, struct.pack("<I", 123456))])
        self.browser.until(lambda: self.reading("uint32") == "123456", "follows")
        self.browser.click("#inspector tr[data-key=uint32] td[data-order=little] .value")
        self.browser.until("return navigator.clipboard.readText().then((text) => text === '123456')", "a click copies")
        self.browser.run("document.querySelector('#inspector button[tabindex=\"0\"]').focus()")
        self.browser.keys(DOWN, DOWN, ENTER)
        self.browser.until("return navigator.clipboard.readText().then((text) => text === '64')", "and so does Enter")


class Narrow(Case):
    def test_eight_bytes_a_row_without_a_sideways_bar(self):
        name = self.foreign(TIB, [(0, b"x")])
        self.browser.size(360, 800)
        self.addCleanup(self.browser.size, 1280, 1000)
        self.open(name)
        self.assertEqual(self.model("m.perRow"), 8)
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 360)
        self.assertTrue(self.browser.run(
            "const view = document.querySelector('.hex-view').getBoundingClientRect();"
            "return document.querySelector('.hex-text').getBoundingClientRect().right <= view.right"))
        self.browser.size(1280, 1000)
        self.model_until("m.perRow === 16", "sixteen where there is room")


if __name__ == "__main__":
    unittest.main()

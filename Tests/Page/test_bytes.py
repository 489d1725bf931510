"""Seeing the bytes of a segment: offsets, rows, colours and the honest states, driven in a browser."""

import unittest

from bytes_case import CONTROL, DOWN, END, ENTER, HOME, PAGE_DOWN, RIGHT, SHIFT, TIB, Case
from server import quoted, remove


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
        self.browser.until("return document.querySelector('#problems button')", "a way to try again")
        with open(f"/dev/shm/{name}", "wb") as file:
            file.write(b"B" * 4096)
        self.browser.click("#problems button")
        self.browser.until(lambda: self.cell(0)["letter"] == "B", "another one of the same name is read")
        self.allowed = "404 (Not Found)"

    def test_reads_nothing_while_nobody_looks(self):
        name = self.foreign(4096)
        self.open(name)
        asked = "return performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/bytes')).length"
        before = self.browser.run(asked)
        self.browser.until(lambda: self.browser.run(asked) > before + 1, "reads again and again")
        self.browser.click("a.brand")
        self.browser.until("return !document.getElementById('view-overview').hidden", "the overview is shown")
        self.browser.until("return performance.now() - (window.since ??= performance.now()) > 1500", "some time passes")
        before = self.browser.run(asked)
        self.browser.until("return performance.now() - window.since > 4500", "more time passes")
        self.assertEqual(self.browser.run(asked), before)

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

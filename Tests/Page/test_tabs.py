"""The tabs of a segment, in a real browser: what they show, what a click or a key does, and what the server refuses."""

import os
import subprocess
import time
import unittest

from program import PROGRAM
from tabs_case import TabsTest

ENTER, ESCAPE, LEFT = "\ue007", "\ue00c", "\ue012"
# At most 16 and 32 bytes, as the format has room for.
HOSTILE_TAG, HOSTILE_NAME, HOSTILE_TEXT = "<s onclick=x>\u202e", "<img src=x onerror=alert(1)>'\"&", "</textarea><script>alert(1)</script>\n<b>"


class Heap(TabsTest):
    def test_figures_charts_and_bars(self):
        self.allocate(3000, "alpha", 4)
        self.allocate(100, "beta")
        self.open("heap")
        self.until_text("#tab-heap .chart:nth-of-type(4) .chart-figure", "5")
        self.until(lambda: self.drawn("#tab-heap .chart canvas") > 100, "the chart is drawn")
        self.assertIn("Used over time: used from", self.browser.run("return document.querySelector('#tab-heap canvas').getAttribute('aria-label')"))
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('[aria-labelledby=heap-by-tags-title] tbody th')].map((one) => one.textContent)"), ["alpha", "beta"])
        widths = self.browser.run("return [...document.querySelectorAll('[aria-labelledby=heap-by-tags-title] .fill')].map((one) => one.getBoundingClientRect().width)")
        self.assertGreater(widths[0], widths[1] * 10)
        self.assertGreater(widths[1], 0)
        self.allocate(5000, "beta")
        line = "[aria-labelledby=heap-by-tags-title] tbody tr:nth-child(2) .spark svg"
        self.until(f"return /^from 100.B to .*KiB$/.test(document.querySelector('{line}')?.getAttribute('aria-label'))", "its bytes over time, in words")
        heights = "return new Set(document.querySelector(arguments[0]).firstChild.getAttribute('points').split(' ').map((one) => one.split(',')[1])).size"
        self.assertGreater(self.browser.run(heights, line), 1)

    def test_sorts_filters_and_pages_by_the_server(self):
        self.allocate(64, "small", 40)
        large = self.allocate(5000, "large")
        self.open("heap")
        rows = self.until_rows("blocks", lambda rows: len(rows) == 25, "a page of blocks")
        self.assertEqual(rows[0][1], "64 B")
        self.press("Next page")
        rows = self.until_rows("blocks", lambda rows: 0 < len(rows) < 25, "the second page")
        self.assertIn("large", [row[5] for row in rows])
        self.browser.back()
        self.until_rows("blocks", lambda rows: len(rows) == 25, "the first page again")
        self.press("Largest")
        rows = self.until_rows("blocks", lambda rows: rows and rows[0][5] == "large", "the largest first")
        self.assertEqual(self.route()["sort"], "-sizeBytes")
        self.assertEqual(self.browser.run("return document.querySelector('.ways [aria-current]').textContent"), "Largest")
        self.press("Size", "[aria-labelledby=blocks-title] thead")
        self.until_rows("blocks", lambda rows: rows and rows[0][1] == "64 B", "the smallest first")
        self.assertEqual(self.browser.run("return document.querySelector('th[data-key=sizeBytes]').ariaSort"), "ascending")
        self.fill("tag", "large", "#blocks-filters")
        rows = self.until_rows("blocks", lambda rows: len(rows) == 1, "one block with the tag")
        self.assertEqual(rows[0][0], hex(large["offset"]))
        self.press("Orphaned")
        self.until_text("#tab-heap", "No block is orphaned: every owner lives.")

    def test_a_key_selects_a_block_and_its_row_is_marked(self):
        block = self.allocate(300, "one")
        self.open("heap")
        self.until_rows("blocks", lambda rows: len(rows) == 2, "two blocks")
        self.browser.run("document.querySelector('#blocks-rows tr button.link').focus()")
        self.browser.keys(ENTER)
        self.until(lambda: self.route().get("at") == str(block["offset"]), "the address names the block")
        self.assertEqual(self.browser.text("#blocks-rows tr[aria-current=true] th"), hex(block["offset"]))
        self.assertIn(hex(block["offset"]), self.browser.text("#said"))

    def test_finds_the_block_that_holds_an_offset_or_an_address(self):
        self.allocate(64, "", 30)
        block = self.allocate(1000, "wanted")
        self.open("heap")
        self.browser.type(".find input", hex(block["offset"] + 7) + ENTER)
        self.until_text("#blocks-found", "byte 7 of it: used, 1000 B")
        self.until(lambda: self.route().get("at") == str(block["offset"]), "it is selected")
        self.browser.clear(".find input")
        self.browser.type(".find input", f"{hex(0x7f0000000000 + block['offset'])} - 0x7f0000000000" + ENTER)
        self.until_text("#blocks-found", "byte 0 of it")
        self.browser.clear(".find input")
        self.browser.type(".find input", "16" + ENTER)
        self.until_text("#blocks-found", "No block holds 0x10")
        self.browser.clear(".find input")
        self.browser.type(".find input", "here" + ENTER)
        self.until_text("#blocks-found", "an offset in decimal, or in hex")
        self.assertEqual(self.browser.run("return document.querySelector('.find input').getAttribute('aria-invalid')"), "true")

    def test_resizes_and_frees_from_a_row(self):
        block = self.allocate(300, "mine")
        self.open("heap")
        self.until_rows("blocks", lambda rows: len(rows) == 2, "two blocks")
        self.press("Resize", "#blocks-rows")
        self.assertEqual(self.browser.run("return document.querySelector('dialog[open] [name=offset]').value"), hex(block["offset"]))
        self.fill("sizeBytes", "2KiB")
        self.press("Resize", "dialog[open]")
        self.until_rows("blocks", lambda rows: rows[0][1] == "2 KiB", "the new size")
        self.press("Free", "#blocks-rows")
        self.until_text("dialog.question", "tagged mine")
        self.press("Free", "dialog.question")
        self.until_rows("blocks", lambda rows: len(rows) == 1 and rows[0][3] == "free", "one free block")

    def test_looks_back(self):
        self.allocate(1000, "early")
        self.open("heap")
        self.until_rows("blocks", lambda rows: len(rows) == 2, "two blocks")
        self.until("return !document.getElementById('scrub').disabled", "there is something to look back at")
        # Two steps on, every moment that is not later has had the rows.
        before = self.browser.run("return Number(document.getElementById('scrub').max)") + 2000
        self.until(f"return document.getElementById('scrub').max > {before}", "a moment with two blocks is kept")
        self.allocate(1000, "late", 3)
        self.until_rows("blocks", lambda rows: len(rows) == 5, "five blocks")
        self.until(f"return document.getElementById('scrub').max > {before} + 1500", "then is far enough from now")
        self.browser.run(
            "const scrub = document.getElementById('scrub'); scrub.value = arguments[0]; scrub.dispatchEvent(new Event('input'))", before)
        self.until("return document.querySelector('#tab-heap .chart:nth-of-type(4) .chart-figure').textContent === '1'", "one used block then")
        self.until_rows("blocks", lambda rows: len(rows) == 2, "the blocks of then")
        self.assertTrue(self.browser.run("return document.querySelector('#blocks-rows [data-change]').disabled"))
        self.browser.run("document.getElementById('scrub-now').click()")
        self.until_rows("blocks", lambda rows: len(rows) == 5, "five blocks again")


class Events(TabsTest):
    def test_follows_holds_and_follows_again(self):
        self.work("churn", ratePerSecond=100)
        self.open("events")
        first = self.until_rows("events", lambda rows: len(rows) > 20, "events")[0][0]
        self.until_rows("events", lambda rows: int(rows[0][0]) > int(first), "newer ones")
        self.until(lambda: self.drawn("#events-strip") > 500, "the strip is drawn")
        self.browser.run("document.querySelector('#tab-events .scroll').scrollTop = 200")
        self.until_text("#events-follow", "newer)")
        held = self.cells("events")[0][0]
        self.until("return Number(/(\\d+)/.exec(document.getElementById('events-follow').textContent)[1]) > 30", "more come meanwhile")
        self.assertEqual(self.cells("events")[0][0], held)
        self.browser.click("#events-follow")
        self.until_text("#events-follow", "Following")
        self.until_rows("events", lambda rows: int(rows[0][0]) > int(held), "the newest again")

    def test_a_mark_and_a_row_lead_to_the_block(self):
        block = self.allocate(500, "marked")
        self.open("events")
        self.until_rows("events", lambda rows: len(rows) >= 1, "one event")
        self.browser.run("document.querySelector('#events-rows button.link').click()")
        self.until(lambda: self.route().get("at") == str(block["offset"]), "the row selects")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#events-rows [aria-current]').length"), 1)
        self.browser.click("#events-follow")
        other = self.allocate(700, "other")
        self.until_rows("events", lambda rows: len(rows) >= 2, "two events")
        self.browser.run("document.getElementById('events-strip').focus()")
        self.browser.keys(LEFT)
        self.until(lambda: self.route().get("at") == str(other["offset"]), "a key selects the newest")
        self.browser.keys(LEFT)
        self.until(lambda: self.route().get("at") == str(block["offset"]), "and the one before")
        self.browser.keys(ESCAPE)
        self.until_text("#events-follow", "Following")
        # The only marks are at the right end: the first row's are found by looking for colour.
        self.browser.run("document.getElementById('events-strip').scrollIntoView({ block: 'center' })")
        x, y = self.browser.run(
            "const canvas = document.getElementById('events-strip');"
            "const { data, width } = canvas.getContext('2d').getImageData(0, 0, canvas.width, 24);"
            "for (let x = width - 1; x > 200; x -= 1) for (let y = 6; y < 22; y += 1) { const i = 4 * (y * width + x);"
            "if (data[i + 3] > 200 && Math.max(data[i], data[i+1], data[i+2]) - Math.min(data[i], data[i+1], data[i+2]) > 60) return [x - 2, y]; } return null")
        self.browser.click_at("#events-strip", x, y)
        self.until(lambda: self.route().get("at") == str(other["offset"]), "a mark selects")

    def test_comes_nearer_and_moves_by_wheel_pointer_and_keys(self):
        """Two events with some time between them: nearer, there is nothing in the middle; at the left end the first."""
        self.allocate(500, "first")
        time.sleep(2)
        self.allocate(500, "second")
        self.open("events")
        self.until_rows("events", lambda rows: len(rows) == 2, "two events")
        self.fill("span", "", "#events-filters")
        self.until(lambda: self.in_strip() == 2, "both are in the strip")
        self.browser.run("document.getElementById('events-strip').scrollIntoView({ block: 'center' })")
        left, width = self.browser.run("return [(innerWidth < 560 ? 92 : 168), document.getElementById('events-strip').clientWidth]")
        inner = width - left - 8
        # As near as half a second, a second after the first event.
        for _ in range(40):
            self.browser.wheel("#events-strip", left + 30, 30, -120)
            if self.in_strip() == 0:
                break
        self.assertEqual(self.in_strip(), 0, "nothing is in the middle")
        self.until_text("#events-follow", "Follow again")
        span = self.browser.run("const s = document.querySelector('#events-filters [name=span]'); return s.selectedOptions[0].textContent")
        self.assertRegex(span, r"^[0-9.]+\u00a0(ms|s|min)$")
        for _ in range(12):
            self.drag("#events-strip", left + 5, left + inner - 5)
            if self.in_strip() == 1:
                break
        self.assertEqual(self.in_strip(), 1, "the first event is at the left end")
        self.browser.run("document.getElementById('events-strip').focus()")
        self.browser.keys("0")
        self.until(lambda: self.in_strip() == 2, "all again")
        self.browser.keys("+", "+")
        # A key goes to what is out of sight, and it comes into sight.
        self.browser.keys(LEFT, LEFT, LEFT)
        self.until(lambda: self.in_strip() >= 1, "what is chosen is in sight")
        self.browser.keys(ESCAPE)
        self.until_text("#events-follow", "Following")
        self.assertEqual(self.browser.run("return document.querySelector('#events-filters [name=span]').value"), "")

    def in_strip(self):
        """How many events the strip shows, by its own words."""
        return int(self.browser.run("return document.getElementById('events-strip').getAttribute('aria-label')").split()[0].replace(",", ""))

    def drag(self, selector, start, end):
        x, y = self.browser.run(
            "const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.left, r.top]", selector)
        self.browser.pointer(
            {"type": "pointerMove", "x": round(x + start), "y": round(y + 30), "duration": 0}, {"type": "pointerDown", "button": 0},
            {"type": "pointerMove", "x": round(x + end), "y": round(y + 30), "duration": 50}, {"type": "pointerUp", "button": 0})

    def test_filters_by_kind_and_shows_rows_by_kind(self):
        self.work("mixed", ratePerSecond=100)
        self.open("events")
        self.until_rows("events", lambda rows: len(rows) > 20, "events")
        self.fill("kind", "count", "#events-filters")
        self.until_rows("events", lambda rows: len(rows) > 2 and all("count" in row[2] for row in rows), "only what was counted")
        self.assertEqual(self.route()["kind"], "count")
        self.fill("kind", "", "#events-filters")
        self.fill("lanes", "kind", "#events-filters")
        self.until(lambda: self.route().get("lanes") == "kind", "the address names the rows")
        self.assertIn("in rows by kind", self.browser.run("return document.getElementById('events-strip').getAttribute('aria-label')"))

    def test_loads_older_ones_and_says_where_they_end(self):
        worker = self.work("counter", operations=1500)[0]
        self.until(lambda: self.server.ask("GET", f"workers/{worker['workerId']}")["state"] == "exited", "the worker is done")
        self.open("events")
        self.until_rows("events", lambda rows: len(rows) == 100, "the last events, though nothing happens")
        for _ in range(30):
            if self.browser.run("return document.getElementById('events-older').hidden"):
                break
            before = len(self.cells("events"))
            self.browser.click("#events-older")
            self.until_rows("events", lambda rows: len(rows) > before, "more rows")
        self.assertEqual(self.cells("events")[-1][0], "1")
        self.until_text("#tab-events", "holds no older events")


class Workers(TabsTest):
    def test_starts_shows_rates_and_ends(self):
        self.open("workers")
        self.until_text("#tab-workers", "This server has no worker on this segment")
        self.browser.click("#tab-workers input[value=counter]")
        self.fill("ratePerSecond", "50", "#tab-workers form")
        self.press("Start", "#tab-workers form")
        self.until_rows("workers", lambda rows: len(rows) == 1 and rows[0][2] == "counter ratePerSecond 50", "the worker and what it was told")
        self.until_rows("workers", lambda rows: rows[0][4].endswith("/s") and 20 < float(rows[0][4].split()[0]) < 80, "its rate")
        self.until("return document.querySelector('.spark polyline').getAttribute('points').split(' ').length > 2", "its line")
        self.press("End", "#workers-rows")
        self.until_rows("ended", lambda rows: len(rows) == 1, "it has ended")
        self.assertIn(self.cells("ended")[0][3], ("ended well", "killed by SIGTERM"))

    def test_the_server_refuses_at_the_field(self):
        self.refused = (400, 422, 507)
        self.open("workers")
        self.browser.click("#tab-workers input[value=hold]")
        self.until("return document.querySelector('#tab-workers form [name=holdMilliseconds]') !== null", "its own options")
        self.fill("holdMilliseconds", "-5", "#tab-workers form")
        self.press("Start", "#tab-workers form")
        self.until("return document.querySelector('#tab-workers form [name=holdMilliseconds]').getAttribute('aria-invalid') === 'true'")
        self.assertRegex(self.browser.text("#tab-workers form .field-error:not(:empty)"), r"\d")
        self.press("Allocate…", "#tab-workers")
        self.fill("sizeBytes", "many")
        self.press("Allocate", "dialog[open]")
        self.until("return document.querySelector('dialog[open] [name=sizeBytes]').getAttribute('aria-invalid') === 'true'")
        self.fill("sizeBytes", "900GiB")
        self.press("Allocate", "dialog[open]")
        self.until_text("dialog[open]", "largest free")

    def test_allocates_writes_and_sets_the_header(self):
        self.open("workers")
        self.press("Allocate…", "#tab-workers")
        self.fill("sizeBytes", "1KiB")
        self.fill("tag", "made here")
        self.press("Allocate", "dialog[open]")
        self.until_text("#toasts", "Allocated 1,024 bytes")
        block = self.server.ask("GET", f"segments/{self.id}/blocks?state=used")["blocks"][0]
        self.assertEqual((block["tag"], block["sizeBytes"]), ("made here", 1024))
        self.until(lambda: self.route().get("at") == str(block["offset"]), "it is selected")
        self.press("Write bytes…", "#tab-workers")
        self.fill("form", "hex")
        self.fill("bytes", "de ad be ef")
        self.press("Write", "dialog[open]")
        self.until_text("#toasts", "4 bytes written")
        dump = self.server.ask("GET", f"segments/{self.id}/hexdump?offset={block['offset']}&length=4&style=json")
        self.assertEqual(dump["rows"][0]["hex"].replace(" ", ""), "deadbeef")
        self.press("Text and flag…", "#tab-workers")
        self.fill("text", "<b>not bold</b>")
        self.fill("flag", "7")
        self.press("Set", "dialog[open]")
        self.until_text("#segment-facts", "<b>not bold</b>")
        header = self.server.ask("GET", f"segments/{self.id}")["header"]
        self.assertEqual((header["text"], header["flag"]), ("<b>not bold</b>", 7))

    def test_protects_and_lifts(self):
        self.allocate(9000)
        self.open("workers", at=self.server.ask("GET", f"segments/{self.id}/blocks")["blocks"][0]["offset"])
        self.press("Protection…", "#tab-workers")
        self.fill("access", "read")
        self.press("Protect", "dialog[open]")
        self.until_rows("protection", lambda rows: len(rows) == 1 and rows[0][2] == "read", "the protected range")
        self.press("Lift", "#protection-rows")
        self.until_rows("protection", lambda rows: rows == [], "none is left")
        self.assertEqual(self.server.ask("GET", f"segments/{self.id}")["protection"], [])

    def test_verify_lists_findings_that_lead_to_their_place(self):
        block = self.allocate(100)
        self.allocate(100)
        self.open("workers")
        self.press("Verify…", "#tab-workers")
        self.press("Check", "dialog[open]")
        self.until_text("dialog[open] .form-result", "nothing found")
        with open(f"/dev/shm/{self.name}", "r+b") as file:
            file.seek(block["offset"] + block["sizeBytes"])
            file.write(b"overrun!")
        self.press("Check", "dialog[open]")
        self.until("return document.querySelectorAll('dialog[open] .form-result li').length > 0", "a finding")
        self.browser.run("document.querySelector('dialog[open] .form-result li button').click()")
        self.until(lambda: block["offset"] - 64 <= int(self.route().get("at", 0)) <= block["offset"] + 200, "its place is selected")

    def test_removing_asks_first_and_again_where_someone_lives(self):
        self.refused = (409,)
        self.work("counter", ratePerSecond=20)
        self.until(lambda: self.server.ask("GET", f"segments/{self.id}/participants")["participants"], "it takes part")
        self.open("workers")
        self.until_rows("workers", lambda rows: len(rows) == 1, "the worker")
        self.press("Remove the segment…", "#tab-workers")
        self.press("Cancel", "dialog.question")
        self.assertEqual(self.server.ask("GET", f"segments/{self.id}")["name"], self.name)
        # Asked again at once, in one turn of the page: what became of the first question does not answer the next.
        self.browser.run(
            "const press = (text) => [...document.querySelectorAll('button')].find((one) => one.textContent.trim() === text).click();"
            "for (const text of ['Remove the segment…', 'Cancel', 'Remove the segment…']) press(text)")
        self.press("Remove", "dialog.question")
        self.until_text("dialog.question[open]", "Somebody still uses it")
        self.press("Remove all the same", "dialog.question")
        self.until("return !document.getElementById('view-overview').hidden", "the overview")
        self.assertFalse(os.path.exists(f"/dev/shm/{self.name}"))


class Hostile(TabsTest):
    """What others write into a segment is text, wherever the page shows it."""

    def test_tags_names_and_texts_are_text_everywhere(self):
        block = self.allocate(100, HOSTILE_TAG)
        self.server.ask("PATCH", f"segments/{self.id}", {"text": HOSTILE_TEXT})
        worker = subprocess.Popen(
            [PROGRAM, "worker", self.name, "--workload", "churn", "--rate-per-second", "20", "--name", HOSTILE_NAME],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(worker.wait)
        self.addCleanup(worker.kill)
        self.until(lambda: self.server.ask("GET", f"segments/{self.id}/participants")["participants"], "it takes part")
        shown_tag, shown_name = HOSTILE_TAG.replace("\u202e", "⟨U+202E⟩"), HOSTILE_NAME
        for tab, selector, text in [
            ("heap", "#blocks-rows", shown_tag), ("heap", "#tab-heap", shown_name), ("participants", "#participants-rows", shown_name),
            ("events", "#events-rows", shown_tag), ("events", "#events-rows", shown_name), ("about", "main", "<script>alert(1)</script>"),
            ("locks", "#tab-locks", "Owners that died"), ("workers", "#tab-workers", "Changes"),
        ]:
            self.open(tab, at=block["offset"], to=block["offset"] + 100)
            if tab == "events":
                # Events go by.
                self.allocate(16, HOSTILE_TAG)
            self.until(lambda: text in (self.browser.text(selector) or ""), f"{text!r} in {selector} of {tab}")
            self.only_text()
        for colour in ("owner", "tag"):
            self.open("heap", colour=colour)
            self.until_text(".map-legend", shown_tag if colour == "tag" else "external")
            self.only_text()
        # Held by it, the lock names it.
        worker.kill()
        worker.wait()
        self.open("participants")
        self.until_text("#tab-participants .notice", "1 participant has died")
        self.only_text()

    def only_text(self):
        found = self.browser.run(
            "return [...document.querySelectorAll('s, b, img:not(.brand img), script:not([type=module]), [onerror], [onclick]')].map((one) => one.outerHTML)")
        self.assertEqual(found, [])


class Looks(TabsTest):
    def test_no_tab_is_wider_than_the_page(self):
        self.allocate(64, "t" * 16, 30)
        self.work("mixed", 3, ratePerSecond=50)
        self.addCleanup(self.browser.size, 1280, 900)
        for width in (360, 1280, 2560):
            self.browser.size(width, 900)
            for tab in ("heap", "locks", "participants", "events", "workers"):
                with self.subTest(width=width, tab=tab):
                    self.open(tab)
                    self.until(f"return document.querySelectorAll('#tab-{tab} tbody tr').length > 0", "rows")
                    self.assertLessEqual(*self.browser.run("return [document.documentElement.scrollWidth, innerWidth]"))

    def test_the_workers_fit_beside_their_form(self):
        self.work("churn", 2, ratePerSecond=50, seed=123456789, durationMilliseconds=3600000, operations=100000000)
        self.work("hold", holdMilliseconds=1)
        self.work("falsesharing", durationMilliseconds=400)
        self.open("workers")
        self.until_rows("workers", lambda rows: len(rows) == 2, "workers")
        self.until_rows("ended", lambda rows: any("as fast apart" in row[6] for row in rows), "what was measured")
        self.until_rows("workers", lambda rows: rows[0][4] != "–", "a rate")
        sides = "return [...document.querySelectorAll('#tab-workers .work .scroll')].map((one) => [one.scrollWidth, one.clientWidth])"
        for inner, outer in self.browser.run(sides):
            self.assertLessEqual(inner, outer)

    def test_the_scrubber_has_a_line_of_its_own_where_it_is_narrow(self):
        self.addCleanup(self.browser.size, 1280, 900)
        boxes = (
            "return ['scrub', 'scrub-at', 'scrub-now', 'scrubber'].map((id) => {"
            "const { left, right, top, bottom } = document.getElementById(id).getBoundingClientRect(); return { left, right, top, bottom } })")
        self.browser.size(360, 900)
        self.open("locks")
        for said in ("now", "899 s ago, at 13:18:47 UTC"):
            self.browser.run("document.getElementById('scrub-at').textContent = arguments[0]", said)
            slider, words, now, host = self.browser.run(boxes)
            self.assertGreater(slider["right"] - slider["left"], 0.9 * (host["right"] - host["left"]))
            self.assertGreaterEqual(slider["top"], max(words["bottom"], now["bottom"]))
            self.assertLessEqual(abs(now["top"] + now["bottom"] - words["top"] - words["bottom"]), 4, "the words and the button share a line")
        self.browser.size(1280, 900)
        slider, words, now, _ = self.browser.run(boxes)
        self.assertLess(slider["top"], now["bottom"])

    def test_the_bytes_begin_below_their_heading(self):
        self.addCleanup(self.browser.size, 1280, 900)
        for width, height in ((1280, 900), (2560, 1440)):
            self.browser.size(width, height)
            self.open("locks")
            gap = self.browser.run(
                "const box = (id) => document.getElementById(id).getBoundingClientRect();"
                "const heading = document.getElementById('hex-title'); const range = document.createRange(); range.selectNodeContents(heading);"
                "return box('hex').top - range.getBoundingClientRect().bottom")
            self.assertLess(gap, 24, f"at {width}")

    def test_what_does_not_change_is_not_touched(self):
        self.allocate(64, "still", 5)
        self.open("heap")
        self.until_rows("blocks", lambda rows: len(rows) == 6, "the blocks")
        # Every frame's changes in the table, over some looks of the server.
        self.browser.run(
            "window.changes = 0; new MutationObserver((list) => { window.changes += list.length; })"
            ".observe(document.getElementById('blocks-rows'), { subtree: true, childList: true, characterData: true, attributes: true });"
            "window.looks = 0; new MutationObserver(() => { window.looks += 1; })"
            ".observe(document.querySelector('#tab-heap .chart canvas'), { attributes: true })")
        self.allocate(64, "new")
        self.until("return window.changes > 0", "the new block's row")
        self.assertLess(self.browser.run("return window.changes"), 120)


if __name__ == "__main__":
    unittest.main()

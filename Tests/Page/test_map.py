"""The map's hands and its places: what a press selects, what comes into sight by itself, and where one begins."""

import unittest

from server import quoted, remove, unique
from test_views import NET, Case


class MapCase(Case):
    window_size = (1280, 900)

    def pool(self, segment):
        regions = self.server.ask("GET", f"segments/{segment}/layout")["regions"]
        return next(region for region in regions if region["name"] == "pool")

    def seen(self):
        """What is in sight, `[from, to]`."""
        return self.model("map", "({ list }) => list && [list.seen.from, list.seen.to]")

    def until_seen(self, start, size, what):
        self.until(lambda: self.seen() == [start, start + size], what)

    def place(self, byte):
        view = self.view()
        past = byte + 0.5 - view["start"]
        return past % view["perRow"] / view["perRow"] * view["width"], past // view["perRow"] * 18 + 8

    def press_at(self, byte, times=1):
        self.browser.run("document.getElementById('map-canvas').scrollIntoView({ block: 'center' })")
        x, y = self.place(byte)
        self.browser.click_at("#map-canvas", x, y, times)

    def press(self, text):
        self.browser.run("[...document.querySelectorAll('.map-buttons button')].find((one) => one.textContent === arguments[0]).click()", text)

    def keys(self, *keys):
        self.browser.run("document.getElementById('map-canvas').focus()")
        self.browser.keys(*keys)

    def selected(self):
        return self.model("hex", "({ selection }) => selection")


class Pressing(MapCase):
    def test_where_bytes_are_drawn_a_press_selects_one(self):
        segment = self.segment("4MiB")
        pool = self.pool(segment)
        byte = pool["offset"] + (3 << 20) + 123
        self.open(segment, **{"from": byte - 300, "span": 600})
        self.until(lambda: self.model("map", "({ list }) => list?.bytes?.data?.length"), "digits")
        self.press_at(byte)
        self.until(lambda: self.selected() == {"from": byte, "to": byte + 1}, "the byte")
        self.until("return document.getElementById('hex-cursor') !== null", "the cursor is in sight in the bytes")
        self.assertEqual(self.model("hex", "({ inSight }) => inSight.from") <= byte < self.model("hex", "({ inSight }) => inSight.to"), True)
        self.assertLess(self.view()["perRow"], 64, "nothing moved")
        # A double click comes close to the whole thing.
        self.press_at(byte, times=2)
        self.until_view(lambda view: view["perRow"] * view["rows"] > 1 << 20, "the free block")
        # From there a press selects the block.
        self.press_at(byte)
        self.until(lambda: (self.selected() or {}).get("to", 0) - self.selected()["from"] > 3 << 20, "the block")


class Revealing(MapCase):
    def near(self):
        """One looks at the end of a pool, from near."""
        segment = self.segment("4MiB")
        block = self.allocate(segment)[0]
        pool = self.pool(segment)
        start = pool["offset"] + (3 << 20)
        self.open(segment, tab="heap", **{"from": start, "span": 65536})
        self.until_seen(start, 65536, "the place of the address")
        return segment, pool, block

    def go_to(self, offset):
        self.browser.run("document.querySelector('.hex-go input').value = arguments[0]; document.querySelector('.hex-go').requestSubmit()", str(offset))

    def until_sees(self, byte):
        self.until(lambda: self.seen()[0] <= byte < self.seen()[1], f"{byte} in sight")
        view = self.view()
        self.assertEqual(round(view["perRow"] * view["rows"]), 65536, "as near as before")

    def test_what_is_selected_elsewhere_comes_into_sight(self):
        _, pool, block = self.near()
        start = self.seen()[0]
        # In sight already: nothing moves.
        self.go_to(start + 5000)
        self.until(lambda: self.model("map", "({ list }) => list.marks.length") == 1, "it is marked")
        self.assertEqual(self.seen()[0], start)
        self.go_to("0x100")
        self.until_sees(0x100)
        self.go_to(pool["offset"] + pool["sizeBytes"] - 1)
        self.until_sees(pool["offset"] + pool["sizeBytes"] - 1)
        self.until("return [...document.querySelectorAll('#blocks-rows button')].some((one) => one.textContent === 'Show')", "a row of the table")
        self.browser.run("[...document.querySelectorAll('#blocks-rows button')].find((one) => one.textContent === 'Show').click()")
        self.until_sees(block["offset"])
        self.until("return new URLSearchParams(location.search).get('from') < arguments[0]".replace("arguments[0]", str(start)), "the address has it")

    def test_the_hand_moves_away_from_what_is_selected(self):
        self.near()
        self.go_to("0x100")
        self.until_sees(0x100)
        self.press("All")
        self.press("Pool")
        self.browser.run_async("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))")
        self.assertGreater(self.seen()[0], 0x100)

    def test_an_address_that_names_a_place_is_obeyed(self):
        segment, pool, block = self.near()
        start = pool["offset"] + (2 << 20)
        self.open(segment, at=block["offset"], to=block["offset"] + 4, **{"from": start, "span": 65536})
        self.until_seen(start, 65536, "the place")
        self.until(lambda: self.selected(), "what is selected")
        self.assertEqual(self.seen()[0], start)

    def test_steps_lead_into_the_pool(self):
        _, pool, block = self.near()
        self.go_to("0x100")
        self.until_sees(0x100)
        self.keys("n")
        self.until(lambda: self.selected()["from"] == block["offset"], "the first block")
        self.until_sees(block["offset"])
        self.go_to("0x100")
        self.until_sees(0x100)
        self.keys("p")
        self.until_text(".map-status", "There is no block before 0x100.")
        self.assertEqual(self.selected()["from"], 0x100)


class Beginning(MapCase):
    def test_one_begins_at_the_pool(self):
        segment = self.segment()
        size, pool = self.size(segment), self.pool(segment)
        at_pool = (pool["offset"], pool["sizeBytes"])
        self.open(segment)
        self.until_seen(*at_pool, "the pool")
        self.assertNotIn("span=", self.browser.url())
        # Another width or height shows the pool still.
        self.browser.size(700, 1200)
        self.addCleanup(self.browser.size, *self.window_size)
        self.until_view(lambda view: view["width"] < 690, "narrow")
        self.until_seen(*at_pool, "the pool in a narrow window")
        for whole, back in ((lambda: self.press("All"), lambda: self.press("Pool")), (lambda: self.keys("0"), lambda: self.keys("h"))):
            whole()
            self.until_seen(0, size, "the whole")
            self.until(f"return location.search.includes('from=0&span={size}')", "the address says so")
            back()
            self.until_seen(*at_pool, "the pool again")
            self.until("return !location.search.includes('span=')", "and needs no word for it")
        self.press("All")
        self.until(f"return location.search.includes('span={size}')", "the address")
        self.browser.reload()
        self.until_text("#live-text", "live")
        self.until_seen(0, size, "the whole, after a reload")
        self.keys("h", "\ue013")
        self.until(lambda: self.seen()[0] < pool["offset"], "one row up, into the tables")

    def test_what_is_selected_is_in_the_first_view(self):
        segment = self.segment()
        size, pool = self.size(segment), self.pool(segment)
        self.open(segment, at=1216, to=1224)
        self.until_seen(0, size, "the whole, for a field of the header")
        self.open(segment, at=pool["offset"] + 64, to=pool["offset"] + 65)
        self.until_seen(pool["offset"], pool["sizeBytes"], "the pool, for a byte in it")

    def test_what_has_no_pool_is_seen_whole(self):
        self.open(self.foreign())
        self.until_seen(0, 1 << 20, "the whole")
        self.assertTrue(self.browser.run("return [...document.querySelectorAll('.map-buttons button')].find((one) => one.textContent === 'Pool').hidden"))
        self.keys("h")
        self.assertEqual(self.seen(), [0, 1 << 20])

    def foreign(self):
        name = unique("views")
        self.addCleanup(remove, name)
        with open(f"/dev/shm/{name}", "wb") as file:
            file.truncate(1 << 20)
        return quoted(name)

    def test_the_whole_is_seen_until_somebody_can_say_where_the_pool_is(self):
        segment = self.segment()
        size, pool = self.size(segment), self.pool(segment)
        self.browser.open(self.server.base)
        self.until_text("#live-text", "live")
        self.browser.run(NET)
        self.browser.run("net.hold = /layout/")
        self.go(segment)
        self.until_text("#segment-facts", "MiB")
        self.assertIsNone(self.view(), "the layout is waited for")
        self.browser.run("net.hold = null; net.fail = /layout/; net.held.length = 0")
        self.go(None)
        self.until("return !document.getElementById('view-overview').hidden", "the list")
        self.go(segment)
        self.until_view(lambda view: view["start"] == 0 and round(view["perRow"] * view["rows"]) == size, "the whole")
        self.browser.run("net.fail = null")
        self.until_seen(pool["offset"], pool["sizeBytes"], "the pool, in the end")


if __name__ == "__main__":
    unittest.main()

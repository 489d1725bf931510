"""One long visit, as a user makes it: a segment from its making to its end, with everything that the page has in between."""

import hashlib
import json
import os
import signal
import unittest

from browser import Browser
from program import PROGRAM, PUBLIC
from server import Server, quoted, remove, unique

ENTER = "\ue007"
# What the browser itself says of a server that is not there, and of no mistake of the page.
OUTAGE = ("net::ERR_CONNECTION_REFUSED", "net::ERR_CONNECTION_RESET", "net::ERR_INCOMPLETE_CHUNKED_ENCODING",
          "net::ERR_EMPTY_RESPONSE", "net::ERR_SOCKET_NOT_CONNECTED")

MODEL = """
const done = arguments[arguments.length - 1];
import(arguments[0]).then(({ model }) => done(JSON.stringify(%s(model(), arguments[1]), (key, value) =>
  value instanceof Map ? [...value.values()] : value instanceof Uint8Array ? [...value] : value)));
"""


class Visit(unittest.TestCase):
    def setUp(self):
        self.server = Server(PROGRAM, PUBLIC)
        self.addCleanup(self.server.stop)
        self.browser = Browser(1280, 1400)
        self.addCleanup(self.browser.close)
        self.name = unique("visit")
        self.id = quoted(self.name)
        self.addCleanup(remove, self.name)

    # Steps

    def until(self, condition, what, seconds=30):
        return self.browser.until(condition, what, seconds)

    def until_text(self, selector, text):
        self.until(lambda: text in (self.browser.text(selector) or "").replace("\xa0", " "), f"{text!r} in {selector}")

    def model(self, view, pick="(model) => model", argument=None):
        """What a view draws, as far as `pick` takes it."""
        text = self.browser.run_async(MODEL % f"({pick})", f"./js/views/{view}.js", argument)
        return None if text is None else json.loads(text)

    def press(self, text, within="body"):
        self.until(
            lambda: self.browser.run(
                "const found = [...document.querySelectorAll(`${arguments[1]} :is(button, a)`)]"
                ".find((one) => one.textContent.trim() === arguments[0] && one.checkVisibility() && !one.disabled);"
                "if (found) { found.focus(); found.click(); } return Boolean(found)", text, within),
            f"a button {text!r} in {within}")

    def fill(self, name, value, within="dialog[open]"):
        self.until(lambda: self.browser.run(
            "const input = document.querySelector(`${arguments[2]} [name=${arguments[0]}]`); if (!input) return false;"
            "input.value = arguments[1]; input.dispatchEvent(new Event('input', { bubbles: true }));"
            "input.dispatchEvent(new Event('change', { bubbles: true })); return true", name, value, within), f"a field {name}")

    def tab(self, name):
        self.browser.run("document.getElementById(`tab-${arguments[0]}-button`).click()", name)
        self.until(f"return !document.getElementById('tab-{name}').hidden", f"the tab {name}")

    def work(self, workload, **options):
        return self.server.ask("POST", "workers", {"segment": self.id, "workload": workload, "options": options})["workers"][0]

    def quiet(self, allowed=()):
        wrong = [entry["message"] for entry in self.browser.logs()
                 if entry["level"] in ("SEVERE", "WARNING") and not any(text in entry["message"] for text in allowed)]
        self.assertEqual(wrong, [], "the console is quiet")

    def picture(self):
        """A digest of the map's pixels."""
        data = self.browser.run("return document.getElementById('map-canvas').toDataURL()")
        return hashlib.sha256(data.encode()).hexdigest()

    def place(self, byte):
        """Where the middle of a byte stands on the map's canvas, in CSS pixels."""
        byte += 0.5
        view = self.model("map", "({ view }) => view")
        row = (byte - view["start"]) // view["perRow"]
        return ((byte - view["start"]) % view["perRow"]) / view["perRow"] * view["width"], row * 18 + 8

    def reveal(self, selector):
        self.browser.run("document.querySelector(arguments[0]).scrollIntoView({ block: 'center' })", selector)

    # The visit

    def test_from_the_making_to_the_end(self):
        self.create()
        self.watch_workers()
        block = self.allocate()
        self.zoom_to_bytes(block)
        self.select_both_ways(block)
        self.edit(block)
        self.free(block)
        self.quiet()
        self.hold_and_stop()
        self.quiet()
        self.outage()

    def create(self):
        self.browser.open(self.server.base)
        self.until_text("#live-text", "live")
        self.press("New segment…")
        self.fill("name", self.name)
        self.fill("capacityBytes", "1MiB")
        self.press("Create", "dialog[open]")
        self.until_text("#segment-title", self.name)
        self.assertIn(f"segment={self.id.replace(':', '%3A')}", self.browser.url())
        self.until_text("#live-text", "live")
        self.until(lambda: self.model("map", "({ coarse }) => coarse?.buckets.length") == 1024, "a picture of the heap")
        self.assertEqual(self.model("map", "({ coarse }) => coarse.buckets.reduce((sum, one) => sum + one.usedBytes, 0)"), 0)

    def watch_workers(self):
        before = self.picture()
        self.tab("workers")
        self.browser.click("#tab-workers input[value=churn]")
        self.fill("ratePerSecond", "200", "#tab-workers form")
        self.press("Start", "#tab-workers form")
        self.until_text("#workers-rows", "churn")
        used = "({ fine, coarse }) => (fine?.blocks ?? []).filter((one) => one.state !== 'free').length + coarse.buckets.filter((one) => one.usedBytes > 0).length"
        self.until(lambda: self.model("map", used) > 20, "blocks on the map")
        # What is known is drawn in the frame after that.
        self.until(lambda: self.picture() != before, "the pixels are others")
        # An owner's colour, and not only the model's word for it.
        colours = self.browser.run(
            "const canvas = document.getElementById('map-canvas'); const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);"
            "const found = new Set(); for (let i = 0; i < data.length; i += 4) found.add(`rgb(${data[i]}, ${data[i + 1]}, ${data[i + 2]})`); return [...found]")
        owner = self.browser.run(
            "const probe = document.body.appendChild(document.createElement('i')); probe.style.color = getComputedStyle(document.body).getPropertyValue('--owner-1');"
            "const colour = getComputedStyle(probe).color; probe.remove(); return colour")
        self.assertIn(owner, colours)
        self.press("End", "#workers-rows")
        self.until_text("#ended-rows", "churn")

    def allocate(self):
        self.press("Allocate…", "#tab-workers")
        self.fill("sizeBytes", "500")
        self.fill("tag", "visited")
        self.press("Allocate", "dialog[open]")
        self.until_text("#toasts", "Allocated 500 bytes")
        found = self.server.ask("GET", f"segments/{self.id}/blocks?tag=visited")["blocks"]
        self.assertEqual([block["sizeBytes"] for block in found], [500])
        self.until(lambda: f"at={found[0]['offset']}" in self.browser.url(), "the address names it")
        return found[0]

    def zoom_to_bytes(self, block):
        """With the wheel alone, at the byte, without letting go of it."""
        middle = block["offset"] + 8
        # Not from the pool's own view: a block at its very corner leaves it by the part of a pixel that a pointer has not.
        self.press("All", ".map-buttons")
        self.reveal("#map-canvas")
        for _ in range(200):
            if self.model("map", "({ list }) => Boolean(list.bytes)"):
                break
            x, y = self.place(middle)
            self.browser.wheel("#map-canvas", x, y, -400)
        self.until(lambda: self.model("map", "({ list }) => list.bytes?.data?.length"), "digits on the map")
        view = self.model("map", "({ view }) => view")
        self.assertLessEqual(view["perRow"], view["width"] / 17)
        self.assertTrue(view["start"] <= middle < view["start"] + view["perRow"] * view["rows"], "the byte stayed in sight")
        shown = self.model("map", "({ list }, at) => [...list.bytes.data.slice(at - list.bytes.from, at - list.bytes.from + 16)]", block["offset"])
        dump = self.server.ask("GET", f"segments/{self.id}/hexdump?style=json&offset={block['offset']}&length=16")
        self.assertEqual(bytes(shown).hex(), dump["rows"][0]["hex"].replace(" ", ""))

    def select_both_ways(self, block):
        self.press("Selection", ".map-buttons")
        self.browser.run("document.getElementById('map-canvas').focus()")
        # In the map: hex has it.
        other = [one for one in self.server.ask("GET", f"segments/{self.id}/blocks?limit=1000")["blocks"]
                 if one["spanOffset"] + one["spanBytes"] == block["spanOffset"]
                 or one["spanOffset"] == block["spanOffset"] + block["spanBytes"]][0]
        seen = other["offset"] if other["offset"] > block["offset"] else other["spanOffset"] + other["spanBytes"] - 1
        # Where its bytes are drawn, the byte.
        self.until(lambda: self.model("map", "({ list }) => Boolean(list.bytes)"), "digits")
        x, y = self.place(seen)
        self.browser.click_at("#map-canvas", x, y)
        wanted = {"from": seen, "to": seen + 1}
        self.until(lambda: self.model("hex", "({ selection }) => selection") == wanted, "the hex view has the byte")
        # From farther away, the block.
        while self.model("map", "({ list }) => Boolean(list.bytes)"):
            self.press("−", ".map-buttons")
            self.browser.run_async("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done))")
        x, y = self.place(seen)
        self.browser.click_at("#map-canvas", x, y)
        wanted = {"from": other["offset"], "to": other["offset"] + other["sizeBytes"]}
        self.until(lambda: self.model("hex", "({ selection }) => selection") == wanted, "the hex view has what the map selected")
        # In hex: the map has it.
        self.browser.run("document.querySelector('.hex-sheet').focus()")
        self.fill("offset", hex(block["offset"] + 3), ".hex-go")
        self.press("Go", ".hex-go")
        wanted = {"from": block["offset"] + 3, "to": block["offset"] + 4}
        self.until(lambda: self.model("map", "({ list }) => list.marks?.find((one) => !one.isDashed)") == wanted, "the map marks the byte")
        self.assertIn(f"at={block['offset'] + 3}", self.until(
            lambda: self.browser.url() if f"at={block['offset'] + 3}" in self.browser.url() else None, "the address"))

    def edit(self, block):
        at = block["offset"] + 3
        self.browser.run("document.querySelector('.hex-sheet').focus()")
        self.browser.keys(*"c0ffee")
        self.until(lambda: self.model("hex", "({ edit }) => edit"), "an edit that is not sent yet")
        before = self.server.ask("GET", f"segments/{self.id}/hexdump?style=json&offset={at}&length=3")["rows"][0]["hex"]
        self.assertNotEqual(before.replace(" ", ""), "c0ffee")
        self.browser.run("document.querySelector('.hex-sheet').focus()")
        self.browser.keys(ENTER)
        self.until("return document.querySelector('dialog.question[open]') !== null", "a question first")
        self.browser.run("document.querySelector('dialog.question button.primary').click()")
        self.until(lambda: self.server.ask("GET", f"segments/{self.id}/hexdump?style=json&offset={at}&length=3")
                   ["rows"][0]["hex"].replace(" ", "") == "c0ffee", "the bytes are written")

    def free(self, block):
        self.tab("heap")
        self.fill("tag", "visited", "#blocks-filters")
        self.until_text("#blocks-rows", hex(block["offset"]))
        self.press("Free", "#blocks-rows")
        self.press("Free", "dialog.question")
        self.until(lambda: self.server.ask("GET", f"segments/{self.id}/blocks?tag=visited")["blocks"] == [], "it is free")
        state = "({ fine }, at) => fine?.blocks?.find((one) => at >= one.spanOffset && at < one.spanOffset + one.spanBytes)?.state"
        self.until(lambda: self.model("map", state, block["offset"]) == "free", "the map has it free")

    def hold_and_stop(self):
        waiter = self.work("counter", ratePerSecond=20)
        self.until(lambda: self.server.ask("GET", f"segments/{self.id}/participants")["participants"], "it takes part")
        holder = self.work("hold")
        self.tab("locks")
        self.until_text("#tab-locks .lock-state", "Held by")
        self.until_text("#segment-facts", f"held by {holder['pid']}")
        self.until_text("#tab-locks .lock tbody", str(waiter["pid"]))
        os.kill(holder["pid"], signal.SIGSTOP)
        self.until_text("#tab-locks .alarm", "The holder is stopped")
        self.press("Shared memory", "nav")
        self.until_text("#overview", self.name)
        self.until_text("#overview", "stopped")
        self.browser.back()
        self.until_text("#segment-title", self.name)
        os.kill(holder["pid"], signal.SIGCONT)

    def outage(self):
        self.until_text("#live-text", "live")
        self.server.kill()
        self.until_text("#live-text", "stale")
        self.assertTrue(self.browser.run("return document.getElementById('main').hasAttribute('data-stale')"))
        self.assertEqual(self.browser.text("#live-status"), "The data on this page is stale.")
        # What was seen last is there still.
        self.assertIn(self.name, self.browser.text("#segment-title"))
        self.server.start()
        self.until_text("#live-text", "live")
        self.assertFalse(self.browser.run("return document.getElementById('main').hasAttribute('data-stale')"))
        counter = self.server.ask("GET", f"segments/{self.id}")["header"]["counter"]
        self.work("counter", operations=3)
        self.until_text("#segment-facts", f"{counter + 3:,}")
        self.until("return document.querySelectorAll('#problems .notice').length === 0", "no failure is left standing")
        self.quiet(OUTAGE)

    def test_deaths_show_and_views_do_not_mix(self):
        """Another segment shows its whole pool; the way back leads where one was; the dead leave orphans at once."""
        other = unique("other")
        self.addCleanup(remove, other)
        self.server.ask("POST", "segments", {"name": self.name, "capacityBytes": "1MiB"})
        self.server.ask("POST", "segments", {"name": other, "capacityBytes": "8MiB"})
        worker = self.work("churn", ratePerSecond=100)
        self.browser.open(f"{self.server.base}/?segment={self.id}&tab=heap&from=1700000&span=100000")
        self.until(lambda: self.model("map", "({ view }) => Math.round(view?.start ?? 0)") == 1_700_000, "the place of the address")
        self.until(lambda: self.server.ask("GET", f"segments/{self.id}/heap")["usedBlockCount"] > 3, "blocks")
        os.kill(worker["pid"], signal.SIGKILL)
        self.until_text("#blocks-rows", "orphaned")
        orphans = "({ coarse }) => coarse.buckets.some((one) => one.mainOwner?.alive === false)"
        self.until(lambda: self.model("map", orphans), "orphans on the map")
        self.press("Shared memory", "nav")
        # Whatever else there is on this host.
        self.browser.type("#segments-filters [name=q]", other)
        self.press(other, "#segments-rows")
        self.until_text("#segment-title", other)
        pool = self.server.ask("GET", f"segments/{quoted(other)}/layout")["regions"][-1]
        self.until(lambda: self.model("map", "({ view }) => view && [view.start, Math.round(view.perRow * view.rows)]")
                   == [pool["offset"], pool["sizeBytes"]], "all of the pool of the other one")
        self.browser.back()
        self.browser.back()
        self.until_text("#segment-title", self.name)
        # A row more or less of another height is the same place.
        place = "({ view }) => view && [Math.round(view.start), Math.round(view.perRow * view.rows / 100000)]"
        self.until(lambda: self.model("map", place) == [1_700_000, 1], "where one was")
        self.quiet()


if __name__ == "__main__":
    unittest.main()

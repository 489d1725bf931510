"""A segment's views as one goes from object to object, as processes die, and as answers come late or not at all."""

import json
import os
import re
import signal
import unittest

from page_case import PageCase
from server import quoted, remove, unique

MODEL = """
const done = arguments[arguments.length - 1];
import(arguments[0]).then(({ model }) => done(JSON.stringify(%s(model()), (key, value) =>
  value instanceof Map ? [...value.values()] : value instanceof Uint8Array ? [...value] : value)));
"""
# Answers that a test holds back or refuses, by what stands in their address.
NET = """
window.net = { asked: [], held: [], hold: null, fail: null };
const real = window.fetch;
window.fetch = (path, options) => {
  net.asked.push(String(path));
  if (net.fail?.test(path)) return Promise.resolve(new Response('{"title":"Locked","status":423}', { status: 423 }));
  if (!net.hold?.test(path)) return real(path, options);
  return new Promise((resolve) => net.held.push(resolve)).then(() => real(path, { ...options, signal: undefined }));
};
"""


class Case(PageCase):
    window_size = (1280, 1400)
    # What a test removes, and others whose objects the list shows, are asked for once more.
    is_gone = False

    def is_expected(self, message):
        return self.is_gone and "status of 404" in message

    def segment(self, capacity="1MiB"):
        name = unique("views")
        self.addCleanup(remove, name)
        self.server.ask("POST", "segments", {"name": name, "capacityBytes": capacity})
        return quoted(name)

    def allocate(self, segment, size=1000, count=1, tag="here"):
        answer = self.server.ask("POST", f"segments/{segment}/blocks", {"sizeBytes": size, "tag": tag, "count": count})
        return answer.get("blocks") or [answer]

    def size(self, segment):
        return self.server.ask("GET", f"segments/{segment}")["sizeBytes"]

    def open(self, segment, **query):
        more = "".join(f"&{key}={value}" for key, value in query.items())
        self.browser.open(f"{self.server.base}/?segment={segment}{more}")
        self.until_text("#live-text", "live")

    def until(self, condition, what, seconds=20):
        return self.browser.until(condition, what, seconds)

    def until_text(self, selector, text):
        self.until(lambda: text in (self.browser.text(selector) or "").replace("\xa0", " "), f"{text!r} in {selector}")

    def model(self, view, pick):
        text = self.browser.run_async(MODEL % f"({pick})", f"./js/views/{view}.js")
        return None if text is None else json.loads(text)

    def view(self):
        return self.model("map", "({ view }) => view ?? null")

    def until_view(self, condition, what):
        return self.until(lambda: (view := self.view()) and condition(view) and view, what)

    def go(self, segment):
        """Follows a link of the page, as a press on one in the list does."""
        self.browser.run(
            "const link = document.createElement('a'); link.href = arguments[0]; link.toggleAttribute('data-route', true);"
            "document.body.append(link); link.click(); link.remove()", f"?segment={segment.replace(':', '%3A')}" if segment else "./")

    def asked(self, part):
        return self.browser.run("return net.asked.filter((path) => path.includes(arguments[0])).length", part)


class Leaving(Case):
    def test_each_object_has_a_view_of_its_own(self):
        first, second = self.segment("1MiB"), self.segment("4MiB")
        [block] = self.allocate(first)
        self.open(first, tab="events")
        self.until_text("#events-rows", "here")
        whole = self.until_view(lambda view: view["sizeBytes"] == self.size(first), "the pool of the first")
        for _ in range(4):
            self.browser.run("document.querySelector('.map-buttons button:nth-child(2)').click()")
        near = self.until_view(lambda view: view["perRow"] < whole["perRow"] / 4, "a part of the first")
        self.until("return location.search.includes('span=')", "the address says which part")
        self.go(None)
        self.until("return !document.getElementById('view-overview').hidden", "the list")
        self.assertIsNone(self.view())
        self.go(second)
        size = self.size(second)
        pool = self.server.ask("GET", f"segments/{second}/layout")["regions"][-1]
        seen = self.until_view(lambda view: view["sizeBytes"] == size, "the second")
        self.assertEqual([pool["name"], seen["start"], round(seen["perRow"] * seen["rows"])], ["pool", pool["offset"], pool["sizeBytes"]])
        self.until_text(".map-where", f"{hex(pool['offset'])} – {hex(size)}")
        self.browser.back()
        self.browser.back()
        again = self.until_view(lambda view: view["sizeBytes"] == whole["sizeBytes"], "the first again")
        self.assertAlmostEqual(again["start"], near["start"], delta=1)
        self.assertAlmostEqual(again["perRow"] * again["rows"], near["perRow"] * near["rows"], delta=1)
        self.until_text("#events-rows", "here")
        self.assertEqual(self.model("hex", "({ id }) => id"), first)
        self.assertGreater(block["offset"], 0)

    def test_nothing_is_asked_of_an_object_that_was_left(self):
        segment = self.segment()
        self.open(segment)
        self.until(lambda: self.model("hex", "({ pages }) => pages"), "bytes were read")
        self.browser.run(NET)
        self.go(None)
        self.until("return !document.getElementById('view-overview').hidden", "the list")
        self.is_gone = True
        self.browser.run("net.asked.length = 0")
        # The pace of the bytes is a second: two of them pass, by the list's own looks.
        begun = self.browser.run("return performance.now()")
        self.until(f"return performance.now() - {begun} > 2500", "some looks")
        # The list looks into segments by itself; what only a segment's own views want is not asked for.
        for part in ("bytes", "blocks", "layout", "pages", "events"):
            self.assertEqual(self.asked(f"{segment}/{part}"), 0, part)
        self.assertIsNone(self.model("hex", "({ id }) => id ?? null"))


class Deaths(Case):
    def test_blocks_of_the_dead_are_orphans_without_another_event(self):
        segment = self.segment()
        self.open(segment, tab="heap", colour="state", sort="-sizeBytes", state="used")
        worker = self.server.ask("POST", "workers", {
            "segment": segment, "workload": "churn", "options": {"ratePerSecond": 50}})["workers"][0]
        self.until(lambda: self.server.ask("GET", f"segments/{segment}")["heap"]["usedBlockCount"] > 5, "blocks")
        os.kill(worker["pid"], signal.SIGSTOP)
        count = self.server.ask("GET", f"segments/{segment}")["heap"]["usedBlockCount"]
        self.until(lambda: self.browser.run("return document.querySelectorAll('#blocks-rows tr td').length") > count, "the table has them")
        before = self.server.ask("GET", f"segments/{segment}/events?sort=-sequence&limit=1")["events"][0]["sequence"]
        self.go_all(segment)
        states = "({ fine, coarse }) => [...(fine?.blocks ?? []).map((one) => one.state), ...coarse.buckets.map((one) => one.mainOwner?.alive === false ? 'gone' : '')]"
        self.until(lambda: "used" in self.model("map", states), "living blocks on the map")
        os.kill(worker["pid"], signal.SIGKILL)
        self.until(lambda: "orphaned" in self.model("map", states) and "used" not in self.model("map", states), "orphans on the map")
        self.until_text("#blocks-rows", "orphaned")
        self.until_text(".map-legend", "orphaned")
        after = self.server.ask("GET", f"segments/{segment}/events?sort=-sequence&limit=1")["events"][0]["sequence"]
        self.assertEqual(after, before, "no event tells of a death")

    def go_all(self, segment):
        self.browser.run("document.querySelector('.ways a').click()")
        self.until("return !location.search.includes('state=')", "all blocks")


class Answers(Case):
    def test_a_late_answer_selects_nothing_elsewhere(self):
        first, second = self.segment(), self.segment()
        block = self.allocate(first)[0]
        self.open(first, tab="heap", at=block["offset"], to=block["offset"] + 1)
        self.until(lambda: self.model("map", "({ coarse }) => coarse?.buckets.length"), "a picture")
        self.browser.run(NET)
        self.browser.run("net.hold = /blocks\\?at=/; document.getElementById('map-canvas').focus()")
        self.browser.keys("n")
        self.until("return net.held.length === 1", "the question of the map")
        self.browser.run("document.querySelector('.find input').value = arguments[0]; document.querySelector('.find button').click()", str(block["offset"]))
        self.until("return net.held.length === 2", "the question of the table")
        self.go(second)
        self.until_view(lambda view: view["sizeBytes"] == self.size(second), "the second")
        self.browser.run("net.hold = null; window.told = 0; for (const answer of net.held) answer()")
        self.until("return net.asked.length > 0 && fetch('api/v1/status').then(() => true)", "a round trip later")
        self.until_text("#live-text", "live")
        self.assertFalse("at=" in self.browser.url(), self.browser.url())
        self.assertEqual(self.browser.text("#blocks-found"), "")

    def test_of_two_quick_clicks_the_newer_wins(self):
        segment = self.segment("64MiB")
        blocks = self.allocate(segment, size=64, count=6000)
        self.open(segment, colour="state")
        self.until(lambda: self.model("map", "({ fine }) => fine?.buckets?.length"), "stretches")
        self.browser.run(NET)
        self.browser.run("net.hold = /blocks\\?at=/; document.getElementById('map-canvas').scrollIntoView({ block: 'center' })")
        points = []
        for block in (blocks[100], blocks[5000]):
            view = self.view()
            place = block["offset"] - view["start"]
            points.append((place % view["perRow"] / view["perRow"] * view["width"], place // view["perRow"] * 18 + 8))
        for x, y in points:
            self.browser.click_at("#map-canvas", x, y)
        self.until("return net.held.length === 2", "two questions")
        self.browser.run("net.hold = null; net.held[1]()")
        self.until("return location.search.includes('at=')", "the newer is selected")
        chosen = self.browser.run("return location.search")
        self.browser.run("net.held[0]()")
        self.browser.run_async("const done = arguments[arguments.length - 1]; fetch('api/v1/status').then(() => setTimeout(done, 400))")
        self.assertEqual(self.browser.run("return location.search"), chosen)

    def test_a_question_that_failed_is_asked_again(self):
        segment = self.segment()
        self.allocate(segment)
        self.browser.open(self.server.base)
        self.until_text("#live-text", "live")
        self.browser.run(NET)
        self.browser.run("net.fail = /layout|buckets=/")
        self.go(segment)
        self.until_text("#segment-title", "views")
        self.until_text(".map-status", "Locked")
        self.browser.run("net.fail = null")
        self.until(lambda: self.model("map", "({ coarse }) => (coarse?.buckets ?? []).some((one) => one.usedBytes > 0)"), "the heap, in the end")
        self.until_text(".map-status", "Wheel or")

    def test_a_download_is_given_up_where_another_object_comes(self):
        first, second = self.segment("8MiB"), self.segment()
        size = self.size(first)
        self.open(first, at=0, to=size)
        self.until("return !document.querySelector('.hex-take button:nth-of-type(2)').disabled", "something is selected")
        self.browser.run(NET)
        self.browser.run(
            "window.saved = []; HTMLAnchorElement.prototype.click = function () { if (this.download) saved.push(this.download); else "
            "this.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true })); };"
            "net.hold = /bytes/; [...document.querySelectorAll('.hex-take button')].find((one) => one.textContent === 'Download selection').click()")
        self.until("return net.held.length >= 1", "the bytes are asked for")
        self.go(second)
        self.until_view(lambda view: view["sizeBytes"] == self.size(second), "the second")
        self.browser.run("net.hold = null; for (const answer of net.held) answer()")
        self.until_text("#toasts", "Not saved: another object is looked at.")
        self.assertEqual(self.browser.run("return saved"), [])

    def test_removing_leaves_no_filter_behind(self):
        segment = self.segment()
        self.open(segment, tab="workers", kind="allocate", owner="17", tag="x", sort="-sizeBytes", state="free", hide="used", colour="state")
        self.until(lambda: self.browser.run(
            "const found = [...document.querySelectorAll('#tab-workers button')].find((one) => one.textContent === 'Remove the segment…');"
            "if (found && !found.disabled) found.click(); return Boolean(found && !found.disabled)"), "a button to remove it")
        self.until("return document.querySelector('dialog.question[open]') !== null", "a question first")
        self.is_gone = True
        self.browser.run("document.querySelector('dialog.question button.primary').click()")
        self.until("return !document.getElementById('view-overview').hidden", "the list")
        self.assertEqual(self.browser.run("return location.search"), "")


class Past(Case):
    def test_what_was_not_kept_is_refused_with_a_word(self):
        segment = self.segment()
        block = self.allocate(segment)[0]
        self.open(segment, tab="heap", at=block["offset"], to=block["offset"] + 4)
        self.until("const s = document.getElementById('scrub'); return !s.disabled && Number(s.max) - Number(s.min) > 2500", "there is a past")
        self.browser.run("const s = document.getElementById('scrub'); s.value = s.min; s.dispatchEvent(new Event('input'))")
        self.until_text(".hex-status", "not kept")
        self.browser.run(NET)
        self.browser.run("[...document.querySelectorAll('.hex-take button')].find((one) => one.textContent === 'Copy').click()")
        self.until_text("#toasts", "The bytes of the past are not kept")
        self.assertFalse(self.browser.run("return [...document.querySelectorAll('.hex-take a')].some((one) => one.href)"))
        self.browser.run("document.getElementById('map-canvas').focus()")
        self.browser.keys("n")
        self.until_text("#toasts", "The single blocks of the past are not kept")
        self.browser.run("document.querySelector('.find input').value = '4096'; document.querySelector('.find button').click()")
        self.until_text("#blocks-found", "The single blocks of the past are not kept")
        self.assertEqual(self.browser.run("return net.asked"), [])


class Words(Case):
    def test_the_table_and_the_label_tell_what_is_drawn(self):
        segment = self.segment()
        self.allocate(segment, count=300)
        self.open(segment, **{"from": 0, "span": self.size(segment)})
        self.browser.run("document.querySelector('.map-table summary').click()")
        self.until_text(".map-table caption", "200 of 30")
        self.until_text(".map-table tbody", "used, 1000 B")
        self.until_text(".map-table tbody", "header,")
        self.choose("region")
        self.until(lambda: self.browser.run("return [...document.querySelectorAll('.map-table tbody tr')].every((row) => !/used|free/.test(row.textContent))"), "regions")
        self.assertEqual(self.browser.text(".map-table caption"), "What is seen in the map")
        self.until_text(".map-table tbody", "pool, 1 MiB")
        self.choose("pages")
        self.until_text(".map-table tbody", "in a row")
        self.choose("state")
        for _ in range(9):
            self.browser.run("document.querySelector('.map-buttons button:nth-child(2)').click()")
        self.until_view(lambda view: view["perRow"] < 2000, "close")
        label = self.until("return document.getElementById('map-canvas').getAttribute('aria-label')", "a label").replace("\xa0", " ")
        shares = [float(word.strip("<> ")) for word in re.findall(r"([\d.]+) %", label)]
        self.assertTrue(shares and all(share <= 100 for share in shares) and sum(shares) < 101, label)

    def choose(self, mode):
        self.browser.run("const select = document.getElementById('map-mode'); select.value = arguments[0]; select.dispatchEvent(new Event('change'))", mode)

    def test_a_faded_colour_can_be_brought_back_whatever_the_address_says(self):
        segment = self.segment()
        self.allocate(segment)
        self.open(segment, colour="tag", hide="%25,tag%3Aelsewhere")
        self.until_text(".map-legend", "elsewhere")
        self.until_text(".map-legend", "%")
        self.browser.run("for (const one of document.querySelectorAll('.map-legend [aria-pressed=false]')) one.click()")
        self.until("return !location.search.includes('hide=')", "nothing is faded")
        self.until("return !document.querySelector('.map-legend').textContent.includes('elsewhere')", "and it is not listed")


if __name__ == "__main__":
    unittest.main()

"""Working with the bytes of a segment: searching, copying, writing and reading them as values, driven in a browser."""

import pathlib
import shutil
import struct
import tempfile
import unittest
import urllib.request

from bytes_case import BACKSPACE, CONTROL, DOWN, ENTER, ESCAPE, TIB, Case
from server import quoted


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
        self.browser.until("return document.querySelector('dialog.question[open]') !== null", "it asks first")
        self.browser.keys(ENTER)
        self.browser.until("return !document.querySelector('dialog.question[open]')", "the safe answer has the focus")
        self.assertEqual(self.bytes_of(name, at, 2), b"\0\0")
        self.focus()
        self.browser.keys(ENTER)
        self.browser.until("return document.querySelector('dialog.question[open]') !== null", "it asks again")
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
        self.browser.until("return document.querySelector('dialog.question[open]') !== null", "it asks first")
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


if __name__ == "__main__":
    unittest.main()

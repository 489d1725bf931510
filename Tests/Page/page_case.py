"""What tests of the page share: a server and a browser for a class, and a console that says nothing unexpected."""

import unittest

from browser import Browser
from program import PROGRAM, PUBLIC
from server import Server


class PageCase(unittest.TestCase):
    """One server and one browser for all tests of a class; each test ends without a word in the console."""

    window_size = (1280, 900)

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, PUBLIC)
        cls.addClassCleanup(cls.server.stop)
        cls.browser = Browser(*cls.window_size)
        cls.addClassCleanup(cls.browser.close)

    def setUp(self):
        self.browser.logs()

    def tearDown(self):
        unwanted = [entry["message"] for entry in self.browser.logs()
                    if entry["level"] in ("WARNING", "SEVERE") and not self.is_expected(entry["message"])]
        # What this page still asks for is gone before the next test begins.
        self.browser.open("about:blank")
        self.assertEqual(unwanted, [], "the console is quiet")

    def is_expected(self, message):
        """Whether a message is what a test wants: the browser itself logs each answer that is a refusal."""
        return False

    def until(self, condition, what=None, seconds=20):
        return self.browser.until(condition, what or condition, seconds)

"""A headless Chromium, driven through Debian's chromedriver: W3C WebDriver over HTTP, with the standard library alone."""

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
START_SECONDS = 30
COMMAND_SECONDS = 60


class DriverError(Exception):
    """What the driver says of a command that failed."""


class Browser:
    """One browser window. Use it in a `with` statement."""

    def __init__(self, width=1280, height=900, dark=False, extra=()):
        program = shutil.which("chromedriver")
        if program is None:
            raise DriverError("chromedriver is not installed: apt-get install chromium-driver")
        self._process = subprocess.Popen(
            [program, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self._base = f"http://127.0.0.1:{self._read_port()}"
        arguments = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     f"--window-size={width},{height}", "--force-device-scale-factor=1", *extra]
        capabilities = {"browserName": "chrome", "goog:chromeOptions": {"args": arguments},
                        "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self._session = ""
        created = self._call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._session = f"/session/{created['sessionId']}"
        # Where it can be debugged.
        self.debugger = created["capabilities"]["goog:chromeOptions"]["debuggerAddress"]
        self.scheme(dark)
        self.size(width, height)

    def _read_port(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            line = self._process.stdout.readline()
            if "successfully on port " in line:
                return int(line.rstrip().rstrip(".").rsplit(" ", 1)[1])
            if not line:
                break
        raise DriverError("chromedriver does not say its port")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        try:
            if self._session:
                self._call("DELETE", "")
        except (DriverError, OSError):
            pass
        self._process.terminate()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    # Commands

    def _call(self, method, path, body=None):
        data = None if method == "GET" or method == "DELETE" else json.dumps(body or {}).encode()
        request = urllib.request.Request(
            self._base + self._session + path, data=data, method=method, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=COMMAND_SECONDS) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise DriverError(f"{value.get('error')}: {value.get('message', '')[:500]}") from None

    def cdp(self, command, **parameters):
        """A command of Chromium's own protocol."""
        return self._call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url):
        self._call("POST", "/url", {"url": url})

    def url(self):
        return self._call("GET", "/url")

    def back(self):
        self._call("POST", "/back")

    def reload(self):
        self._call("POST", "/refresh")

    def run(self, script, *arguments):
        """Runs the body of a function in the page; `arguments[0]` is the first argument."""
        return self._call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script, *arguments):
        """The same, for one that calls its last argument with the result."""
        return self._call("POST", "/execute/async", {"script": script, "args": list(arguments)})

    def scheme(self, dark):
        value = "dark" if dark else "light"
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": value}])

    def size(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def window(self):
        """Opens another window and goes there."""
        self.go_to(self._call("POST", "/window/new", {"type": "window"})["handle"])

    def windows(self):
        return self._call("GET", "/window/handles")

    def go_to(self, window):
        self._call("POST", "/window", {"handle": window})

    def screenshot(self, path, full=False):
        if full:
            data = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True)["data"]
        else:
            data = self._call("GET", "/screenshot")
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    # Elements

    def find(self, selector):
        found = self._call("POST", "/element", {"using": "css selector", "value": selector})
        return found[ELEMENT]

    def click(self, selector):
        self._call("POST", f"/element/{self.find(selector)}/click")

    def type(self, selector, text):
        self._call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def clear(self, selector):
        self._call("POST", f"/element/{self.find(selector)}/clear")

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent ?? null", selector)

    def keys(self, *keys):
        """Presses keys one after the other, wherever the focus is."""
        actions = [action for key in keys for action in ({"type": "keyDown", "value": key}, {"type": "keyUp", "value": key})]
        self._call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def pointer(self, *actions):
        self._call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": list(actions)}]})

    def click_at(self, selector, x, y, times=1):
        """Clicks at a point of an element, from its top left."""
        left, top = self.run(
            "const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.left, r.top]", selector)
        press = [{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        self.pointer({"type": "pointerMove", "x": round(left + x), "y": round(top + y), "duration": 0}, *(press * times))

    def wheel(self, selector, x, y, delta):
        left, top = self.run(
            "const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.left, r.top]", selector)
        self._call("POST", "/actions", {"actions": [{"type": "wheel", "id": "wheel", "actions": [
            {"type": "scroll", "x": round(left + x), "y": round(top + y), "deltaX": 0, "deltaY": delta, "duration": 0}]}]})

    def logs(self, kind="browser"):
        """What was logged since the last time: the console's messages."""
        return self._call("POST", "/se/log", {"type": kind})

    def until(self, condition, what, seconds=20):
        """Waits until a condition of the page or of anything else holds; fails with `what` where it does not."""
        end = time.monotonic() + seconds
        last = None
        while time.monotonic() < end:
            last = self.run(condition) if isinstance(condition, str) else condition()
            if last:
                return last
            time.sleep(0.05)
        raise AssertionError(f"{what}: not within {seconds} s (last: {last!r})")

"""What Chromium records of its own work, over its debugging socket: the W3C protocol has no words for it."""

import json
import urllib.request

import websocket

CATEGORIES = ["benchmark", "cc", "disabled-by-default-devtools.timeline.frame", "blink.user_timing"]
ANSWER_SECONDS = 60


class Trace:
    """Records between `with` and its end; `events` are there afterwards."""

    def __init__(self, browser):
        self._address = browser.debugger
        self.events = []

    def __enter__(self):
        with urllib.request.urlopen(f"http://{self._address}/json/version", timeout=ANSWER_SECONDS) as answer:
            url = json.load(answer)["webSocketDebuggerUrl"]
        self._socket = websocket.create_connection(url, timeout=ANSWER_SECONDS, suppress_origin=True)
        self._send(1, "Tracing.start", transferMode="ReportEvents", traceConfig={"includedCategories": CATEGORIES})
        self._until(lambda message: message.get("id") == 1)
        return self

    def __exit__(self, *_):
        self._send(2, "Tracing.end")
        self._until(lambda message: message.get("method") == "Tracing.tracingComplete")
        self._socket.close()

    def _send(self, number, method, **parameters):
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))

    def _until(self, is_last):
        while True:
            message = json.loads(self._socket.recv())
            if "error" in message:
                raise RuntimeError(f"tracing: {message['error']}")
            if message.get("method") == "Tracing.dataCollected":
                self.events += message["params"]["value"]
            if is_last(message):
                return

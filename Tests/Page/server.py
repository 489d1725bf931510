"""The program under test: a server of its own on a free port, and requests to it."""

import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

REQUEST_SECONDS = 20


class Server:
    """`shmlens serve` on the loopback. Use it in a `with` statement."""

    def __init__(self, program, public, *options, port=0, uid=None):
        """`uid` is the account that it runs as, where not this one's."""
        self._account = [] if uid is None else ["setpriv", f"--reuid={uid}", "--clear-groups", "--"]
        self._arguments = [program, "serve", "--listen", f"127.0.0.1:{port}", "--public", public, *options]
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(self._account + self._arguments, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        found = re.fullmatch(r"listening on (http://127\.0\.0\.1:(\d+))\n", line)
        if not found:
            raise RuntimeError(f"the server said {line!r}")
        self.base, self.port = found[1], int(found[2])
        # The same port again after a restart.
        self._arguments[3] = f"127.0.0.1:{self.port}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)
            self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def ask(self, method, path, body=None):
        """An answer's object; None where there is none. Raises where the server refuses."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}/api/v1/{path}", data=data, method=method)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:
                text = answer.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from None


def unique(stem):
    """A name that no other run has."""
    unique.count += 1
    return f"shmlens-page-{stem}-{os.getpid()}-{unique.count}"


unique.count = 0


def remove(name):
    """Removes an object of /dev/shm, whatever it is."""
    path = os.path.join(os.fsencode("/dev/shm"), name if isinstance(name, bytes) else os.fsencode(name))
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def quoted(name):
    """A name as an id has it."""
    return "posix:" + urllib.parse.quote(name, safe="-._~")

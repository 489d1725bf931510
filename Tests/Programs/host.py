"""What tests against other programs share: the command line's answers, and processes that are ended."""

import json
import os
import signal
import subprocess
import time
import unittest
import urllib.request

PROGRAM = os.environ.get("SHMLENS", os.path.join(os.path.dirname(__file__), "../../.build/debug/shmlens"))


def shmlens(*words):
    """The object that `shmlens WORDS --json` prints."""
    run = subprocess.run([PROGRAM, *words, "--json"], capture_output=True, check=False)
    if run.returncode not in (0, 2, 3):
        raise RuntimeError(f"shmlens {' '.join(words)}: {run.returncode}: {run.stderr.decode()}")
    return json.loads(run.stdout)


def segments(**filters):
    """All objects that pass filters, page by page."""
    words = [word for key, value in filters.items() for word in (f"--{key.replace('_', '-')}", str(value))]
    found, cursor = [], []
    while True:
        answer = shmlens("list", *words, "--limit", "10000", *cursor)
        found += answer["segments"]
        if "next" not in answer:
            return found
        cursor = ["--cursor", answer["next"]]


def mappers(segment):
    """The processes that map an object."""
    return {mapping["pid"] for mapping in shmlens("processes", segment, "--limit", "10000")["mappings"]}


def mapped_lines(pid):
    """The shared mappings of a process, as the kernel writes them: `[(start, device, inode, name)]`."""
    found = []
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            parts = line.rstrip("\n").split(maxsplit=5)
            if parts[1][3] == "s" and len(parts) > 5:
                found.append((int(parts[0].split("-")[0], 16), parts[3], int(parts[4]), parts[5]))
    return found


def children(pid):
    """A process and all that it started."""
    found, new = [], [pid]
    while new:
        found += new
        parents = set(new)
        new = []
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) in found:
                continue
            try:
                with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as stat:
                    if int(stat.read().rsplit(")", 1)[1].split()[1]) in parents:
                        new.append(int(entry))
            except (FileNotFoundError, ProcessLookupError):
                pass
    return found


class HostCase(unittest.TestCase):
    def start(self, *command, **options):
        """A process that is ended with the test."""
        process = subprocess.Popen(command, **options)
        self.addCleanup(self.end, process)
        return process

    def serve(self):
        """A server of its own; the function asks it: `get("segments/NAME/pages")`."""
        server = self.start(PROGRAM, "serve", "--listen", "127.0.0.1:0", stdout=subprocess.PIPE, text=True)
        line = server.stdout.readline()
        if not line.startswith("listening on http://"):
            self.fail(f"the server says: {line!r}")
        base = line.split()[-1]

        def get(path):
            with urllib.request.urlopen(f"{base}/api/v1/{path}", timeout=60) as answer:
                return json.load(answer)

        return get

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def until(self, condition, what, seconds=30):
        deadline = time.monotonic() + seconds
        while True:
            found = condition()
            if found:
                return found
            if time.monotonic() > deadline:
                self.fail(f"{what}: not within {seconds} s")
            time.sleep(0.05)

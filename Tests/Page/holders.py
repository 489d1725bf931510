"""Processes that have locks in shared memory and wait for them: those of Tests/Programs/locks/hold.c."""

import atexit
import os
import shutil
import subprocess
import tempfile

from program import ROOT

SOURCE = os.path.join(ROOT, "Tests", "Programs", "locks", "hold.c")


def program():
    """The built program, once for all tests of a run."""
    if program.path is None:
        folder = tempfile.mkdtemp(prefix="shmlens-hold-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        program.path = os.path.join(folder, "hold")
        subprocess.run(["cc", "-O1", "-pthread", "-o", program.path, SOURCE], check=True)
    return program.path


program.path = None


class Holder:
    """A process that does what it is told, a line at a time; it ends with the test."""

    def __init__(self, test, *commands):
        self.process = subprocess.Popen([program()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        test.addCleanup(self.end)
        self.expect("0 ready")
        for command in commands:
            self.tell(command)

    @property
    def pid(self):
        return self.process.pid

    def expect(self, begin):
        line = self.process.stdout.readline()
        if not line.startswith(begin):
            raise RuntimeError(f"{line!r} instead of {begin!r}")

    def tell(self, command):
        """Has a command carried out, and waits until it is done."""
        self.begin(command)
        self.expect(f"0 {command.split()[0]} 0")

    def begin(self, command):
        """Has a command carried out that does not end, such as a wait."""
        self.process.stdin.write(command + "\n")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def ring(test, path, count, size=4096):
    """Processes each of which has a mutex of a file and waits for that of the next; the first mutex is at 64, the others 64 on."""
    holders = [Holder(test, f"map m {path} 0 {size}") for _ in range(count)]
    for index, holder in enumerate(holders):
        holder.tell(f"mutex m+{64 * (index + 1)}")
        holder.tell(f"lock m+{64 * (index + 1)}")
    for index, holder in enumerate(holders):
        holder.begin(f"lock m+{64 * ((index + 1) % count + 1)}")
    return holders

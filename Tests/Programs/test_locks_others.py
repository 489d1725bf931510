"""Locks that are not glibc's, and programs whose calls are not known: said, not guessed."""

import os
import subprocess
import tempfile
import unittest

from host import HostCase, shmlens

WAITS = r"""
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(int count, char **words) {
    int file = open(words[count - 1], O_RDWR | O_CREAT, 0600);
    if (ftruncate(file, 4096) != 0) return 1;
    char *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) return 1;
    pthread_mutex_t *mutex = (pthread_mutex_t *)(memory + 128);
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(mutex, &kind);
    pthread_mutex_lock(mutex);
    puts("ready");
    fflush(stdout);
    pthread_mutex_lock(mutex);
    return 0;
}
"""


class Others(HostCase):
    def waiting(self, *compiler):
        """A process that waits for what it has itself, and its object."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        source, program = f"{folder.name}/waits.c", f"{folder.name}/waits"
        with open(source, "w", encoding="utf-8") as file:
            file.write(WAITS)
        subprocess.run([*compiler, "-O1", "-pthread", source, "-o", program], check=True)
        name = f"shmlens-test-others-{os.getpid()}"
        self.addCleanup(lambda: os.path.exists(f"/dev/shm/{name}") and os.unlink(f"/dev/shm/{name}"))
        process = self.start(program, f"/dev/shm/{name}", stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        self.addCleanup(process.stdout.close)
        return process, f"posix:{name}"

    def locks(self, segment):
        graph = shmlens("locks")
        return [node for node in graph["nodes"] if node.get("segment") == segment], graph

    def test_musl(self):
        process, segment = self.waiting("musl-gcc")
        [lock], graph = self.until(lambda: (found := self.locks(segment))[0] and found, "it waits")
        self.assertEqual([lock["type"], lock["state"], lock["verdict"]], ["futex", "waitedOn", "ok"])
        self.assertNotIn("owner", lock)
        self.assertIn("musl", lock["caveats"][0])
        self.assertIn({"pid": process.pid, "tid": process.pid}, [{key: node[key] for key in ("pid", "tid")} for node in graph["nodes"] if node["kind"] == "thread"])

    @unittest.skipUnless(os.uname().machine == "x86_64", "other machines have no such compiler")
    def test_a_32_bit_program_is_counted(self):
        _, segment = self.waiting("gcc", "-m32")

        def counted():
            return sum(one["count"] for one in shmlens("locks")["hidden"] if "32-bit" in one["what"])

        self.until(lambda: counted() == 1, "it is told that it waits for something")
        self.assertEqual(self.locks(segment)[0], [])


if __name__ == "__main__":
    unittest.main()

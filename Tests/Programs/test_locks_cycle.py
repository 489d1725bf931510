"""Of threads that come and go all the time nothing is ever said that was true only of some and then of others."""

import os
import struct
import subprocess
import tempfile
import unittest

from host import HostCase

SAMPLES = 2_000 if os.environ.get("SHMLENS_FULL") == "1" else 100


class Cycle(HostCase):
    def sample(self, kind, processes, threads):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        program = f"{folder.name}/cycle"
        source = os.path.join(os.path.dirname(__file__), "locks/cycle.c")
        subprocess.run(["cc", "-O1", "-Wall", "-Werror", "-pthread", source, "-o", program], check=True)
        name = f"shmlens-test-cycle-{kind}-{os.getpid()}"
        self.addCleanup(lambda: os.path.exists(f"/dev/shm/{name}") and os.unlink(f"/dev/shm/{name}"))
        running = [self.start(program, f"/dev/shm/{name}", kind, str(threads)) for _ in range(processes)]

        def rounds():
            try:
                with open(f"/dev/shm/{name}", "rb") as file:
                    return struct.unpack_from("q", file.read(520), 512)[0]
            except (FileNotFoundError, struct.error):
                return 0

        self.until(lambda: rounds() > 0, "they come round")
        before, seen = rounds(), 0
        get = self.serve()
        for number in range(SAMPLES):
            graph = get("locks?fresh=true")
            mine = [node for node in graph["nodes"] if node.get("segment") == f"posix:{name}"]
            self.assertEqual([(number, node) for node in mine if node["verdict"] != "ok"], [])
            self.assertEqual([one for one in graph["deadlocks"] if any(lock["segment"] == f"posix:{name}" for lock in one["locks"])], [])
            seen += len(mine) + graph["movingCount"]
        self.assertGreater(seen, 0, "nobody was ever seen to wait")
        self.assertGreater(rounds(), before)
        self.assertEqual([process.poll() for process in running], [None] * processes)

    def test_a_condition_counts_who_has_just_come(self):
        self.sample("condition", 2, 1)

    def test_a_mutex_is_free_for_a_moment_while_others_queue(self):
        self.sample("mutex", 4, 1)


if __name__ == "__main__":
    unittest.main()

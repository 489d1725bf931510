"""What is seen with which rights: an ordinary user is told what it cannot see, and the documented capabilities show all."""

import json
import mmap
import os
import shutil
import subprocess
import tempfile
import unittest

from host import PROGRAM, HostCase, shmlens

NOBODY = 65534
CAPABILITIES = ("sys_ptrace", "dac_read_search", "checkpoint_restore", "fowner")


@unittest.skipUnless(os.geteuid() == 0, "only root becomes another user")
class Rights(HostCase):
    def setUp(self):
        # Another user may not come by the folder that the program was built in.
        folder = tempfile.mkdtemp(prefix="shmlens-test-")
        self.addCleanup(shutil.rmtree, folder, True)
        os.chmod(folder, 0o755)
        self.program = shutil.copy(PROGRAM, folder)
        os.chmod(self.program, 0o755)
        self.name = f"shmlens-test-rights-{os.getpid()}"
        self.file = os.open(f"/dev/shm/{self.name}", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self.addCleanup(os.unlink, f"/dev/shm/{self.name}")
        self.addCleanup(os.close, self.file)
        os.ftruncate(self.file, 8192)
        self.memfd = os.memfd_create(self.name)
        self.addCleanup(os.close, self.memfd)
        os.ftruncate(self.memfd, 4096)
        self.anonymous = mmap.mmap(-1, 40960)
        self.addCleanup(self.anonymous.close)
        self.anonymous[0:5] = b"mine!"
        self.mapping = mmap.mmap(self.file, 8192)
        self.addCleanup(self.mapping.close)

    def as_nobody(self, *words, capabilities=()):
        rights = ",".join(f"+{one}" for one in capabilities)
        become = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
        if rights:
            become += [f"--inh-caps={rights}", f"--ambient-caps={rights}"]
        run = subprocess.run([*become, self.program, *words, "--json"], capture_output=True, check=False)
        self.assertIn(run.returncode, (0, 2), run.stderr.decode())
        return json.loads(run.stdout)

    def mine(self, answer):
        """What is listed of this process's objects, by kind."""
        inodes = {os.fstat(self.file).st_ino: "posix", os.fstat(self.memfd).st_ino: "memfd", self.anonymous_inode(): "anonymous"}
        return {one["kind"]: one for one in answer["segments"] if inodes.get(one.get("inode")) == one["kind"]}

    def anonymous_inode(self):
        with open("/proc/self/maps", encoding="utf-8") as maps:
            return next(int(line.split()[4]) for line in maps if "/dev/zero (deleted)" in line and self.holds(line))

    @staticmethod
    def holds(line):
        start, end = (int(word, 16) for word in line.split()[0].split("-"))
        return end - start == 40960

    def test_an_ordinary_user_is_told_what_it_does_not_see(self):
        answer = self.as_nobody("list", "--limit", "10000")
        mine = self.mine(answer)
        self.assertEqual(set(mine), {"posix"})
        self.assertEqual([mine["posix"][key] for key in ("sizeBytes", "mode", "user")], [8192, "0600", "root"])
        # Who maps it is not known, and so not whether nobody does.
        self.assertEqual([mine["posix"]["mapperCount"], mine["posix"].get("openCount"), mine["posix"]["orphaned"]], [None, None, False])
        needs = {one["what"]: one["needs"] for one in answer["hidden"] if one["count"] > 0}
        self.assertEqual(needs["maps of processes"], "CAP_SYS_PTRACE")
        self.assertEqual(needs["descriptors of processes"], "CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH")
        process = self.as_nobody("processes", "--pid", str(os.getpid()))
        self.assertEqual(process["mappings"], [])
        self.assertNotIn("proportionalBytes", process)
        self.assertTrue(process["hidden"])

    def test_the_documented_capabilities_show_what_root_sees(self):
        shown = self.as_nobody("list", "--limit", "10000", capabilities=CAPABILITIES)
        told = shmlens("list", "--limit", "10000")
        kinds = {"posix", "memfd", "anonymous"}
        first, second = self.mine(shown), self.mine(told)
        self.assertEqual([set(first), set(second)], [kinds, kinds])
        for kind in kinds:
            for key in ("id", "sizeBytes", "residentBytes", "mode", "uid", "mapperCount", "openCount", "managed", "orphaned"):
                self.assertEqual(first[kind].get(key), second[kind].get(key), f"{key} of {kind}")
        self.assertEqual([first["posix"]["mapperCount"], first["anonymous"]["mapperCount"]], [1, 1])
        # What is kept from root as well is kept from everybody.
        for answer in (shown, told):
            self.assertEqual([one for one in answer["hidden"] if "CAP_" in one["needs"]], [])
        closed = [{(one["what"], one["count"]) for one in answer["hidden"] if one["needs"] == "no further right"} for answer in (shown, told)]
        self.assertEqual(closed[0], closed[1])
        read = self.as_nobody("dump", first["anonymous"]["id"], "--length", "5", capabilities=CAPABILITIES)
        self.assertEqual(read["rows"][0]["text"], "mine!")
        self.assertNotIn("atimeMoved", read)


if __name__ == "__main__":
    unittest.main()

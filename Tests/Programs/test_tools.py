"""What the system's own tools say of objects, and what shmlens says of the same ones: in one run, they agree."""

import ctypes
import json
import os
import subprocess
import sys
import time

from host import HostCase, mappers, segments, shmlens

LIBC = ctypes.CDLL(None, use_errno=True)
HOLDS = """
import mmap, os, sys, ctypes
files = [mmap.mmap(int(number), 0) for number in sys.argv[2:]]
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
place = libc.shmat(int(sys.argv[1]), None, 0)
print('ready', flush=True)
input()"""


def told(*command):
    """What a tool prints as JSON."""
    run = subprocess.run(command, capture_output=True, check=True)
    return json.loads(run.stdout)


class Tools(HostCase):
    def setUp(self):
        self.name = f"shmlens-test-tools-{os.getpid()}"
        self.path = f"/dev/shm/{self.name}"
        self.file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
        self.addCleanup(os.unlink, self.path)
        self.addCleanup(os.close, self.file)
        os.ftruncate(self.file, 1_000_000)
        for page in (0, 3, 100):
            os.pwrite(self.file, b"x", page * 4096)
        self.memfd = os.memfd_create("shmlens-test-tools")
        self.addCleanup(os.close, self.memfd)
        os.ftruncate(self.memfd, 8192)
        self.sysv = LIBC.shmget(0, 12345, 0o1600)
        self.addCleanup(LIBC.shmctl, self.sysv, 0, None)
        holds = [sys.executable, "-c", HOLDS, str(self.sysv), str(self.file), str(self.memfd)]
        self.processes = [self.start(*holds, pass_fds=[self.file, self.memfd], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
        for process in self.processes:
            process.stdout.readline()
        self.pids = {process.pid for process in self.processes}

    def test_lsipc(self):
        rows = told("lsipc", "-m", "-J", "-b", "-o", "ID,SIZE,NATTCH,CPID,LPID,UID,PERMS")
        [table] = rows.values()
        tools = {int(row["id"]): row for row in table}
        ours = {int(segment["id"].split(":")[1]): segment for segment in segments(kind="sysv") if "@" not in segment["id"]}
        self.assertEqual(set(tools), set(ours))
        row, mine = tools[self.sysv], ours[self.sysv]
        self.assertEqual([int(row["size"]), int(row["nattch"]), int(row["cpid"]), int(row["lpid"])],
                         [mine["sizeBytes"], mine["attachCount"], mine["creatorPid"], mine["lastPid"]])
        self.assertEqual([mine["sizeBytes"], mine["attachCount"], mine["mapperCount"]], [12345, 2, 2])
        self.assertEqual(mappers(mine["id"]), self.pids)

    def test_ls(self):
        lines = subprocess.run(["ls", "-ln", "--time-style=+%s", "/dev/shm"], capture_output=True, check=True, text=True).stdout.splitlines()[1:]
        tools = {}
        for line in lines:
            mode, _, uid, gid, size, _, name = line.split(maxsplit=6)
            if mode.startswith("-"):
                tools[name] = (int(size), int(uid), int(gid))
        ours = {}
        for segment in segments():
            if segment["kind"] in ("posix", "semaphore") and not segment["deleted"] and "@" not in segment["id"] and "/" not in segment["name"]:
                name = ("sem." if segment["kind"] == "semaphore" else "") + segment["name"]
                ours[name] = (segment["sizeBytes"], segment["uid"], segment["gid"])
        self.assertEqual(tools, ours)

    def test_lsfd(self):
        inodes = {os.fstat(self.file).st_ino: f"posix:{self.name}", os.fstat(self.memfd).st_ino: None}
        [table] = told("lsfd", "-J", "-o", "PID,FD,INODE,NAME", "-Q", "(FD >= 0)").values()
        counts = {}
        for row in table:
            inode = int(row["inode"] or 0)
            if inode in inodes and self.name[:12] in (row["name"] or ""):
                counts[inode] = counts.get(inode, 0) + 1
        ours = {segment["inode"]: segment["openCount"] for segment in segments() if segment.get("inode") in inodes and segment["kind"] in ("posix", "memfd")}
        self.assertEqual(counts, ours)

    def test_fuser(self):
        run = subprocess.run(["fuser", self.path], capture_output=True, check=True, text=True)
        tools = {int(pid) for pid in run.stdout.split()}
        # Those who map it, and who has it open: this process only has it open.
        self.assertEqual(tools, self.pids | {os.getpid()})
        self.assertEqual(mappers(f"posix:{self.name}"), self.pids)
        open_by = {pid for pid in tools if any(one["segment"] == f"posix:{self.name}" for one in shmlens("processes", "--pid", str(pid))["open"])}
        self.assertEqual(open_by, tools)

    def test_fincore(self):
        [table] = told("fincore", "-J", "-b", "-o", "RES,PAGES,SIZE,FILE", self.path).values()
        [segment] = segments(q=self.name, kind="posix")
        self.assertEqual([int(table[0]["res"]), int(table[0]["size"])], [segment["residentBytes"], segment["sizeBytes"]])
        self.assertEqual(segment["residentBytes"], 3 * 4096)
        pages = self.serve()(f"segments/{self.name}/pages")
        resident = [(run["offset"], run["length"]) for run in pages["runs"] if run["state"] == "resident"]
        self.assertEqual(resident, [(page * 4096, 4096) for page in (0, 3, 100)])


class NothingIsTouched(HostCase):
    def test_eight_gibibytes_of_nothing(self):
        name = f"shmlens-test-sparse-{os.getpid()}"
        path = f"/dev/shm/{name}"
        with open(path, "wb") as file:
            file.truncate(8 << 30)
            file.seek(5 << 30)
            file.write(b"island")
        self.addCleanup(os.unlink, path)
        before, shared = os.stat(path), self.shared()
        get = self.serve()
        runs = [(run["offset"], run["length"], run["state"]) for run in get(f"segments/{name}/pages")["runs"]]
        self.assertEqual(runs, [(0, 5 << 30, "hole"), (5 << 30, 4096, "resident"), ((5 << 30) + 4096, (3 << 30) - 4096, "hole")])
        rows = get(f"segments/{name}/hexdump?style=json&offset={(5 << 30) - 4096}&length=16MiB")
        self.assertEqual([rows["allocatedBefore"], rows["allocatedAfter"], rows["consistency"]], [4096, 4096, "consistent"])
        self.assertNotIn("atimeMoved", rows)
        begun = time.monotonic()
        whole = subprocess.run([os.environ["SHMLENS"], "bytes", name], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        self.assertIn(b"allocated bytes before 4096, after 4096", whole.stderr)
        print(f"\nread 8 GiB in {time.monotonic() - begun:.2f} s", file=sys.stderr)
        squeezed = subprocess.run(
            [os.environ["SHMLENS"], "dump", name, "--style", "canonical", "--offset", str((5 << 30) - 4096), "--length", "64KiB"],
            capture_output=True, check=True)
        self.assertEqual(len(squeezed.stdout.splitlines()), 6)
        run = subprocess.run([os.environ["SHMLENS"], "bytes", name, "--offset", str((5 << 30) - 4096), "--length", "16MiB"], capture_output=True, check=True)
        self.assertEqual(len(run.stdout), 16 << 20)
        self.assertEqual(run.stdout[4096:4102], b"island")
        self.assertIn(b"allocated bytes before 4096, after 4096; read twice and the same", run.stderr)
        begun = time.monotonic()
        [match] = shmlens("search", name, "--text", "island")["matches"]
        self.assertEqual(match["offset"], 5 << 30)
        print(f"\nsearched 8 GiB of holes and a page in {time.monotonic() - begun:.2f} s", file=sys.stderr)
        after = os.stat(path)
        for key in ("st_blocks", "st_mtime_ns", "st_ctime_ns", "st_atime_ns"):
            self.assertEqual(getattr(before, key), getattr(after, key), key)
        # Others allocate meanwhile: less than what was read, by far.
        self.assertLess(abs(self.shared() - shared), 16 << 20)

    @staticmethod
    def shared():
        with open("/proc/meminfo", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("Shmem:"))


class Unattached(HostCase):
    def test_is_read_only_where_that_is_asked_for(self):
        segment = LIBC.shmget(0, 4096, 0o1600)
        self.addCleanup(LIBC.shmctl, segment, 0, None)
        LIBC.shmat.restype = ctypes.c_void_p
        place = LIBC.shmat(segment, None, 0)
        ctypes.memmove(place, b"left behind", 11)
        LIBC.shmdt(ctypes.c_void_p(place))
        name = f"sysv:{segment}"
        [listed] = [one for one in segments(kind="sysv") if one["id"] == name]
        self.assertEqual([listed["attachCount"], listed["orphaned"]], [0, True])
        refused = subprocess.run([os.environ["SHMLENS"], "bytes", name], capture_output=True, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn(b"attach", refused.stderr)
        read = subprocess.run([os.environ["SHMLENS"], "bytes", name, "--attach", "--length", "11"], capture_output=True, check=True)
        self.assertEqual(read.stdout, b"left behind")
        self.assertIn(b"was attached for a moment", read.stderr)
        self.assertEqual(next(one for one in segments(kind="sysv") if one["id"] == name)["attachCount"], 0)


if __name__ == "__main__":
    import unittest
    unittest.main()

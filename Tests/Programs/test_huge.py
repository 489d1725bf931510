"""Huge pages: those that are set aside for them, and those that the kernel makes of many small ones."""

import mmap
import os
import subprocess
import unittest

from host import PROGRAM, HostCase, shmlens

COUNT = "/proc/sys/vm/nr_hugepages"
TRANSPARENT = "/sys/kernel/mm/transparent_hugepage/shmem_enabled"
HUGE = 2 << 20


def contents(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def put(path, value):
    with open(path, "w", encoding="ascii") as file:
        file.write(value)


def huge_page_bytes():
    return next(int(line.split()[1]) << 10 for line in contents("/proc/meminfo").splitlines() if line.startswith("Hugepagesize:"))


@unittest.skipUnless(os.geteuid() == 0 and os.access(COUNT, os.W_OK), "only root sets huge pages aside")
class HugePages(HostCase):
    def setUp(self):
        if not os.path.exists(TRANSPARENT) or huge_page_bytes() != HUGE:
            self.skipTest("this kernel has other huge pages")

    def pages(self, memfd):
        answer = self.serve()(f"segments/memfd:{os.fstat(memfd).st_ino}/pages")
        self.assertEqual(answer["allocatedBefore"], answer["allocatedAfter"])
        return answer, [(run["offset"], run["length"], run["state"], run.get("huge", False)) for run in answer["runs"]]

    def test_pages_set_aside(self):
        before = contents(COUNT)
        self.addCleanup(put, COUNT, before)
        put(COUNT, str(int(before) + 4))
        if int(contents(COUNT)) < int(before) + 4:
            self.skipTest("there is not enough memory in one piece")
        memfd = os.memfd_create("shmlens-test-huge", os.MFD_HUGETLB | os.MFD_CLOEXEC)
        self.addCleanup(os.close, memfd)
        os.ftruncate(memfd, 3 * HUGE)
        mapping = mmap.mmap(memfd, 3 * HUGE)
        mapping[HUGE] = 1
        whole = [(0, HUGE, "hole", False), (HUGE, HUGE, "resident", True), (2 * HUGE, HUGE, "hole", False)]
        answer, runs = self.pages(memfd)
        self.assertEqual(runs, whole)
        self.assertEqual([answer["allocatedBefore"], answer["hidden"]], [HUGE, []])
        # Its bytes are read, and no page is taken for that.
        free = self.free()
        words = ["bytes", f"memfd:{os.fstat(memfd).st_ino}", "--offset", str(HUGE), "--length", "2"]
        self.assertEqual(subprocess.run([PROGRAM, *words], capture_output=True, check=True).stdout, b"\1\0")
        shmlens("search", f"memfd:{os.fstat(memfd).st_ino}", "--hex", "ff")
        self.assertEqual(self.free(), free)
        # Where nobody has it mapped in, only how many there are is known.
        mapping.close()
        answer, runs = self.pages(memfd)
        self.assertEqual(runs, [(0, 3 * HUGE, "hole", False)])
        self.assertEqual([one["count"] for one in answer["hidden"] if "huge pages" in one["what"]], [HUGE])

    def free(self):
        return [line for line in contents("/proc/meminfo").splitlines() if line.startswith("HugePages_")]

    def test_pages_made_of_small_ones(self):
        [before] = [word[1:-1] for word in contents(TRANSPARENT).split() if word.startswith("[")]
        self.addCleanup(put, TRANSPARENT, before)
        put(TRANSPARENT, "advise")
        memfd = os.memfd_create("shmlens-test-transparent")
        self.addCleanup(os.close, memfd)
        os.ftruncate(memfd, 4 * HUGE)
        mapping = mmap.mmap(memfd, 4 * HUGE)
        self.addCleanup(mapping.close)
        mapping.madvise(mmap.MADV_HUGEPAGE, 0, 2 * HUGE)
        mapping[HUGE + 5] = 1
        mapping[3 * HUGE] = 1
        if os.fstat(memfd).st_blocks * 512 < HUGE:
            self.skipTest("there was no huge page to be had")
        _, runs = self.pages(memfd)
        self.assertEqual(runs, [
            (0, HUGE, "hole", False), (HUGE, HUGE, "resident", True), (2 * HUGE, HUGE, "hole", False), (3 * HUGE, 4096, "resident", False),
            (3 * HUGE + 4096, HUGE - 4096, "hole", False),
        ])

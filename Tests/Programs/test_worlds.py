"""Processes of other worlds: other mount namespaces, and such as hide behind a first thread that has ended."""

import os
import subprocess
import tempfile
import unittest

from host import HostCase, mappers, segments

LEAVES = r"""
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
static void *stay(void *argument) {
    (void)argument;
    for (;;) pause();
}
int main(int count, char **words) {
    int file = open(words[count - 1], O_RDWR);
    if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) == MAP_FAILED) return 1;
    close(file);
    pthread_t thread;
    pthread_create(&thread, NULL, stay, NULL);
    pthread_detach(thread);
    puts("ready");
    fflush(stdout);
    pthread_exit(NULL);
}
"""

SHARES = r"""
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>
static char stack[65536];
static int opens(void *name) { return open(static_cast<char *>(name), O_RDWR) < 0; }
int main(int count, char **words) {
    puts("ready");
    fflush(stdout);
    char command;
    // It is made by another process that shares the table of descriptors: this one sleeps on.
    if (clone(
            [](void *name) {
                char go;
                if (read(0, &go, 1) < 1) return 1;
                return opens(name);
            },
            stack + sizeof stack, CLONE_VM | CLONE_FILES, words[count - 1]) < 0)
        return 1;
    int ends[2];
    if (pipe(ends) != 0) return 1;
    return read(ends[0], &command, 1) == 1;
}
"""

HOLDS = """
import mmap, os, sys
os.chdir(sys.argv[1])
kept = []
for name in sys.argv[2:]:
    file = os.open(name, os.O_RDWR)
    kept.append(mmap.mmap(file, os.fstat(file).st_size))
    kept[-1][0:1] = kept[-1][0:1]
print('ready', flush=True)
input()"""


@unittest.skipUnless(os.geteuid() == 0, "orphans are told of where all processes are seen")
class SharedTable(HostCase):
    def test_a_descriptor_that_another_process_put_into_a_sleeping_ones_table(self):
        folder = tempfile.TemporaryDirectory(prefix="shmlens-test-")
        self.addCleanup(folder.cleanup)
        program = f"{folder.name}/shares"
        subprocess.run(["g++", "-x", "c++", "-O1", "-o", program, "-"], input=SHARES.encode(), check=True)
        name = f"shmlens-test-table-{os.getpid()}"
        with open(f"/dev/shm/{name}", "wb") as file:
            file.write(bytes(4096))
        self.addCleanup(os.unlink, f"/dev/shm/{name}")
        process = self.start(program, f"/dev/shm/{name}", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        get = self.serve()

        def told():
            [segment] = get(f"segments?q={name}&fresh=true")["segments"]
            return [segment["openCount"], segment["orphaned"]]

        self.until(lambda: told() == [0, True], "it is nobody's")
        process.stdin.write(b"x")
        process.stdin.flush()
        descriptors = f"/proc/{process.pid}/fd"
        self.until(lambda: any(name in os.readlink(f"{descriptors}/{number}") for number in os.listdir(descriptors)), "it is opened")
        self.assertEqual(told(), [1, False])


class EndedLeader(HostCase):
    def test_the_mappings_of_the_other_threads_count(self):
        folder = tempfile.TemporaryDirectory(prefix="shmlens-test-")
        self.addCleanup(folder.cleanup)
        program = f"{folder.name}/leaves"
        subprocess.run(["g++", "-x", "c++", "-O1", "-pthread", "-o", program, "-"], input=LEAVES.encode(), check=True)
        name = f"shmlens-test-leader-{os.getpid()}"
        with open(f"/dev/shm/{name}", "wb") as file:
            file.write(bytes(4096))
        self.addCleanup(os.unlink, f"/dev/shm/{name}")
        process = self.start(program, f"/dev/shm/{name}", stdout=subprocess.PIPE)
        process.stdout.readline()
        with open(f"/proc/{process.pid}/stat", encoding="utf-8") as stat:
            self.until(lambda: (stat.seek(0), stat.read().rsplit(")", 1)[1].split()[0])[1] == "Z", "its first thread ends")
        [segment] = segments(q=name)
        self.assertEqual([segment["mapperCount"], segment["orphaned"]], [1, False])
        self.assertEqual(mappers(segment["id"]), {process.pid})


def makes_mounts():
    """Whether a mount namespace may be made here; a container often may not."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


@unittest.skipUnless(makes_mounts(), "no mount namespace can be made here")
class OtherMounts(HostCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="shmlens-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name in ("layers", "view"):
            os.mkdir(f"{self.folder}/{name}")

    def inside(self, script, *names):
        """A process in a mount namespace of its own, of which this one sees nothing."""
        process = self.start(
            "unshare", "--mount", "--propagation", "private", "bash", "-c", f'set -e; cd "$0"; {script}; exec python3 -c "$1" "$0/view" "${{@:2}}"',
            self.folder, HOLDS, *names, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def files(self, pid):
        return {os.path.basename(one["name"]): one for one in segments(pid=pid, kind="file")}

    def test_a_file_of_a_tmpfs_that_is_mounted_only_there(self):
        process = self.inside("mount -t tmpfs -o size=1m tmpfs view; truncate -s 40000 view/one; printf x | dd of=view/one conv=notrunc status=none", "one")
        found = self.files(process.pid)["one"]
        self.assertEqual([found["sizeBytes"], found["mode"], found["user"], found["mapperCount"]], [40000, "0644", "root", 1])
        self.assertEqual(found["residentBytes"], 4096)

    def test_files_of_an_overlay_of_two_file_systems(self):
        with open("/proc/filesystems", encoding="ascii") as systems:
            if "\toverlay\n" not in systems.read():
                self.skipTest("this kernel has no overlay")
        # Here maps and statx tell different devices of one file.
        script = ("mount -t tmpfs tmpfs layers; mkdir layers/upper layers/work layers/lower; printf upper > layers/upper/upper; mkdir below; "
                  "printf lower > layers/lower/lower; mount -t tmpfs tmpfs below; printf 'far below' > below/below; "
                  "mount -t overlay -o lowerdir=$PWD/layers/lower:$PWD/below,upperdir=$PWD/layers/upper,workdir=$PWD/layers/work overlay view")
        process = self.inside(script, "upper", "below")
        found = self.files(process.pid)
        sizes = {name: (found[name]["sizeBytes"], found[name]["mapperCount"], found[name]["openCount"]) for name in ("upper", "below")}
        # It keeps one descriptor of each, and its mapping another.
        self.assertEqual(sizes, {"upper": (5, 1, 2), "below": (9, 1, 2)})
        for name in ("upper", "below"):
            self.assertTrue(found[name]["id"].startswith(f"file:{found[name]['device']}:"), found[name])

    def test_an_object_that_is_only_open_by_another_name(self):
        ways = {
            "a second mount": "mount --bind /dev/shm view && exec 9<>view/$2",
            "a mount of the file alone": "touch one && mount --bind /dev/shm/$2 one && exec 9<>one",
            "a root of its own": "mkdir -p view/in && mount --bind /dev/shm view/in && exec 9<>view/in/$2 && umount -l view/in",
            "a name that is no text": "mkdir -p $'bad\\xff' && mount --bind /dev/shm $'bad\\xff' && exec 9<>$'bad\\xff'/$2",
        }
        for way, script in ways.items():
            with self.subTest(way):
                name = f"shmlens-test-twice-{os.getpid()}"
                with open(f"/dev/shm/{name}", "wb") as file:
                    file.write(bytes(4096))
                self.addCleanup(lambda path=f"/dev/shm/{name}": os.path.exists(path) and os.unlink(path))
                process = self.start(
                    "unshare", "--mount", "--propagation", "private", "bash", "-c", f'cd "$1" && {script} && echo ready && read', "bash",
                    self.folder, name, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                self.assertEqual(process.stdout.readline(), "ready\n")
                self.assertFalse(os.readlink(f"/proc/{process.pid}/fd/9").startswith("/dev/shm/"))
                [segment] = segments(q=name)
                if "umount" in script:
                    # Of a mount that is in no namespace any more nothing is known but the number of the file.
                    self.assertFalse(segment["orphaned"])
                else:
                    self.assertEqual([segment["mapperCount"], segment["openCount"], segment["orphaned"]], [0, 1, False])
                self.end(process)
                os.unlink(f"/dev/shm/{name}")

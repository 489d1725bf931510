"""Shared memory of programs that know nothing of shmlens: each object is found, with its kind, size and processes."""

import fcntl
import glob
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

from host import HostCase, children, mapped_lines, mappers, segments, shmlens

SHRINK_SEAL = 0x2


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class PostgreSQL(HostCase):
    def setUp(self):
        [self.binaries] = glob.glob("/usr/lib/postgresql/*/bin")[-1:] or [None]
        self.folder = tempfile.mkdtemp(prefix="shmlens-test-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.account = pwd.getpwnam("postgres")
        os.chown(self.folder, self.account.pw_uid, self.account.pw_gid)

    def as_postgres(self):
        os.setgid(self.account.pw_gid)
        os.setuid(self.account.pw_uid)

    def running(self):
        """A server that answers, and how its tools find it."""
        data = f"{self.folder}/data"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "preexec_fn": self.as_postgres, "cwd": self.folder}
        subprocess.run([f"{self.binaries}/initdb", "-D", data, "-A", "trust", "--no-sync"], check=True, **quiet)
        place = ["-h", self.folder, "-p", str(free_port())]
        server = self.start(
            f"{self.binaries}/postgres", "-D", data, "-k", self.folder, *place[2:], "-c", "shared_buffers=32MB", "-c", "fsync=off",
            "-c", "dynamic_shared_memory_type=posix", "-c", "shared_memory_type=mmap", **quiet)
        self.until(lambda: subprocess.run([f"{self.binaries}/pg_isready", *place], capture_output=True).returncode == 0, "it answers")
        return server, place, quiet

    @unittest.skipUnless(os.geteuid() == 0, "only root becomes another user")
    def test_its_locks_under_load_are_fine(self):
        server, place, quiet = self.running()
        bench = [f"{self.binaries}/pgbench", *place]
        subprocess.run([*bench, "--initialize", "--quiet", "postgres"], check=True, **quiet)
        load = self.start(*bench, "--client", "16", "--jobs", "2", "--time", "8", "postgres", **quiet)
        own = {segment["id"] for segment in segments(pid=server.pid)}
        seen = 0
        while load.poll() is None:
            graph = shmlens("locks")
            mine = [node for node in graph["nodes"] if node["kind"] == "lock" and node["segment"] in own]
            self.assertEqual([node for node in mine if node["verdict"] != "ok"], [])
            self.assertEqual([one for one in graph["deadlocks"] if any(lock["segment"] in own for lock in one["locks"])], [])
            seen += len(mine) + graph["movingCount"]
        self.assertEqual(load.returncode, 0)
        self.assertGreater(seen, 0, "nobody ever waited")

    @unittest.skipUnless(os.geteuid() == 0, "only root becomes another user")
    def test_its_three_kinds(self):
        server, _, _ = self.running()
        everyone = set(children(server.pid))
        self.assertGreater(len(everyone), 3)
        mine = segments(pid=server.pid)
        kinds = {}
        for segment in mine:
            kinds.setdefault(segment["kind"], []).append(segment)
        # The main one is anonymous and holds the buffers; every process of the server maps it.
        main = max(kinds["anonymous"], key=lambda segment: segment["sizeBytes"])
        self.assertGreater(main["sizeBytes"], 32 << 20)
        # The one that answered whether it is ready may have ended since it was counted.
        missing = everyone - mappers(main["id"])
        self.assertEqual({pid for pid in missing if os.path.exists(f"/proc/{pid}")}, set())
        self.assertIn(server.pid, mappers(main["id"]))
        self.assertEqual(main["user"], "postgres")
        # Its System V segment only guards the data folder: 56 bytes.
        [guard] = kinds["sysv"]
        self.assertEqual([guard["sizeBytes"], guard["creatorPid"], guard["mode"]], [56, server.pid, "0600"])
        self.assertGreaterEqual(guard["attachCount"], 1)
        # Dynamic shared memory has names of a family.
        named = [segment for segment in segments(kind="posix") if segment.get("family") == "PostgreSQL.*"]
        files = {os.path.basename(path): os.stat(path).st_size for path in glob.glob("/dev/shm/PostgreSQL.*")}
        self.assertTrue(files)
        self.assertEqual({segment["name"]: segment["sizeBytes"] for segment in named}, files)
        # What processes map is what the kernel says they do.
        process = shmlens("processes", "--pid", str(server.pid))
        self.assertEqual(process["command"], "postgres")
        self.assertEqual({int(mapping["start"], 16) for mapping in process["mappings"]}, {start for start, _, _, _ in mapped_lines(server.pid)})


class Nginx(HostCase):
    def test_a_zone_is_one_anonymous_object_of_all_its_processes(self):
        folder = tempfile.mkdtemp(prefix="shmlens-test-")
        self.addCleanup(shutil.rmtree, folder, True)
        conf = f"{folder}/nginx.conf"
        with open(conf, "w", encoding="utf-8") as file:
            file.write(f"""
                daemon off; worker_processes 2; pid {folder}/pid; error_log {folder}/errors;
                events {{ worker_connections 64; }}
                http {{
                    access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
                    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
                    limit_req_zone $binary_remote_addr zone=one:10m rate=1r/s;
                    server {{ listen 127.0.0.1:{free_port()}; location / {{ limit_req zone=one; return 204; }} }}
                }}""")
        server = self.start("nginx", "-p", folder, "-c", conf, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.until(lambda: len(children(server.pid)) == 3, "a master and two workers")
        everyone = set(children(server.pid))
        zone = self.until(
            lambda: next((one for one in segments(pid=server.pid, kind="anonymous") if one["sizeBytes"] == 10 << 20), None), "the zone")
        self.until(lambda: mappers(zone["id"]) == everyone, "all of them map it")
        self.assertEqual(next(one for one in segments(pid=server.pid) if one["id"] == zone["id"])["mapperCount"], 3)


class Python(HostCase):
    def test_shared_memory_of_multiprocessing(self):
        process = self.start(sys.executable, "-c", """
from multiprocessing import shared_memory
one = shared_memory.SharedMemory(create=True, size=123456)
one.buf[1000:1005] = b'hello'
print(one.name, flush=True)
input()
one.close(); one.unlink()""", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        name = process.stdout.readline().decode().strip()
        [segment] = segments(q=name)
        self.assertEqual([segment["kind"], segment["sizeBytes"], segment["family"], segment["mapperCount"]], ["posix", 123456, "psm_*", 1])
        self.assertIn(process.pid, mappers(segment["id"]))
        [match] = shmlens("search", segment["id"], "--text", "hello")["matches"]
        self.assertEqual(match["offset"], 1000)
        process.stdin.write(b"\n")
        process.stdin.flush()
        self.until(lambda: not segments(q=name), "it is gone")

    def test_a_memfd_of_two_processes_with_a_seal(self):
        number = os.memfd_create("shmlens-test-memfd", os.MFD_ALLOW_SEALING)
        self.addCleanup(os.close, number)
        os.ftruncate(number, 65536)
        fcntl.fcntl(number, fcntl.F_ADD_SEALS, SHRINK_SEAL)
        holds = "import mmap, sys; m = mmap.mmap(int(sys.argv[1]), 65536); m[5] = 1; print('ready', flush=True); input()"
        processes = [self.start(sys.executable, "-c", holds, str(number), pass_fds=[number], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(2)]
        for process in processes:
            process.stdout.readline()
        [segment] = segments(kind="memfd", q="shmlens-test-memfd")
        self.assertEqual(segment["id"], f"memfd:{os.fstat(number).st_ino}")
        self.assertEqual([segment["sizeBytes"], segment["mapperCount"], segment["seals"]], [65536, 2, ["shrink"]])
        self.assertEqual(mappers(segment["id"]), {process.pid for process in processes})
        # Who has it open counts as well: the two, and this one.
        self.assertEqual(segment["openCount"], 5)
        for mapping in shmlens("processes", segment["id"], "--touched")["mappings"]:
            self.assertEqual(mapping["touched"], [{"offset": 0, "length": 4096}])


class Boost(HostCase):
    SOURCE = """
#include <boost/interprocess/managed_shared_memory.hpp>
#include <cstdio>
int main(int, char **words) {
    using namespace boost::interprocess;
    shared_memory_object::remove(words[1]);
    managed_shared_memory segment(create_only, words[1], 262144);
    segment.construct<int>("answer")(42);
    std::puts("ready");
    std::fflush(stdout);
    std::getchar();
    shared_memory_object::remove(words[1]);
}"""

    def test_a_managed_shared_memory(self):
        folder = tempfile.mkdtemp(prefix="shmlens-test-")
        self.addCleanup(shutil.rmtree, folder, True)
        with open(f"{folder}/one.cpp", "w", encoding="utf-8") as file:
            file.write(self.SOURCE)
        subprocess.run(["g++", "-O0", "-o", f"{folder}/one", f"{folder}/one.cpp", "-lrt", "-pthread"], check=True)
        name = f"shmlens-test-boost-{os.getpid()}"
        self.addCleanup(lambda: os.path.exists(f"/dev/shm/{name}") and os.unlink(f"/dev/shm/{name}"))
        process = self.start(f"{folder}/one", name, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.assertEqual(process.stdout.readline(), b"ready\n")
        [segment] = segments(q=name)
        self.assertEqual([segment["id"], segment["sizeBytes"], segment["mapperCount"]], [f"posix:{name}", 262144, 1])
        self.assertEqual(mappers(segment["id"]), {process.pid})
        self.assertEqual(len(shmlens("search", segment["id"], "--text", "answer")["matches"]), 1)


class Chromium(HostCase):
    def test_all_that_it_maps_shared(self):
        folder = tempfile.mkdtemp(prefix="shmlens-test-")
        self.addCleanup(shutil.rmtree, folder, True)
        browser = self.start(
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}", "--remote-debugging-port=0", "data:text/html,<h1>hi</h1>",
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def agreed():
            """What the kernel and shmlens say is mapped, where they say the same."""
            pids = set(children(browser.pid))
            kernel, ours = set(), set()
            try:
                for pid in pids:
                    kernel |= {(pid, inode) for _, _, inode, name in mapped_lines(pid) if name.startswith("/memfd:")}
                # Other browsers' memory is none of this one's, and there may be much of it.
                for pid in pids:
                    ours |= {(pid, segment["inode"]) for segment in segments(kind="memfd", pid=pid)}
            except (FileNotFoundError, ProcessLookupError, RuntimeError):
                return None
            return kernel if kernel and kernel == ours else None

        # It maps and unmaps all the time while it starts.
        found = self.until(agreed, "kernel and shmlens agree on what it maps")
        self.assertGreater(len({pid for pid, _ in found}), 1, "several processes share memory")


if __name__ == "__main__":
    unittest.main()

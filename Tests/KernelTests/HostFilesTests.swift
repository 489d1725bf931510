import Kernel
import Observations
import SystemPackage
import TestSupport
import Testing

/// Small files of the system that one answer hangs on.
@Suite struct HostFilesTests {
    @Test(arguments: [("0\n", 0), ("3\n", 3), ("0-1\n", nil), ("0,2\n", nil), ("", nil), ("x\n", nil)] as [(String, Int?)])
    func `where there is one memory node all memory is on it`(text: String, node: Int?) {
        let folder = TemporaryFolder()
        folder.write(text, to: "sys/devices/system/node/online")
        #expect(MemoryNodes(root: folder.path).only() == node)
        #expect(MemoryNodes(root: "/nowhere").only() == nil)
    }

    @Test(arguments: [(100, 100, false), (100, 96, true), (0, 0, false)])
    func `swap is in use where less is free than there is`(total: Int, free: Int, isUsed: Bool) throws {
        let tree = MadeUpProc()
        tree.folder.write("Shmem: 5 kB\nSwapTotal: \(total) kB\nSwapFree: \(free) kB\n", to: "meminfo")
        #expect(try ProcFS(root: tree.root).usesSwap() == isUsed)
        #expect(try ProcFS(root: tree.root).sharedMemoryBytes() == 5 << 10)
    }

    @Test func `a segment that its last detachment would remove is not attached`() {
        let tree = MadeUpProc()
        tree.folder.write("1\n", to: "sys/kernel/shm_rmid_forced")
        #expect {
            _ = try DescriptorSource.attaching(0, in: ProcFS(root: tree.root))
        } throws: { error in
            (error as? KernelError)?.needs?.contains("shm_rmid_forced") == true
        }
        tree.folder.write("0\n", to: "sys/kernel/shm_rmid_forced")
        #expect(!ProcFS(root: tree.root).removesUnattached())
    }

    @Test func `names are read as another process sees them`() {
        let tree = MadeUpProc()
        tree.folder.write("there:x:1000:1000::/:/bin/sh\n", to: "1/root/etc/passwd")
        let accounts = AccountFiles().asSeen(by: 1, in: ProcFS(root: tree.root)).load()
        #expect(accounts.userNames == [1000: "there"] && accounts.groupNames.isEmpty)
    }

    @Test(arguments: [
        ([:], true), (["etc/systemd/logind.conf": "[Login]\nRemoveIPC=no\n"], false),
        (["etc/systemd/logind.conf": "#RemoveIPC=no\n"], true),
        (["etc/systemd/logind.conf": " RemoveIPC = no\nRemoveIPC=perhaps\n"], false),
        (["usr/lib/systemd/logind.conf": "RemoveIPC=no\n", "etc/systemd/logind.conf": "\n"], true),
        (["etc/systemd/logind.conf": "RemoveIPC=no\n", "etc/systemd/logind.conf.d/a.conf": "RemoveIPC=yes\n"], true),
        (["etc/systemd/logind.conf.d/a.conf": "RemoveIPC=1\n", "usr/lib/systemd/logind.conf.d/b.conf": "RemoveIPC=0\n"], false),
        (["etc/systemd/logind.conf.d/a.conf": "RemoveIPC=1\n", "usr/lib/systemd/logind.conf.d/a.conf": "RemoveIPC=0\n"], true),
        (["etc/systemd/logind.conf.d/a.txt": "RemoveIPC=no\n"], true),
    ] as [([String: String], Bool)])
    func `the login manager removes what users leave unless it is told not to`(files: [String: String], removes: Bool) {
        let folder = TemporaryFolder()
        for (name, text) in files { folder.write(text, to: ByteString(Array(name.utf8))) }
        // Without it nobody removes anything.
        #expect(!LoginManager(root: folder.path).removesIPC())
        folder.write("", to: "run/systemd/sessions/1")
        #expect(LoginManager(root: folder.path).removesIPC() == removes)
    }
}

import Glibc
import Kernel
import Observations
import SystemPackage
import TestSupport
import Testing

@Suite struct SharedFolderTests {
    let folder = TemporaryFolder()
    var shared: SharedFolder { SharedFolder(root: folder.path) }

    @Test func `files are listed in the order of their names, with those of folders one level down`() throws {
        folder.write("12345", to: "b")
        folder.write("", to: "a")
        folder.write("1", to: "folder/inner")
        folder.write("1", to: "folder/deep/deeper")
        let inventory = try shared.inventory()
        #expect(inventory.files.elements.map(\.name) == ["a", "b", "folder/inner"])
        #expect(inventory.files.elements[1].file.sizeBytes == 5)
        #expect(inventory.files.elements[1].file.permissions == 0o600)
        #expect(inventory.files.elements[1].file.linkCount == 1)
        #expect(inventory.unvisitedFolderCount == 1)
        #expect(inventory.hidden.map(\.what) == ["folders"])
    }

    @Test func `named semaphores are told by their prefix, in the folder itself only`() throws {
        for name in ["sem.", "sem.ready", "sem", "xsem.", "sem.folder/x"] as [ByteString] {
            folder.write("x", to: name)
        }
        let kinds = try shared.inventory().files.elements.map { ($0.name.text, $0.kind) }
        #expect(kinds.filter { $0.1 == .semaphore }.map(\.0) == ["sem.", "sem.ready"])
        #expect(kinds.count == 5)
    }

    @Test func `a name is bytes`() throws {
        let name = ByteString([0xff, UInt8(ascii: "\n"), UInt8(ascii: " "), 0x80])
        folder.write("x", to: name)
        #expect(try shared.inventory().files.elements.map(\.name) == [name])
    }

    @Test func `links, pipes and what links lead to are not listed as files`() throws {
        folder.write("x", to: "real")
        folder.link("link", to: "real")
        folder.link("folderlink", to: "/etc")
        folder.link("dangling", to: "nowhere")
        folder.makePipe("pipe")
        let inventory = try shared.inventory()
        #expect(inventory.files.elements.map(\.name) == ["real"])
        #expect(inventory.otherCount == 4)
    }

    @Test(arguments: [(0, 3), (2, 1), (3, 0), (4, 0)])
    func `files beyond the limit are counted`(limit: Int, omitted: Int) throws {
        for name in ["a", "b", "folder/c"] as [ByteString] { folder.write("x", to: name) }
        var limits = SharedFolder.Limits()
        limits.files = limit
        let inventory = try shared.inventory(limits: limits)
        #expect(inventory.files.elements.count == 3 - omitted)
        #expect(inventory.files.omittedCount == omitted)
        #expect(inventory.hidden.map(\.count) == (omitted > 0 ? [omitted] : []))
    }

    @Test(arguments: [(1, 1), (2, 0), (3, 0)])
    func `folders beyond the limit are counted`(limit: Int, unvisited: Int) throws {
        for name in ["f/a", "g/b"] as [ByteString] { folder.write("x", to: name) }
        var limits = SharedFolder.Limits()
        limits.folders = limit
        let inventory = try shared.inventory(limits: limits)
        #expect(inventory.unvisitedFolderCount == unvisited)
        #expect(inventory.files.elements.count == 2 - unvisited)
    }

    @Test(arguments: [(2, false), (3, true), (4, true)])
    func `a folder of more entries than are counted says so`(limit: Int, isCounted: Bool) throws {
        for name in ["a", "b", "c"] as [ByteString] { folder.write("x", to: name) }
        var limits = SharedFolder.Limits()
        limits.entries = limit
        let inventory = try shared.inventory(limits: limits)
        #expect(inventory.isCounted == isCounted)
        #expect(inventory.files.elements.count == min(limit, 3))
        #expect(inventory.hidden.isEmpty == isCounted)
    }

    @Test func `more entries than one call returns are all there`() throws {
        let names = (0..<2_000).map { ByteString(Array("file-with-a-rather-long-name-\($0)".utf8)) }
        for name in names { folder.write("", to: name) }
        #expect(try shared.inventory().files.elements.map(\.name) == names.sorted())
    }

    @Test func `a folder that is not there is an error that names it`() {
        let error = #expect(throws: KernelError.self) { try SharedFolder(root: "/nowhere").inventory() }
        #expect(error?.object == "/nowhere")
        #expect(throws: KernelError.self) { try SharedFolder(root: "/nowhere").usage() }
    }

    @Test func `a real object shows what it promises and what it holds`() throws {
        let name = Unique.name("inventory")
        let object = SharedObject(named: name, bytes: 1 << 30)
        object.write([1], at: 8_192)
        let file = try #require(
            try SharedFolder().inventory().files.elements.first { $0.name.text == name }
        ).file
        #expect(file.sizeBytes == 1 << 30)
        #expect(file.allocatedBytes == 4_096)
        #expect(file.uid == geteuid())
        #expect(file.modifiedAt <= Clocks.reading().realTime)
        let usage = try SharedFolder().usage()
        #expect(usage.usedBytes >= 4_096)
    }
}

@Suite struct AccountFilesTests {
    let folder = TemporaryFolder()

    func load(passwd: String, group: String = "") -> Accounts {
        folder.write(passwd, to: "passwd")
        folder.write(group, to: "group")
        return AccountFiles(passwd: folder.path + "/passwd", group: folder.path + "/group").load()
    }

    @Test func `users and groups have the names of their files, the first one where there are two`() {
        let accounts = load(
            passwd: "root:x:0:0:root:/root:/bin/bash\ntoor:x:0:0::/:/bin/sh\nann:x:1000:1000::/srv/ann:/bin/sh",
            group: "root:x:0:\nshm:x:44:ann,bob\n")
        #expect(accounts.userNames == [0: "root", 1_000: "ann"])
        #expect(accounts.groupNames == [0: "root", 44: "shm"])
    }

    @Test(arguments: [
        "", ":", "::", ":x:1:", "a:x", "a:x:", "a:x:b:", "a:x:-1:", "a:x:4294967296:", "a:x:1b:", "+::::",
    ])
    func `a line that is not as it should be is passed over`(line: String) {
        #expect(load(passwd: line + "\nann:x:1000:1::/:/bin/sh\n").userNames == [1_000: "ann"])
    }

    @Test func `files that are not there give no names`() {
        #expect(AccountFiles(passwd: "/nowhere/passwd", group: "/nowhere/group").load() == Accounts())
    }

    @Test func `a name need not be UTF-8, and the largest number is one`() {
        folder.write([0xff] + Array(":x:4294967295:1::/:\n".utf8), to: "passwd")
        let accounts = AccountFiles(passwd: folder.path + "/passwd", group: "/nowhere").load()
        #expect(accounts.userNames == [.max: ByteString([0xff])])
    }
}

@Suite struct MountsTests {
    func mount(_ line: String) -> Mount? { Mount(mountinfo: Array(line.utf8).span) }

    @Test(arguments: [
        "25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=64k",
        "25 24 0:23 / /dev/shm rw,relatime shared:3 master:7 - tmpfs tmpfs rw,size=64k",
        "25 24 0:23 /sub /dev/shm rw,relatime shared:3 - tmpfs none rw,size=64k",
    ])
    func `a mount has its device, path, type and options`(line: String) throws {
        let device = DeviceNumber(major: 0, minor: 23)
        var mounted = try #require(mount(line))
        #expect(mounted.id > 0)
        mounted.id = 0
        #expect(mounted == Mount(device: device, path: "/dev/shm", type: "tmpfs", options: "rw,size=64k"))
    }

    @Test func `blanks and newlines in a path come back`() {
        #expect(
            mount("25 24 0:23 / /a\\040b\\012\\134\\377\\400\\04 rw - tmpfs tmpfs rw")?.path
                == ByteString(Array("/a b\n\\".utf8) + [0xff] + Array("\\400\\04".utf8)))
    }

    @Test(arguments: [
        "", "25", "25 24", "25 24 0:23", "25 24 0:23 /", "25 24 0:23 / /dev/shm", "25 24 0:23 / /dev/shm rw",
        "25 24 0:23 / /dev/shm rw -", "25 24 0:23 / /dev/shm rw - tmpfs", "25 24 0:23 / /dev/shm rw - tmpfs tmpfs",
        "25 24 023 / /dev/shm rw - tmpfs tmpfs rw", "25 24 0:4294967296 / /dev/shm rw - tmpfs tmpfs rw",
        "x 24 0:23 / /dev/shm rw - tmpfs tmpfs rw",
    ])
    func `a line that is not as it should be is no mount`(line: String) { #expect(mount(line) == nil) }

    @Test(arguments: [(0, 3), (1, 2), (2, 1), (3, 1)])
    func `tmpfs mounts are kept up to the limit, and what was left out is counted`(limit: Int, omitted: Int) throws {
        let tree = MadeUpProc()
        tree.folder.write(
            """
            24 27 0:6 / /dev rw - devtmpfs devtmpfs rw
            25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw
            garbage
            26 24 0:24 / /run rw - tmpfs tmpfs rw

            """, to: "self/mountinfo")
        let mounts = try ProcFS(root: tree.root).tmpfsMounts(limit: limit)
        #expect(mounts.elements.map(\.path) == Array((["/dev/shm", "/run"] as [ByteString]).prefix(limit)))
        #expect(mounts.omittedCount == omitted)
    }

    @Test func `the folder of shared memory is on one of the mounts`() throws {
        #expect(try ProcFS().tmpfsMounts().elements.contains { $0.path == "/dev/shm" })
        #expect(try fileSystemUsage(at: "/dev/shm").sizeBytes == SharedFolder().usage().sizeBytes)
        #expect(throws: KernelError.self) { try fileSystemUsage(at: "/dev/shm\u{0}x") }
    }
}

import CShmlens
import Glibc
import Kernel
import Observations
import SystemPackage
import TestSupport
import Testing

@Suite struct DescriptorSourceTests {
    func place(_ object: SharedObject) throws -> ObjectPlace {
        .sharedFile(ByteString(Array(try #require(object.name).utf8)))
    }

    @Test(arguments: [
        (0, 0, ""), (0, 4, "abcd"), (2, 4, "cdef"), (0, 6, "abcdef"), (0, 7, "abcdef"), (5, 1, "f"), (6, 1, ""),
        (7, 1, ""),
        (Int.max, 0, ""), (0, 1_000_000, "abcdef"),
    ])
    func `a read gives the bytes there are, fewer only at the end`(offset: Int, count: Int, expected: String) throws {
        let object = SharedObject(named: Unique.name("read"), bytes: 0)
        object.write(Array("abcdef".utf8), at: 0)
        let source = try DescriptorSource.open(place(object))
        #expect(try source.size() == 6)
        #expect(try source.read(at: offset, count: count) == Array(expected.utf8))
    }

    @Test(arguments: [
        (-1, 1), (0, -1), (Int.min, 0), (.max, 1), (0, .max), (0, DescriptorSource.readBytesMax + 1),
    ])
    func `a range that cannot be is refused, not cut short`(offset: Int, count: Int) throws {
        let object = SharedObject(named: Unique.name("refuse"), bytes: 16)
        let source = try DescriptorSource.open(place(object))
        #expect(throws: ReadFailure(operation: "pread", object: source.object, errorNumber: EINVAL)) {
            try source.read(at: offset, count: count)
        }
    }

    @Test func `as much as one read may copy is copied`() throws {
        let object = SharedObject(named: Unique.name("most"), bytes: 100)
        let source = try DescriptorSource.open(place(object))
        #expect(try source.read(at: 0, count: DescriptorSource.readBytesMax).count == 100)
    }

    @Test func `reading a hole allocates nothing`() throws {
        let object = SharedObject(named: Unique.name("hole"), bytes: 16 << 20)
        let source = try DescriptorSource.open(place(object))
        let bytes = try source.read(at: 0, count: 16 << 20)
        #expect(bytes.count == 16 << 20)
        #expect(bytes.allSatisfy { $0 == 0 })
        #expect(try source.currentFile().allocatedBytes == 0)
    }

    @Test func `an object that is cut while it is open reads short`() throws {
        let object = SharedObject(named: Unique.name("cut"), bytes: 8_192)
        let source = try DescriptorSource.open(place(object))
        object.resize(100)
        #expect(try source.size() == 100)
        #expect(source.file.sizeBytes == 8_192)
        #expect(try source.read(at: 0, count: 8_192).count == 100)
        #expect(try source.read(at: 4_096, count: 1) == [])
    }

    @Test func `an object that is deleted while it is open can still be read`() throws {
        let name = Unique.name("deleted")
        let source: DescriptorSource
        do {
            let object = SharedObject(named: name, bytes: 0)
            object.write([7], at: 0)
            source = try DescriptorSource.open(place(object))
        }
        #expect(try source.read(at: 0, count: 1) == [7])
        #expect(try source.currentFile().linkCount == 0)
    }

    @Test func `reading leaves the time of the last access, which another reader moves`() throws {
        let object = SharedObject(named: Unique.name("atime"), bytes: 4_096)
        func accessTime() throws -> Int64 {
            var file = shmlens_file()
            try #require(unsafe shmlens_statx(object.descriptor, "", &file) == 0)
            return file.access
        }
        let longAgo = [timespec(tv_sec: 1_000, tv_nsec: 0), timespec(tv_sec: 2_000, tv_nsec: 0)]
        try #require(unsafe futimens(object.descriptor, longAgo) == 0)
        let source = try DescriptorSource.open(place(object))
        #expect(source.leavesAccessTime)
        #expect(try source.read(at: 0, count: 4_096).count == 4_096)
        #expect(try accessTime() == 1_000_000_000_000)
        var byte: UInt8 = 0
        try #require(unsafe pread(object.descriptor, &byte, 1, 0) == 1)
        #expect(try accessTime() > 1_000_000_000_000)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can become another user"))
    func `who is not the owner reads all the same, and is refused where the mode says so`() async {
        await #expect(processExitsWith: .success) {
            let name = Unique.name("foreign")
            let object = SharedObject(named: name, bytes: 16)
            let place = ObjectPlace.sharedFile(ByteString(Array(name.utf8)))
            try #require(fchmod(object.descriptor, 0o644) == 0)
            try #require(seteuid(65_534) == 0)
            let source = try DescriptorSource.open(place)
            #expect(!source.leavesAccessTime)
            #expect(try source.read(at: 0, count: 16).count == 16)
            try #require(seteuid(0) == 0 && fchmod(object.descriptor, 0o600) == 0 && seteuid(65_534) == 0)
            let error = #expect(throws: KernelError.self) { try DescriptorSource.open(place) }
            #expect(error?.errno == .permissionDenied)
            #expect(error?.needs == "CAP_DAC_READ_SEARCH")
            try #require(seteuid(0) == 0)
        }
    }

    @Test(arguments: ["", ".", "..", "/x", "x/", "a//b", "../etc/passwd", "folder/../x", "a\u{0}b", "./x"])
    func `a name that leads elsewhere is refused`(name: String) {
        let folder = TemporaryFolder()
        folder.write("x", to: "x")
        folder.write("x", to: "folder/x")
        folder.write("x", to: "a/b")
        let error = #expect(throws: KernelError.self) {
            try DescriptorSource.open(
                .sharedFile(ByteString(Array(name.utf8))), SharedFolder(root: folder.path))
        }
        #expect(
            error?.errno == .invalidArgument || error?.errno == .noSuchFileOrDirectory || error?.errno == .notDirectory)
    }

    @Test func `no link is followed, neither at the end nor on the way`() {
        let folder = TemporaryFolder()
        folder.write("secret", to: "outside/secret")
        folder.makeFolder("shared")
        folder.link("shared/link", to: "../outside/secret")
        folder.link("shared/folder", to: "../outside")
        let shared = SharedFolder(root: folder.path + "/shared")
        #expect(throws: KernelError.self) { try DescriptorSource.open(.sharedFile("link"), shared) }
        #expect(throws: KernelError.self) {
            try DescriptorSource.open(.sharedFile("folder/secret"), shared)
        }
        #expect(throws: Never.self) {
            try DescriptorSource.open(.sharedFile("outside/secret"), SharedFolder(root: folder.path))
        }
    }

    @Test func `what is not a regular file is refused without being opened`() {
        let folder = TemporaryFolder()
        folder.makePipe("pipe")
        folder.makeFolder("folder")
        for name in ["pipe", "folder"] as [ByteString] {
            let error = #expect(throws: KernelError.self) {
                try DescriptorSource.open(.sharedFile(name), SharedFolder(root: folder.path))
            }
            #expect(error?.errno == .invalidArgument)
        }
    }

    @Test(arguments: [(15, true), (16, true), (17, false)])
    func `a name may lie so deep and no deeper`(depth: Int, isFound: Bool) {
        let folder = TemporaryFolder()
        let name = ByteString(Array(repeatElement("f", count: depth).joined(separator: "/").utf8))
        folder.write("x", to: name)
        let source = try? DescriptorSource.open(.sharedFile(name), SharedFolder(root: folder.path))
        #expect((source != nil) == isFound)
    }

    @Test func `another object under the same name is not taken for the one expected`() throws {
        let folder = TemporaryFolder()
        folder.write("first", to: "kept")
        folder.write("second", to: "name")
        let shared = SharedFolder(root: folder.path)
        let kept = FileIdentity(try DescriptorSource.open(.sharedFile("kept"), shared).file)
        let error = #expect(throws: KernelError.self) {
            try DescriptorSource.open(.sharedFile("name"), shared, expecting: kept)
        }
        #expect(error?.errno == .staleNFSFileHandle)
        #expect(try DescriptorSource.open(.sharedFile("kept"), shared, expecting: kept).size() == 5)
    }

    @Test func `a memfd is opened through the process that has it`() throws {
        let object = SharedObject(memfd: "through", bytes: 0)
        object.write(Array("bytes".utf8), at: 0)
        let place = ObjectPlace.descriptor(pid: getpid(), number: object.descriptor)
        let source = try DescriptorSource.open(place)
        #expect(try source.read(at: 0, count: 10) == Array("bytes".utf8))
        #expect(source.object == "/proc/\(getpid())/fd/\(object.descriptor)")
    }

    @Test(.enabled(if: geteuid() == 0, "opening map_files takes CAP_CHECKPOINT_RESTORE"))
    func `memory that has no name is opened through its mapping`() throws {
        let object = SharedObject(memfd: "mapped", bytes: 4_096)
        object.write([1, 2, 3], at: 0)
        let start = UInt64(object.map(4_096))
        let source = try DescriptorSource.open(.mapping(pid: getpid(), start: start, end: start + 4_096))
        #expect(try source.read(at: 0, count: 3) == [1, 2, 3])
        #expect(throws: KernelError.self) {
            try DescriptorSource.open(.mapping(pid: getpid(), start: start, end: start + 8_192))
        }
    }

    @Test func `a descriptor is closed once, with its source`() throws {
        let object = SharedObject(memfd: Unique.name("closed"), bytes: 16)
        let place = ObjectPlace.descriptor(pid: getpid(), number: object.descriptor)
        var source: DescriptorSource? = try DescriptorSource.open(place)
        let identity = FileIdentity(try #require(source).file)
        #expect(openDescriptors(of: identity) == 2)
        source = nil
        #expect(openDescriptors(of: identity) == 1)
    }

    /// How many of this process's descriptors are of that object.
    private func openDescriptors(of identity: FileIdentity) -> Int {
        (0..<1_024).count { number in
            let place = ObjectPlace.descriptor(pid: getpid(), number: Int32(number))
            guard let file = try? DescriptorSource.open(place, expecting: identity).file else { return false }
            return FileIdentity(file) == identity
        }
    }
}

import CShmlens
import CrashScenarios
import Glibc
import Observations
import SegmentFormat
import SystemPackage
import TestSupport
import Testing

@testable import SharedSegments

/// Whether tests may become another user.
let isRoot = geteuid() == 0

/// A folder of the shared-memory tmpfs of one test's own, removed with what is in it.
struct SharedFolder: ~Copyable {
    let path: FilePath

    init() throws {
        path = Segment.folder.appending(Unique.name("folder"))
        try #require(unsafe mkdir(path.string, 0o777) == 0)
        // Whatever the umask: other users are to try their luck here.
        try #require(unsafe chmod(path.string, 0o777) == 0)
    }

    deinit {
        for name in Self.names(in: path) { _ = unsafe unlink(path.appending(name).string) }
        _ = unsafe rmdir(path.string)
    }

    /// The names in it.
    var names: [String] { Self.names(in: path) }

    private static func names(in path: FilePath) -> [String] {
        guard let folder = unsafe opendir(path.string) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes a file that is nobody's segment.
    func write(_ bytes: [UInt8], to name: String) throws {
        let file = try FileDescriptor.open(
            path.appending(name), .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
        defer { try? file.close() }
        try file.writeAll(bytes)
    }

    func bytes(of name: String) throws -> [UInt8] {
        let file = try FileDescriptor.open(path.appending(name), .readOnly)
        defer { try? file.close() }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        let count = try unsafe buffer.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
        return Array(buffer[..<count])
    }
}

/// The permission bits that a new segment has.
func modeOfNewSegment(asking mode: UInt32) throws -> UInt32 {
    let folder = try SharedFolder()
    let segment = try Segment.create(
        name: "s", options: SegmentOptions(capacityBytes: 4096, mode: mode), folder: folder.path)
    var status = stat()
    try #require(unsafe fstat(segment.descriptor.rawValue, &status) == 0)
    return UInt32(status.st_mode & 0o7777)
}

@Suite(.timeLimit(.minutes(10))) struct PublishTests {
    let options = SegmentOptions(capacityBytes: 4096)

    @Test(arguments: [0o600, 0o640, 0o666, 0o777, 0o400, 0o000, 0o060] as [UInt32], [0o077, 0o000, 0o777] as [mode_t])
    func `the mode is the one that was asked for, whatever the umask`(mode: UInt32, mask: mode_t) async {
        // The umask is the whole process'.
        await #expect(processExitsWith: .exitCode(0)) { [mode = mode as UInt32, mask = mask as mode_t] in
            umask(mask)
            exit(try modeOfNewSegment(asking: mode) == mode ? 0 : 1)
        }
    }

    static let badNames: [(String, String)] = [
        ("", "must not be empty"), ("/", "is written without the leading slash"),
        ("/a", "is written without the leading slash"), ("a/b", "must not contain a slash"),
        ("a/", "must not contain a slash"), (".", "must not be \".\" or \"..\""), ("..", "must not be \".\" or \"..\""),
        ("sem.a", "must not begin with \"sem.\": those are named semaphores"),
        ("a\nb", "must not contain control characters"), ("a\0b", "must not contain control characters"),
        ("a\u{7f}", "must not contain control characters"), (String(repeating: "n", count: 256), "must be at most 255 bytes"),
        (String(repeating: "é", count: 128), "must be at most 255 bytes"),
    ]

    @Test(arguments: badNames)
    func `each bad name is refused in its own words and nothing is left behind`(name: String, reason: String) throws {
        let folder = try SharedFolder()
        let error = SegmentError.invalid(field: "name", reason: reason)
        #expect(throws: error) { try Segment.create(name: name, options: options, folder: folder.path) }
        #expect(throws: error) { try Segment.createUnnamed(label: name, options: options) }
        #expect(throws: error) { try Segment.open(name: name, folder: folder.path) }
        #expect(throws: error) { try Segment.remove(name: name, folder: folder.path) }
        #expect(folder.names == [])
    }

    @Test(arguments: [
        "a", "a b", "a.b", ".a", "-a", "ü", "a%2F", "...", "a\\b", String(repeating: "n", count: 255), "sem", "xsem.",
    ])
    func `a name at the edge of the rules is a name`(name: String) throws {
        let folder = try SharedFolder()
        _ = try Segment.create(name: name, options: options, folder: folder.path)
        #expect(folder.names == [name])
        try Segment.remove(name: name, folder: folder.path)
        #expect(folder.names == [])
    }

    @Test(arguments: [
        ("capacityBytes", SegmentOptions(capacityBytes: 0)), ("capacityBytes", SegmentOptions(capacityBytes: -1)),
        ("capacityBytes", SegmentOptions(capacityBytes: .min)), ("capacityBytes", SegmentOptions(capacityBytes: .max)),
        ("capacityBytes", SegmentOptions(capacityBytes: (1 << 40) + 1)),
        ("mode", SegmentOptions(capacityBytes: 4096, mode: 0o1000)),
        ("mode", SegmentOptions(capacityBytes: 4096, mode: .max)),
        ("maxParticipants", SegmentOptions(capacityBytes: 4096, maxParticipants: 0)),
        ("maxParticipants", SegmentOptions(capacityBytes: 4096, maxParticipants: 4096)),
        ("eventCount", SegmentOptions(capacityBytes: 4096, eventCount: 15)),
        ("eventCount", SegmentOptions(capacityBytes: 4096, eventCount: (1 << 20) + 1)),
    ])
    func `each option out of range is refused by its name and nothing is left behind`(
        field: String, options: SegmentOptions
    ) throws {
        let folder = try SharedFolder()
        for create in [
            { try Segment.create(name: "s", options: options, folder: folder.path) },
            { try Segment.createUnnamed(label: "s", options: options) },
        ] {
            let error = #expect(throws: SegmentError.self) { try create() }
            guard case .invalid(let found, _) = error else { throw error ?? SegmentError.notFound(name: "s") }
            #expect(found == field)
        }
        #expect(folder.names == [])
    }

    @Test func `more than the tmpfs has left is refused and nothing is left behind`() throws {
        let folder = try SharedFolder()
        let error = #expect(throws: SegmentError.self) {
            try Segment.create(name: "s", options: SegmentOptions(capacityBytes: 1 << 40), folder: folder.path)
        }
        guard case .noSpace(1 << 40, _) = error else { throw error ?? SegmentError.notFound(name: "s") }
        #expect(folder.names == [])
    }

    @Test func `a folder that is not there is the system's error`() {
        #expect(throws: SegmentError.system(operation: "open", object: "/dev/shm/no-such-folder", .noSuchFileOrDirectory)) {
            try Segment.create(name: "s", options: options, folder: "/dev/shm/no-such-folder")
        }
        #expect(throws: SegmentError.notFound(name: "s")) { try Segment.open(name: "s", folder: "/dev/shm/no-such-folder") }
    }

    @Test func `another program's object is neither opened, nor removed, nor replaced`() throws {
        let folder = try SharedFolder()
        for bytes in [[], [1], [UInt8](repeating: 7, count: 100_000), Array("SHMLENS".utf8)] as [[UInt8]] {
            try folder.write(bytes, to: "foreign")
            let error = SegmentError.notManaged(name: "foreign", .notASegment)
            #expect(throws: error) { try Segment.open(name: "foreign", folder: folder.path) }
            #expect(throws: error) { try Segment.remove(name: "foreign", folder: folder.path) }
            #expect(throws: error) { try Segment.remove(name: "foreign", force: true, folder: folder.path) }
            #expect(throws: SegmentError.exists(name: "foreign")) {
                try Segment.create(name: "foreign", options: options, folder: folder.path)
            }
            #expect(try folder.bytes(of: "foreign") == bytes)
        }
    }

    @Test func `what is no plain file is refused`() throws {
        let folder = try SharedFolder()
        _ = try Segment.create(name: "real", options: options, folder: folder.path)
        _ = unsafe symlink("real", folder.path.appending("link").string)
        _ = unsafe mkfifo(folder.path.appending("pipe").string, 0o600)
        #expect(throws: SegmentError.self) { try Segment.open(name: "link", folder: folder.path) }
        #expect(throws: SegmentError.self) { try Segment.remove(name: "link", force: true, folder: folder.path) }
        #expect(throws: SegmentError.notManaged(name: "pipe", .notASegment)) {
            try Segment.open(name: "pipe", folder: folder.path)
        }
        #expect(throws: SegmentError.exists(name: "link")) {
            try Segment.create(name: "link", options: options, folder: folder.path)
        }
        #expect(folder.names == ["link", "pipe", "real"])
    }

    @Test func `a segment that was cut short is refused`() throws {
        let folder = try SharedFolder()
        let whole = try Segment.create(name: "s", options: options, folder: folder.path).layout.totalBytes
        for size in [whole - 1, whole - 4096, 8192, 4096, 256] {
            #expect(unsafe truncate(folder.path.appending("s").string, off_t(size)) == 0)
            #expect(throws: SegmentError.notManaged(name: "s", .truncated(needs: whole, has: size))) {
                try Segment.open(name: "s", folder: folder.path)
            }
        }
        #expect(unsafe truncate(folder.path.appending("s").string, 200) == 0)
        #expect(throws: SegmentError.notManaged(name: "s", .truncated(needs: 8192, has: 200))) {
            try Segment.open(name: "s", folder: folder.path)
        }
    }

    /// Fields of the header that the others determine, with their widths.
    static let determined: [(String, Int, Int)] = [
        ("header_bytes", shmlens_header_offset_header_bytes, 4), ("total_bytes", shmlens_header_offset_total_bytes, 8),
        ("participants_offset", shmlens_header_offset_participants_offset, 8),
        ("participant_bytes", shmlens_header_offset_participant_bytes, 4),
        ("events_offset", shmlens_header_offset_events_offset, 8), ("event_bytes", shmlens_header_offset_event_bytes, 4),
        ("index_offset", shmlens_header_offset_index_offset, 8), ("index_bytes", shmlens_header_offset_index_bytes, 8),
        ("blocks_offset", shmlens_header_offset_blocks_offset, 8),
        ("block_capacity", shmlens_header_offset_block_capacity, 4),
        ("block_bytes", shmlens_header_offset_block_bytes, 4), ("pool_offset", shmlens_header_offset_pool_offset, 8),
        ("granule_bytes", shmlens_header_offset_granule_bytes, 4),
        ("sequence_count", shmlens_header_offset_sequence_count, 4),
    ]

    /// Opens a segment after some bytes of its header were changed.
    func open(changing offset: Int, _ count: Int, to value: UInt64) throws -> SegmentError? {
        let folder = try SharedFolder()
        let segment = try Segment.create(name: "s", options: options, folder: folder.path)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        unsafe segment.core.memory.copyIn(bytes.span.bytes, at: offset)
        do throws(SegmentError) {
            _ = try Segment.open(name: "s", folder: folder.path)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: determined, [0, 1, 4096, .max] as [UInt64])
    func `a header that contradicts itself is refused`(field: (String, Int, Int), value: UInt64) throws {
        let (name, offset, count) = field
        let found = count == 4 ? value & 0xffff_ffff : value
        guard case .notManaged("s", .contradiction(name, found, _)) = try open(changing: offset, count, to: value) else {
            Issue.record("\(name) = \(value) is not refused")
            return
        }
    }

    @Test(arguments: [
        ("page_bytes", shmlens_header_offset_page_bytes, 4), ("pool_bytes", shmlens_header_offset_pool_bytes, 8),
        ("participant_count", shmlens_header_offset_participant_count, 4),
        ("event_count", shmlens_header_offset_event_count, 4), ("version", shmlens_header_offset_version, 4),
        ("magic", shmlens_header_offset_magic, 8), ("architecture", shmlens_header_offset_architecture, 4),
        ("libc", shmlens_header_offset_libc, 4),
    ], [0, 1, 3, 5000, 8192, 1 << 31, .max] as [UInt64])
    func `a header that describes another segment is refused`(field: (String, Int, Int), value: UInt64) throws {
        // Version 1 and glibc are what is there already.
        let isTrue = value == 1 && ["version", "libc"].contains(field.0)
        #expect(try (open(changing: field.1, field.2, to: value) == nil) == isTrue)
    }

    @Test func `a segment of another machine or another C library is refused by what made it`() throws {
        let here = Platform.describe(architecture: Platform.architecture, libc: Platform.libc)
        let other: UInt64 = Platform.architecture == 62 ? 183 : 62
        guard case .foreign("s", _, here) = try open(changing: shmlens_header_offset_architecture, 4, to: other),
            case .foreign("s", _, here) = try open(changing: shmlens_header_offset_libc, 4, to: 2)
        else {
            Issue.record("it was opened")
            return
        }
    }

    @Test(.enabled(if: isRoot), arguments: [(0o600 as UInt32, false), (0o660, false), (0o666, true), (0o604, false)])
    func `the kernel keeps another user out, unless the mode lets it in`(mode: UInt32, isLetIn: Bool) throws {
        let segment = try Segment.create(
            name: Unique.name(), options: SegmentOptions(capacityBytes: 4096, mode: mode))
        defer { try? Segment.remove(name: segment.name, force: true) }
        let other = HelperProcess(HelperProcess.path(of: "CrashHelper"), ["open", segment.name, "65534"])
        let refusal = SegmentError.system(operation: "open", object: segment.name, .permissionDenied)
        #expect(other.answer() == (isLetIn ? "opened" : "\(refusal)"))
        #expect(try segment.withLock { (locked) throws(SegmentError) in locked.counter } == (isLetIn ? 1 : 0))
    }

    @Test(.enabled(if: isRoot), arguments: ["600", "400", "000", "200"])
    func `a mode that shuts its own maker out is given all the same`(mode: String) throws {
        let folder = try SharedFolder()
        let name = Unique.name()
        let other = HelperProcess(
            HelperProcess.path(of: "CrashHelper"), ["create", name, "65534", mode, folder.path.string])
        #expect(other.answer() == "created")
        #expect(folder.names == [name])
        var status = stat()
        #expect(unsafe stat(folder.path.appending(name).string, &status) == 0)
        #expect(UInt32(status.st_mode & 0o7777) == UInt32(mode, radix: 8))
    }

    @Test(.enabled(if: isRoot), arguments: Array(stride(from: 4, through: 64, by: 4)))
    func `a tmpfs that is full is an error, not a signal`(kilobytes: Int) throws {
        let folder = try SharedFolder()
        let helper = HelperProcess.path(of: "CrashHelper")
        // A mount namespace of its own: the mount ends with the process.
        let script = "mount -t tmpfs -o size=\(kilobytes)k none \(folder.path) && exec \(helper) create s 0 600 \(folder.path)"
        let other = HelperProcess("/usr/bin/unshare", ["-m", "/bin/sh", "-c", script])
        let answer = try #require(other.answer(), "the process ended without an answer")
        let isRefused = answer.hasPrefix("4096 bytes are wanted and the tmpfs has ")
        #expect(answer == "created" || isRefused, "\(answer)")
        #expect(isRefused == (kilobytes <= 20), "\(answer)")
    }

    @Test(.enabled(if: isRoot, "a file system of its own takes root's rights"), arguments: [17_000, 17_004, 20_000])
    func `a tmpfs that fills up refuses changes, ends nobody and damages nothing`(kilobytes: Int) throws {
        let folder = try SharedFolder()
        let helper = HelperProcess.path(of: "CrashHelper")
        let script = "mount -t tmpfs -o size=\(kilobytes)k none \(folder.path) && exec \(helper) fill \(folder.path)"
        let other = HelperProcess("/usr/bin/unshare", ["-m", "/bin/sh", "-c", script])
        let answer = try #require(other.answer(), "the process ended without an answer")
        #expect(answer == "true true \(SIGKILL) true 0")
        // Its root leads into the mount namespace of the process.
        let path = "/proc/\(other.pid)/root\(folder.path)/s"
        let descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
        defer { try? descriptor.close() }
        let source = DescriptorBytes(descriptor: descriptor.rawValue)
        let identity = try SegmentIdentity(image: Image(bytes: try source.read(at: 0, count: 256)), objectBytes: source.size())
        var verifier = Verifier(source: source, layout: identity.layout)
        #expect(try verifier.verify().findings == [])
    }

    @Test func `an unnamed segment cannot be cut short`() throws {
        let segment = try Segment.createUnnamed(label: "memory", options: options)
        let descriptor = segment.descriptor.rawValue
        #expect(ftruncate(descriptor, off_t(segment.layout.totalBytes - 1)) == -1)
        #expect(errno == EPERM)
        var seals: Int32 = 0
        #expect(unsafe shmlens_get_seals(descriptor, &seals) == 0)
        #expect(seals == Int32(SHMLENS_SEAL_SHRINK | SHMLENS_SEAL_SEAL))
        let again = try Segment(adopting: try segment.descriptor.duplicate(), name: "memory")
        try again.withLock { (locked) throws(SegmentError) in _ = try locked.count() }
        #expect(try segment.withLock { (locked) throws(SegmentError) in locked.counter } == 1)
        #expect(again.inode == segment.inode)
    }

    @Test func `whoever finds the name finds a whole segment`() throws {
        let folder = try SharedFolder()
        let path = folder.path
        let stop = Flag()
        let failures = Failures()
        let reader = InThread {
            while !stop.isSet {
                do throws(SegmentError) {
                    let segment = try Segment.open(name: "s", folder: path)
                    try segment.withLock { (locked) throws(SegmentError) in _ = try locked.allocate(sizeBytes: 1) }
                } catch {
                    if error != .notFound(name: "s") { failures.add("\(error)") }
                }
            }
        }
        for _ in 0..<100 {
            _ = try Segment.create(name: "s", options: options, folder: path)
            try Segment.remove(name: "s", folder: path)
        }
        stop.set()
        reader.join()
        #expect(failures.all == [])
    }

    @Test func `a segment with living participants is removed by force alone`() throws {
        let folder = try SharedFolder()
        let segment = try Segment.create(name: "s", options: options, folder: folder.path)
        let me = try segment.join(name: "me")
        #expect(throws: SegmentError.participantsAlive(count: 1)) { try Segment.remove(name: "s", folder: folder.path) }
        try segment.leave(me)
        try Segment.remove(name: "s", folder: folder.path)
        #expect(throws: SegmentError.notFound(name: "s")) { try Segment.remove(name: "s", folder: folder.path) }
        // Who has it mapped keeps it.
        #expect(try segment.withLock { (locked) throws(SegmentError) in try locked.allocate(sizeBytes: 1) } > 0)
    }
}

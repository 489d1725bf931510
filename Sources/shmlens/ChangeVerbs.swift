import API
import ArgumentParser
import Diagnostics
import Encoding
import Glibc
import Observations
import Reading
import SegmentFormat
import SharedSegments
import SystemPackage

struct Create: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a segment.",
        discussion: "Example:\n  shmlens create orders --capacity-bytes 1MiB --mode 0600")

    @OptionGroup var segment: SegmentArgument
    @Option(parsing: .unconditional, help: "What its pool holds; rounded up to whole pages.")
    var capacityBytes: SizeArgument
    @Option(parsing: .unconditional, help: "Permission bits, in octal.")
    var mode = "0600"
    @Option(parsing: .unconditional, help: "How many processes can take part.")
    var maxParticipants = 64
    @Option(parsing: .unconditional, help: "How many operations the event ring remembers.")
    var eventCount = 4096
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Terminal.run(Self.self) {
            guard let bits = UInt32(mode, radix: 8), bits <= 0o777 else {
                throw ValidationError("--mode must be permission bits in octal, 0000 to 0777")
            }
            let segment = try Segment.create(
                name: try name(),
                options: SegmentOptions(
                    capacityBytes: capacityBytes.bytes, mode: bits, maxParticipants: maxParticipants,
                    eventCount: eventCount))
            let answer = try Lens().detail(.posix(ByteString(Array(segment.name.utf8))), fresh: true)
            guard !output.json else { return try Terminal.print(json: answer) }
            try Terminal.print("\(answer.report.summary.id.text)\n")
        }
    }

    /// The name that the argument means, read as by every other verb.
    private func name() throws -> String {
        let id = try segment.identifier()
        guard case .posix(let name) = id.object, name.isUTF8, id.namespace == nil else {
            throw ValidationError("\(id) cannot be made: a new segment has a name, as in orders or posix:orders")
        }
        return name.text
    }
}

struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove a managed segment's name.",
        discussion: "Example:\n  shmlens remove orders")

    @OptionGroup var segment: SegmentArgument
    @Flag(help: "Also while participants live.")
    var force = false
    @OptionGroup var timeout: TimeoutOption

    func run() throws {
        try Terminal.run(Self.self) {
            let id = try segment.identifier()
            guard case .posix(let name) = id.object, name.isUTF8, id.namespace == nil else {
                let reason =
                    switch id.object {
                    case .memfd, .anonymous, .deleted: "it has no name, and goes with the last process that holds it"
                    default: "only managed segments of this host's /dev/shm are removed"
                    }
                throw ValidationError("\(id) cannot be removed: \(reason)")
            }
            do throws(SegmentError) {
                try Segment.remove(name: name.text, force: force)
            } catch {
                if case .notManaged(_, let reason) = error, !force, reason != .notASegment {
                    Terminal.note("whether somebody takes part in it cannot be told: --force removes it")
                }
                throw error
            }
        }
    }
}

/// A block, named by the offset of its payload.
struct BlockArgument: ParsableArguments {
    @Argument(help: "The offset of the block's first byte in the segment.")
    var offset: SizeArgument
}

extension SegmentArgument {
    /// Prints one block as the API answers it.
    func show(blockAt offset: Int, _ output: OutputOptions) throws {
        let answer = try Lens().blocks(try identifier()) { (picture, owners) throws(QueryError) in
            var filter = BlockFilter()
            filter.at = offset
            return try BlocksReport(picture: picture, owners: owners, filter: filter)
        }
        guard let block = answer.report.blocks.first else { throw SegmentError.noSuchBlock(offset: offset) }
        guard !output.json else { return try Terminal.print(json: Answer(block, answer.envelope)) }
        try Terminal.print("\(block.offset)\n")
    }

    /// Refuses to touch blocks of living workers.
    func requireUnowned(_ offset: Int, _ locked: borrowing LockedSegment) throws(SegmentError) {
        let block = try locked.block(at: offset)
        guard block.owner == .external || locked.ownerLiveness(of: block) == .dead else {
            throw .participantsAlive(count: 1)
        }
    }
}

struct Allocate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Allocate a block; prints its offset.",
        discussion: """
            Examples:
              shmlens allocate orders 100 --tag invoice
              shmlens allocate orders 4KiB --alignment 4096 --count 10      all ten, or none
            """)

    @OptionGroup var segment: SegmentArgument
    @Argument(help: "How many bytes.")
    var sizeBytes: SizeArgument
    @Option(parsing: .unconditional, help: "Alignment of its offset: a power of two.")
    var alignment = SizeArgument(bytes: 16)
    @Option(parsing: .unconditional, help: "A tag of at most 16 bytes.")
    var tag: String?
    @Option(
        parsing: .unconditional,
        help: "So many blocks, up to \(LockedSegment.countMax): all or none. Prints an offset a line.")
    var count: Int?
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Terminal.run(Self.self) {
            let alignment = alignment.bytes
            guard alignment > 0, alignment & (alignment - 1) == 0 else {
                throw ValidationError("--alignment must be a power of two, not \(alignment)")
            }
            guard let label = tag.map(Tag.init) ?? Tag.none else { throw ValidationError("--tag has at most 16 bytes") }
            let offsets = try segment.open().withLock(timeout: timeout.duration) { (locked) throws(SegmentError) in
                try locked.allocate(
                    count: count ?? 1, sizeBytes: sizeBytes.bytes, alignment: max(16, alignment), tag: label)
            }
            guard count != nil else { return try segment.show(blockAt: offsets[0], output) }
            guard output.json else { return try Terminal.print(offsets.map { "\($0)\n" }.joined()) }
            try Terminal.print(
                json: try Lens().blocks(try segment.identifier()) { (picture, owners) throws(QueryError) in
                    BlockList(picture: picture, owners: owners, offsets: Set(offsets))
                })
        }
    }
}

struct Resize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Change a block's size; prints its offset, which may be another one.",
        discussion: "Example:\n  shmlens resize orders 1245200 4KiB")

    @OptionGroup var segment: SegmentArgument
    @OptionGroup var block: BlockArgument
    @Argument(help: "How many bytes it shall have.")
    var sizeBytes: SizeArgument
    @Flag(help: "Also a block of a living worker.")
    var force = false
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Terminal.run(Self.self) {
            let offset = try segment.open().withLock(timeout: timeout.duration) { (locked) throws(SegmentError) in
                if !force { try segment.requireUnowned(block.offset.bytes, locked) }
                return try locked.resize(block.offset.bytes, to: sizeBytes.bytes)
            }
            try segment.show(blockAt: offset, output)
        }
    }
}

struct Free: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Free a block.", discussion: "Example:\n  shmlens free orders 1245200")

    @OptionGroup var segment: SegmentArgument
    @OptionGroup var block: BlockArgument
    @Flag(help: "Also a block of a living worker.")
    var force = false
    @OptionGroup var timeout: TimeoutOption

    func run() throws {
        try Terminal.run(Self.self) {
            try segment.open().withLock(timeout: timeout.duration) { (locked) throws(SegmentError) in
                if !force { try segment.requireUnowned(block.offset.bytes, locked) }
                try locked.free(block.offset.bytes)
            }
        }
    }
}

struct Write: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write standard input into the pool.",
        discussion: "Example:\n  printf hello | shmlens write orders 1245200")

    /// The most that is read: the pool bounds what can be written, this bounds what is held meanwhile.
    static let inputBytesMax = 1 << 30

    @OptionGroup var segment: SegmentArgument
    @OptionGroup var block: BlockArgument
    @OptionGroup var timeout: TimeoutOption

    func run() throws {
        try Terminal.run(Self.self) {
            let bytes = try input()
            try segment.open().withLock(timeout: timeout.duration) { (locked) throws(SegmentError) in
                try locked.write(bytes, at: block.offset.bytes)
            }
        }
    }

    private func input() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try Terminal.read(1 << 16) {
            guard bytes.count + chunk.count <= Self.inputBytesMax else {
                throw ValidationError("standard input is longer than \(ByteSize(bytes: Self.inputBytesMax))")
            }
            bytes += chunk
        }
        return bytes
    }
}

struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a segment: links, sizes, index, guards, sums. Exit status 2 where something is wrong.",
        discussion: "Example:\n  shmlens verify shmlens-demo && echo sound")

    @OptionGroup var segment: SegmentArgument
    @Flag(help: "Take the segment's lock meanwhile.")
    var lock = false
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Terminal.run(Self.self) {
            let id = try segment.identifier()
            let lens = try Lens()
            let answer =
                lock
                ? try segment.open().withLock(timeout: timeout.duration) { (_) throws(SegmentError) in
                    Result { () throws(ReadingError) in try lens.verify(id) }
                }.get() : try lens.verify(id)
            if output.json {
                try Terminal.print(json: answer)
            } else {
                let report = answer.report
                try Terminal.print(
                    "\(report.blocksChecked) blocks, \(report.bytesChecked) bytes checked, \(report.findings.count) findings\n")
                for finding in report.findings {
                    try Terminal.print("\(finding.code) at \(finding.offset ?? 0): \(finding.message)\n")
                }
                Notes.tell(answer.envelope)
            }
            guard answer.report.findings.isEmpty else { throw ExitCode(Exit.findings.rawValue) }
        }
    }
}

struct Reclaim: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Free the slots and the blocks of dead participants.",
        discussion: "Example:\n  shmlens reclaim orders")

    @OptionGroup var segment: SegmentArgument
    @Flag(help: "Also those of processes that cannot be seen from here.")
    var force = false
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Terminal.run(Self.self) {
            let freed = try segment.open().reclaim(includingUnknown: force, timeout: timeout.duration)
            let report = ReclaimReport(blocksFreed: freed.blocks, bytesFreed: freed.bytes, slotsFreed: freed.slots)
            guard !output.json else { return try Terminal.print(json: Answer(report, .now)) }
            try Terminal.print(
                "\(report.blocksFreed) blocks (\(report.bytesFreed) bytes) and \(report.slotsFreed) slots freed\n")
        }
    }
}

struct Protect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Try a protection on a mapping of this process' own: what the system grants.",
        discussion: """
            A protection belongs to a mapping, and this process' ends with it; the server's own is changed over \
            HTTP. What this shows is whether the system permits it.

            Example:
              shmlens protect orders 1MiB 64KiB --access read --locked onFault
            """)

    enum Access: String, ExpressibleByArgument, CaseIterable {
        case none
        case read
        case readWrite
    }

    enum Locked: String, ExpressibleByArgument, CaseIterable {
        case no
        case onFault
        case all
    }

    @OptionGroup var segment: SegmentArgument
    @Argument(help: "First byte, on a page boundary.")
    var offset: SizeArgument
    @Argument(help: "Whole pages.")
    var length: SizeArgument
    @Option(help: "none, read or readWrite.")
    var access: Access?
    @Option(help: "no, onFault or all.")
    var locked: Locked?
    @OptionGroup var timeout: TimeoutOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard access != nil || locked != nil else {
            throw ValidationError("say what to change: --access, --locked or both")
        }
    }

    func run() throws {
        try Terminal.run(Self.self) {
            let live = try segment.open()
            try live.protect(
                offset: offset.bytes, length: length.bytes,
                access: access.flatMap { ProtectedRange.Access(rawValue: $0.rawValue) },
                locked: locked.flatMap { ProtectedRange.Locked(rawValue: $0.rawValue) }, timeout: timeout.duration)
            let ranges = live.protection.map { ProtectionReport($0) }
            guard !output.json else {
                return try Terminal.print(json: try Lens().detail(try segment.identifier(), protection: ranges))
            }
            for range in ranges {
                try Terminal.print(
                    "granted: \(range.length) bytes at \(range.offset), access \(range.access.rawValue), "
                        + "locked \(range.locked.rawValue)\n")
            }
        }
    }
}

import ArgumentParser
import Diagnostics
import Encoding
import Observations
import Reading
import SegmentFormat

struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List what shared memory there is.",
        discussion: "Examples:\n  shmlens list\n  shmlens list --managed --sort -sizeBytes\n  shmlens list --min-bytes 16MiB --sort -findings\n  shmlens list --q orders --json")

    @OptionGroup var output: OutputOptions
    @OptionGroup var page: PageOptions

    @Option(help: "Only this kind: posix, semaphore, memfd …")
    var kind: String?
    @Flag(inversion: .prefixedNo, help: "Only managed segments, or only others.")
    var managed: Bool?
    @Flag(inversion: .prefixedNo, help: "Only what nobody maps, or only what somebody does.")
    var orphaned: Bool?
    @Flag(inversion: .prefixedNo, help: "Only what has no name any more, or only what has one.")
    var deleted: Bool?
    @Flag(help: "Accepted for the API's sake: what is listed is always looked at anew.")
    var fresh = false
    @Option(parsing: .unconditional, help: "Only what this process maps.")
    var pid: Int32?
    @Option(parsing: .unconditional, help: "Only what this user owns.")
    var uid: UInt32?
    @Option(help: "Only what is of at least this size, as in 16MiB.")
    var minBytes: SizeArgument?
    @Option(parsing: .unconditional, help: "Only names that contain this.")
    var q: String?
    @Option(parsing: .unconditional, help: "Sort by a key, -key for the largest first; -findings for the gravest.")
    var sort: String?

    func run() throws {
        try Terminal.run(Self.self) {
            let lens = try Lens()
            let filter = try filter()
            let answer = try lens.segments(filter, sort: try order(), page: try page.request(.segments), fresh: true)
            guard !output.json else { return try Terminal.print(json: answer) }
            var table = TextTable([
                .init("ID"), .init("KIND"), .init("SIZE", .right), .init("RESIDENT", .right), .init("MODE"),
                .init("OWNER"), .init("MAPPERS", .right), .init("STATE"), .init("FINDINGS"),
            ])
            for segment in answer.report.segments { table.addRow(row(segment)) }
            try Terminal.print(table.text())
            Notes.tell(answer.envelope, next: answer.report.next)
        }
    }

    private func row(_ segment: SegmentSummary) -> [String] {
        let states = [segment.managed ? "managed" : nil, segment.orphaned ? "orphaned" : nil, segment.deleted ? "deleted" : nil]
        return [
            segment.id.text, segment.kind.rawValue, ByteSize(bytes: segment.sizeBytes).description,
            ByteSize(bytes: segment.residentBytes).description, Notes.octal(segment.mode),
            segment.user ?? "\(segment.uid)", segment.mapperCount.map { "\($0)" } ?? "?",
            states.compactMap { $0 }.joined(separator: ","), segment.findings.map(\.code).joined(separator: ","),
        ]
    }

    private func filter() throws -> SegmentFilter {
        var filter = SegmentFilter()
        if let kind {
            guard let known = SegmentKind(rawValue: kind) else {
                throw ValidationError("--kind must be one of \(SegmentKind.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            filter.kind = known
        }
        filter.managed = managed
        filter.orphaned = orphaned
        filter.deleted = deleted
        filter.pid = pid
        filter.uid = uid
        filter.minBytes = minBytes?.bytes
        filter.q = q.map { ByteString(Array($0.utf8)) }
        return filter
    }

    private func order() throws -> SegmentSort {
        guard let sort else { return .byIdentifier }
        do { return try SegmentSort(text: sort) } catch { throw ValidationError("\(error)") }
    }
}

struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show one segment: header, lock, heap. Exit status 2 where something is wrong.",
        discussion: "Example:\n  shmlens show shmlens-demo")

    @OptionGroup var segment: SegmentArgument
    @Flag(help: "Accepted for the API's sake: it is always looked at anew.")
    var fresh = false
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Terminal.run(Self.self) {
            let answer = try Lens().detail(try segment.identifier(), fresh: true)
            if output.json {
                try Terminal.print(json: answer)
            } else {
                try Terminal.print(Facts.of(answer.report).text())
                Notes.tell(answer.envelope)
            }
            let isWrong = answer.report.summary.findings.contains { $0.severity != .info }
            if isWrong || answer.report.lock.map({ $0.verdict != .ok }) == true {
                throw ExitCode(Exit.findings.rawValue)
            }
        }
    }
}

struct Heap: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sum up a segment's heap.", discussion: "Example:\n  shmlens heap shmlens-demo --json")

    @OptionGroup var segment: SegmentArgument
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Terminal.run(Self.self) {
            let answer = try Lens().heapReport(try segment.identifier())
            guard !output.json else { return try Terminal.print(json: answer) }
            try Terminal.print(Facts.of(answer.report).text())
            var owners = TextTable([.init("OWNER"), .init("PID", .right), .init("BLOCKS", .right), .init("BYTES", .right)])
            for owner in answer.report.byOwner {
                owners.addRow([
                    Notes.name(owner.owner), owner.owner.pid.map { "\($0)" } ?? "", "\(owner.blockCount)",
                    "\(owner.sizeBytes)",
                ])
            }
            try Terminal.print("\n" + owners.text())
            Notes.tell(answer.envelope)
        }
    }
}

struct Blocks: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the blocks of a segment's heap in address order.",
        discussion: "Examples:\n  shmlens blocks shmlens-demo --state used\n  shmlens blocks shmlens-demo --at 1245184\n  shmlens blocks shmlens-demo --sort -sizeBytes --limit 10\n  shmlens blocks shmlens-demo --buckets 64")

    @OptionGroup var segment: SegmentArgument
    @OptionGroup var output: OutputOptions
    @OptionGroup var page: PageOptions

    @Option(help: "Only used, free or orphaned blocks.")
    var state: String?
    @Option(parsing: .unconditional, help: "Only blocks of this process.")
    var owner: Int?
    @Option(parsing: .unconditional, help: "Only blocks with this tag.")
    var tag: String?
    @Option(parsing: .unconditional, help: "The block that holds this offset.")
    var at: SizeArgument?
    @Option(parsing: .unconditional, help: "Only blocks of at least this size.")
    var minBytes: SizeArgument?
    @OptionGroup var sorting: SortOption<BlockKey>
    @Option(parsing: .unconditional, help: "Sum the pool up in so many buckets instead.")
    var buckets: Int?
    @Option(parsing: .unconditional, help: "First byte for --buckets.")
    var from: SizeArgument?
    @Option(parsing: .unconditional, help: "Byte after the last for --buckets.")
    var to: SizeArgument?

    func validate() throws {
        guard buckets != nil else {
            for (name, isGiven) in [("from", from != nil), ("to", to != nil)] where isGiven {
                throw ValidationError("--\(name) goes with --buckets")
            }
            return
        }
        let others = [
            ("state", state != nil), ("owner", owner != nil), ("tag", tag != nil), ("at", at != nil),
            ("min-bytes", minBytes != nil), ("sort", sorting.sort != nil), ("limit", page.limit != nil),
            ("cursor", page.cursor != nil),
        ]
        for (name, isGiven) in others where isGiven {
            throw ValidationError("--\(name) does not go with --buckets")
        }
    }

    func run() throws {
        try Terminal.run(Self.self) {
            let id = try segment.identifier()
            if let buckets { return try show(buckets: buckets, of: id) }
            let filter = try filter()
            let request = try page.request(.blocks)
            let sort = try sorting.order()
            let answer = try Lens().blocks(id) { (picture, owners) throws(QueryError) in
                try BlocksReport(picture: picture, owners: owners, filter: filter, sort: sort, page: request)
            }
            guard !output.json else { return try Terminal.print(json: answer) }
            var table = TextTable([
                .init("OFFSET", .right), .init("SIZE", .right), .init("SPAN", .right), .init("STATE"), .init("OWNER"),
                .init("PID", .right), .init("TAG"), .init("SEQUENCE", .right),
            ])
            for block in answer.report.blocks {
                table.addRow([
                    "\(block.offset)", "\(block.sizeBytes)", "\(block.spanBytes)", block.state.rawValue,
                    block.owner.map(Notes.name) ?? "", block.owner?.pid.map { "\($0)" } ?? "", block.tag?.text ?? "",
                    block.sequence.map { "\($0)" } ?? "",
                ])
            }
            try Terminal.print(table.text())
            Notes.tell(answer.envelope, next: answer.report.next)
        }
    }

    private func show(buckets: Int, of id: SegmentIdentifier) throws {
        let answer = try Lens().blocks(id) { (picture, owners) throws(QueryError) in
            BucketsReport(
                picture: picture, owners: owners,
                request: try BucketRequest(count: buckets, from: from?.bytes, to: to?.bytes, pool: picture.pool))
        }
        guard !output.json else { return try Terminal.print(json: answer) }
        var table = TextTable([
            .init("OFFSET", .right), .init("USED", .right), .init("FREE", .right), .init("BLOCKS", .right),
            .init("LARGEST FREE", .right), .init("ORPHANED", .right), .init("MAIN OWNER"),
        ])
        for bucket in answer.report.buckets {
            table.addRow([
                "\(bucket.offset)", "\(bucket.usedBytes)", "\(bucket.freeBytes)", "\(bucket.blockCount)",
                "\(bucket.largestFreeBytes)", "\(bucket.orphanedBytes)", bucket.mainOwner.map(Notes.name) ?? "",
            ])
        }
        try Terminal.print(table.text())
        Notes.tell(answer.envelope)
    }

    private func filter() throws -> BlockFilter {
        var filter = BlockFilter()
        if let state {
            guard let known = BlockReport.State(rawValue: state) else {
                throw ValidationError("--state must be used, free or orphaned")
            }
            filter.state = known
        }
        if let tag {
            guard let known = Tag(tag) else { throw ValidationError("--tag has at most 16 bytes") }
            filter.tag = known
        }
        filter.owner = owner
        filter.at = at?.bytes
        filter.minBytes = minBytes?.bytes
        return filter
    }
}

struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List a segment's last operations: who did what, and when.",
        discussion: "Examples:\n  shmlens events shmlens-demo --after 1000 --limit 20\n  shmlens events shmlens-demo --sort -sequence --limit 20      the last ones")

    @OptionGroup var segment: SegmentArgument
    @OptionGroup var output: OutputOptions
    @OptionGroup var page: PageOptions

    @Option(parsing: .unconditional, help: "Only those newer than this sequence number.")
    var after: UInt64?
    @OptionGroup var sorting: SortOption<EventKey>

    func run() throws {
        try Terminal.run(Self.self) {
            let answer = try Lens().events(
                try segment.identifier(), after: after, sort: try sorting.order(), page: try page.request(.events))
            guard !output.json else { return try Terminal.print(json: answer) }
            var table = TextTable([
                .init("SEQUENCE", .right), .init("AT"), .init("KIND"), .init("OWNER"), .init("OFFSET", .right),
                .init("SIZE", .right), .init("TAG"),
            ])
            for event in answer.report.events {
                table.addRow([
                    "\(event.sequence)", Notes.time(event.at), event.kind.map { "\($0)" } ?? "?", Notes.name(event.owner),
                    event.offset.map { "\($0)" } ?? event.oldOffset.map { "\($0)" } ?? "",
                    event.sizeBytes.map { "\($0)" } ?? event.oldSizeBytes.map { "\($0)" } ?? "", event.tag?.text ?? "",
                ])
            }
            try Terminal.print(table.text())
            if answer.report.lost > 0 { Terminal.note("\(answer.report.lost) older events are gone from the ring") }
            Notes.tell(answer.envelope, next: answer.report.next)
        }
    }
}

struct Participants: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the processes that take part in a segment.",
        discussion: "Example:\n  shmlens participants shmlens-demo")

    @OptionGroup var segment: SegmentArgument
    @OptionGroup var output: OutputOptions
    @OptionGroup var page: PageOptions
    @OptionGroup var sorting: SortOption<ParticipantKey>

    func run() throws {
        try Terminal.run(Self.self) {
            let answer = try Lens().participants(
                try segment.identifier(), sort: try sorting.order(), page: try page.request(.participants))
            guard !output.json else { return try Terminal.print(json: answer) }
            var table = TextTable([
                .init("SLOT", .right), .init("PID", .right), .init("NAME"), .init("ALIVE"), .init("STARTED"),
                .init("OPERATIONS", .right), .init("BLOCKS", .right), .init("BYTES", .right),
            ])
            for one in answer.report.participants {
                table.addRow([
                    "\(one.slot)", "\(one.pid)", one.name, "\(one.alive)", Notes.time(one.startedAt),
                    "\(one.operations.reduce(0) { $0 + $1.count })", "\(one.blockCount)", "\(one.sizeBytes)",
                ])
            }
            try Terminal.print(table.text())
            Notes.tell(answer.envelope, next: answer.report.next)
        }
    }
}

struct Layout: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the parts of a segment and the fields of its header.",
        discussion: "Example:\n  shmlens layout shmlens-demo --json")

    @OptionGroup var segment: SegmentArgument
    @OptionGroup var output: OutputOptions

    func run() throws {
        try Terminal.run(Self.self) {
            let answer = try Lens().layout(try segment.identifier())
            guard !output.json else { return try Terminal.print(json: answer) }
            var table = TextTable([.init("REGION"), .init("OFFSET", .right), .init("SIZE", .right)])
            for region in answer.report.regions {
                table.addRow([region.name, "\(region.offset)", ByteSize(bytes: region.sizeBytes).description])
            }
            try Terminal.print(table.text())
        }
    }
}

import Diagnostics
import Observations
import Testing

@Suite struct SegmentQueryTests {
    private static func entry(
        _ name: String, size: Int = 4096, pids: [Int32] = [], change: (inout SegmentSummary) -> Void = { _ in }
    ) -> SegmentEntry {
        let name = ByteString(Array(name.utf8))
        var summary = SegmentSummary(
            id: .posix(name), name: name, sizeBytes: size, residentBytes: 0, mode: 0o600, uid: 1000, gid: 1000)
        change(&summary)
        return SegmentEntry(summary: summary, pids: pids)
    }

    static let entries = [
        entry("zebra", size: 1, pids: [1, 7]) { $0.managed = true },
        entry("apple", size: 3) { $0.orphaned = true },
        entry("mango", size: 2, pids: [7]) { $0.uid = 0 },
        entry("apricot", size: 3) {
            $0.id = SegmentIdentifier(.sysv(4))
            $0.kind = .sysv
            $0.mapperCount = 2
        },
        entry("lost", size: 9) {
            $0.id = SegmentIdentifier(.deleted(device: DeviceNumber(major: 0, minor: 25), inode: 3))
            $0.deleted = true
            $0.mapperCount = 1
        },
    ]

    private func names(_ report: SegmentsReport) -> [String] { report.segments.map(\.name.text) }

    private func filtered(_ change: (inout SegmentFilter) -> Void) throws -> [String] {
        var filter = SegmentFilter()
        change(&filter)
        return try names(SegmentsReport(entries: Self.entries, filter: filter))
    }

    @Test func `without filter and order all come, by kind and name`() throws {
        #expect(try filtered { _ in } == ["apple", "mango", "zebra", "apricot", "lost"])
    }

    @Test func `each filter lets through what it names`() throws {
        #expect(try filtered { $0.kind = .sysv } == ["apricot"])
        #expect(try filtered { $0.kind = .posix } == ["apple", "mango", "zebra", "lost"])
        #expect(try filtered { $0.managed = true } == ["zebra"])
        #expect(try filtered { $0.managed = false }.count == 4)
        #expect(try filtered { $0.orphaned = true } == ["apple"])
        #expect(try filtered { $0.deleted = true } == ["lost"])
        #expect(try filtered { $0.pid = 7 } == ["mango", "zebra"])
        #expect(try filtered { $0.pid = 8 } == [])
        #expect(try filtered { $0.uid = 0 } == ["mango"])
        #expect(try filtered { $0.minBytes = 3 } == ["apple", "apricot", "lost"])
        #expect(try filtered { $0.minBytes = 10 } == [])
        #expect(try filtered { $0.q = "ap" } == ["apple", "apricot"])
        #expect(try filtered { $0.q = "o" } == ["mango", "apricot", "lost"])
        #expect(try filtered { $0.q = "AP" } == [])
        #expect(try filtered { $0.q = "" }.count == 5)
        #expect(try filtered { $0.q = "apples" } == [])
        #expect(try filtered { $0.q = "ap"; $0.orphaned = true } == ["apple"])
    }

    @Test(arguments: [
        ("name", ["apple", "apricot", "lost", "mango", "zebra"]),
        ("-name", ["zebra", "mango", "lost", "apricot", "apple"]),
        // Of equal sizes the identifiers rise, whichever way the sizes go.
        ("sizeBytes", ["zebra", "mango", "apple", "apricot", "lost"]),
        ("-sizeBytes", ["lost", "apple", "apricot", "mango", "zebra"]),
        // Those without a count stand before those that have one.
        ("mapperCount", ["apple", "mango", "zebra", "lost", "apricot"]),
        ("-mapperCount", ["apricot", "lost", "apple", "mango", "zebra"]),
        ("kind", ["apple", "mango", "zebra", "lost", "apricot"]),
    ])
    func `lists are sorted by a key, and the other way by its minus`(sort: String, expected: [String]) throws {
        #expect(try names(SegmentsReport(entries: Self.entries, sort: SegmentSort(text: sort))) == expected)
    }

    @Test func `by findings the gravest come first, then what was left, then what has no name`() throws {
        func finding(_ severity: Finding.Severity) -> [Finding] {
            [Finding(code: "c", severity: severity, message: "m")]
        }
        let more = Self.entries + [
            Self.entry("bad") { $0.findings = finding(.info) + finding(.error) },
            Self.entry("doubtful") { $0.findings = finding(.warning) },
            Self.entry("told") { $0.findings = finding(.info) },
        ]
        let report = try SegmentsReport(entries: more, sort: SegmentSort(text: "-findings"))
        #expect(names(report) == ["bad", "doubtful", "apple", "lost", "mango", "told", "zebra", "apricot"])
    }

    @Test(arguments: ["", "-", "size", "sizebytes", "--name", "name ", "health"])
    func `an order that there is not is refused by name`(text: String) {
        let error = #expect(throws: QueryError.self) { try SegmentSort(text: text) }
        #expect(error?.field == "sort")
        #expect(error?.reason.contains("sizeBytes") == true)
    }

    @Test(arguments: SegmentSort.Key.allCases, [false, true])
    func `pages make the whole list in every order`(key: SegmentSort.Key, isDescending: Bool) throws {
        let sort = SegmentSort(key, isDescending: isDescending)
        let whole = try names(SegmentsReport(entries: Self.entries, sort: sort))
        #expect(whole.count == Self.entries.count)
        for limit in 1...Self.entries.count {
            var found: [String] = []
            var request = try PageRequest(limit: limit)
            while true {
                let report = try SegmentsReport(entries: Self.entries, sort: sort, page: request)
                found += names(report)
                guard let next = report.next else { break }
                // As a client sends it back.
                request = try PageRequest(limit: limit, cursor: Cursor(text: next.text, list: .segments))
            }
            #expect(found == whole)
        }
    }

    @Test func `a page goes on behind a segment that is gone`() throws {
        let sort = SegmentSort(.name)
        let first = try SegmentsReport(entries: Self.entries, sort: sort, page: PageRequest(limit: 2))
        let rest = Self.entries.filter { $0.summary.name != "apricot" }
        let second = try SegmentsReport(entries: rest, sort: sort, page: PageRequest(cursor: first.next))
        #expect(names(second) == ["lost", "mango", "zebra"])
    }

    @Test func `a cursor of another order is refused`() throws {
        let first = try SegmentsReport(entries: Self.entries, sort: SegmentSort(.name), page: PageRequest(limit: 2))
        for sort in [SegmentSort(.sizeBytes), SegmentSort(.name, isDescending: true), .byIdentifier] {
            #expect(throws: QueryError.self) {
                try SegmentsReport(entries: Self.entries, sort: sort, page: PageRequest(cursor: first.next))
            }
        }
    }

    @Test func `a name longer than what is sorted by still has its place`() throws {
        let long = String(repeating: "x", count: 4000)
        let entries = (0..<3).map { index in
            Self.entry("\(long)\(index)") {
                $0.id = SegmentIdentifier(.file(device: DeviceNumber(major: 8, minor: 1), inode: UInt64(index)))
            }
        }
        let first = try SegmentsReport(entries: entries, sort: SegmentSort(.name), page: PageRequest(limit: 1))
        let next = try #require(first.next)
        let second = try SegmentsReport(
            entries: entries, sort: SegmentSort(.name),
            page: PageRequest(cursor: Cursor(text: next.text, list: .segments)))
        #expect(second.segments.count == 2)
    }
}

@Suite struct SegmentIdentifierTests {
    static let identifiers: [SegmentIdentifier] = [
        .posix("a"), .posix("b"), SegmentIdentifier(.posix("b"), namespace: 1),
        SegmentIdentifier(.posix("b"), namespace: 2), .posix("ba"), SegmentIdentifier(.semaphore("a")),
        SegmentIdentifier(.sysv(0)), SegmentIdentifier(.sysv(1)), SegmentIdentifier(.sysvSemaphore(0)),
        SegmentIdentifier(.memfd(inode: 1)), SegmentIdentifier(.anonymous(inode: 1)),
        SegmentIdentifier(.file(device: DeviceNumber(major: 0, minor: 9), inode: 1)),
        SegmentIdentifier(.file(device: DeviceNumber(major: 0, minor: 10), inode: 0)),
        SegmentIdentifier(.deleted(device: DeviceNumber(major: 0, minor: 9), inode: 1)),
    ]

    @Test func `they have one order, by kind, then by number or bytes`() {
        #expect(Self.identifiers.reversed().sorted() == Self.identifiers)
        for (left, right) in zip(Self.identifiers, Self.identifiers.dropFirst()) {
            #expect(left < right && !(right < left))
        }
    }

    @Test func `a namespace belongs only to what is named in one`() {
        #expect(SegmentIdentifier(.memfd(inode: 1), namespace: 5).namespace == nil)
        #expect(SegmentIdentifier(.sysv(1), namespace: 5).namespace == 5)
    }

    @Test func `an object without a name is still a posix one`() {
        let id = SegmentIdentifier(.deleted(device: DeviceNumber(major: 0, minor: 1), inode: 1))
        #expect(id.kind == .posix)
        let summary = SegmentSummary(
            id: id, name: "x", sizeBytes: 0, residentBytes: 0, mode: 0, uid: 0, gid: 0)
        #expect(summary.deleted && summary.kind == .posix)
    }

    @Test func `every kind that a mapping can have is a kind of segment by the same name`() {
        for kind in ObjectKind.allCases { #expect(SegmentKind(kind).rawValue == kind.rawValue) }
    }
}

@Suite struct NameFamilyTests {
    @Test(arguments: [
        ("torch_1234_5678_0", "torch_*"), ("psm_1a2b3c4d", "psm_*"), ("PostgreSQL.1804289383", "PostgreSQL.*"),
        ("nccl-AbCdEf", "nccl-*"), ("fastdds_port7410", "fastdds_*"), ("iox2_7d", "iox2_*"),
        ("envoy_shared_memory_0", "envoy_shared_memory_*"), ("sem.mp-x", "sem.*"), ("torch_", "torch_*"),
    ])
    func `a name that a known program gives is known`(name: String, family: String) {
        #expect(NameFamily.of(name: ByteString(Array(name.utf8)), kind: .posix)?.pattern == family)
    }

    @Test(arguments: ["", "torch", "Torch_1", "mytorch_1", "shmlens-demo"])
    func `any other name has no family`(name: String) {
        #expect(NameFamily.of(name: ByteString(Array(name.utf8)), kind: .posix) == nil)
    }

    @Test func `a semaphore has one, whatever its name`() {
        #expect(NameFamily.of(name: "anything", kind: .semaphore)?.pattern == "sem.*")
    }

    @Test func `no family stands in the table twice`() {
        #expect(Set(NameFamily.all.map(\.pattern)).count == NameFamily.all.count)
    }
}

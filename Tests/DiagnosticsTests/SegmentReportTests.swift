import CShmlens
import Diagnostics
import Observations
import SegmentFormat
import TestSupport
import Testing

@Suite struct LayoutReportTests {
    let layout = SegmentLayout.small(poolBytes: 1 << 16)

    @Test func `the regions touch one another and make the object`() {
        let report = LayoutReport(layout: layout, header: Image(bytes: []))
        #expect(
            report.regions.map(\.name) == ["header", "participants", "eventRing", "heapIndex", "blockTable", "pool"])
        var end = 0
        for region in report.regions {
            #expect(region.offset == end && region.sizeBytes > 0)
            end += region.sizeBytes
        }
        #expect(end == layout.totalBytes)
    }

    @Test func `the header's fields rise, do not overlap and lie inside it`() {
        var end = 0
        for field in LayoutField.all {
            #expect(field.offset >= end, "\(field.name)")
            end = field.offset + field.sizeBytes
        }
        #expect(end <= shmlens_header_bytes)
        #expect(Set(LayoutField.all.map(\.name)).count == LayoutField.all.count)
    }

    @Test func `a field's value is in the form that its kind has`() throws {
        var segment = SegmentBytes(layout: layout)
        segment.put(text: "SHMLENS", at: 0)
        segment.put(half: 1, at: shmlens_header_offset_version)
        segment.put(word: 5, at: shmlens_header_offset_counter)
        segment.put(word: 0xdead, at: shmlens_header_offset_damaged)
        segment.put(word: 9, at: shmlens_header_offset_wait_histogram + 8)
        segment.put(half: 0xfeff, at: shmlens_header_offset_uuid)
        let fields = try #require(LayoutReport(layout: layout, header: segment.image).regions.first?.fields)
        func value(_ name: String) -> FieldReport.Value? { fields.first { $0.name == name }?.value }
        #expect(value("magic") == .text("SHMLENS"))
        #expect(value("version") == .integer(1))
        #expect(value("counter") == .integer(5))
        #expect(value("damaged") == .hexadecimal(0xdead))
        #expect(value("wait_histogram") == .integers([0, 9] + [UInt64](repeating: 0, count: 38)))
        #expect(value("uuid") == .bytes([0xff, 0xfe] + [UInt8](repeating: 0, count: 14)))
        #expect(value("journal") == nil)
    }

    @Test func `a field that the bytes do not hold whole has no value`() throws {
        let image = Image(bytes: [UInt8](repeating: 0, count: shmlens_header_offset_counter + 7))
        let fields = try #require(LayoutReport(layout: layout, header: image).regions.first?.fields)
        #expect(fields.first { $0.name == "counter" }?.value == nil)
        #expect(fields.first { $0.name == "condition_sequence" }?.value == .integer(0))
    }

    @Test func `somebody else's object is one region`() {
        let report = LayoutReport(objectBytes: 12345)
        #expect(report.regions.map(\.name) == ["object"])
        #expect(report.regions.first?.sizeBytes == 12345 && report.regions.first?.fields == nil)
    }
}

@Suite struct HeaderReportTests {
    @Test func `a uuid is written in its five groups`() {
        #expect(HeaderReport.uuidText(Array(0..<16)) == "00010203-0405-0607-0809-0a0b0c0d0e0f")
        #expect(HeaderReport.uuidText([UInt8](repeating: 0xff, count: 16)) == "ffffffff-ffff-ffff-ffff-ffffffffffff")
    }

    @Test(arguments: [(62, "x86_64"), (183, "aarch64"), (243, "riscv64"), (0, "elf-0"), (.max, "elf-4294967295")]
        as [(UInt32, String)])
    func `a machine has the name of uname, or its number`(machine: UInt32, name: String) {
        #expect(HeaderReport.architectureName(machine) == name)
    }

    @Test(arguments: [
        (shmlens_libc_glibc, 2036, "glibc 2.36"), (shmlens_libc_musl, 1002, "musl 1.2"),
        (shmlens_libc_other, 0, "other"), (77, 0, "other"),
    ])
    func `a libc has a name and a version`(libc: Int, version: Int, text: String) {
        #expect(HeaderReport.libcName(UInt32(libc), version: UInt32(version)) == text)
    }
}

@Suite struct SignalNameTests {
    @Test(arguments: [
        (1, "SIGHUP"), (9, "SIGKILL"), (11, "SIGSEGV"), (15, "SIGTERM"), (18, "SIGCONT"), (19, "SIGSTOP"),
        (31, "SIGSYS"), (32, "SIG32"), (34, "SIGRTMIN+0"), (40, "SIGRTMIN+6"), (0, "SIG0"), (-3, "SIG-3"),
    ] as [(Int32, String)])
    func `a signal has its name of Linux`(number: Int32, name: String) {
        #expect(SignalName(number).description == name)
    }
}

@Suite struct ReportTests {
    @Test func `findings that a check left out are told`() {
        func hidden(_ omitted: Int) -> [Int] {
            VerifyReport(blocksChecked: 0, bytesChecked: 0, findings: [], omittedFindings: omitted).hidden.map(\.count)
        }
        #expect(hidden(0) == [])
        #expect(hidden(3) == [3])
    }

    @Test func `both rates make the ratio, one does not`() {
        #expect(WorkerResult.falseSharing(packedPerSecond: 2, paddedPerSecond: 9).ratio == 4.5)
        #expect(WorkerResult.falseSharing(packedPerSecond: 0, paddedPerSecond: 9).ratio == nil)
        #expect(WorkerResult.falseSharing(packedPerSecond: nil, paddedPerSecond: 9).ratio == nil)
        #expect(WorkerResult.pingPong(roundTrips: 1, perSecond: 1).ratio == nil)
    }

    @Test func `what cannot be read is 400 and what is out of range 422, with the field`() {
        let malformed = Problem(QueryError.malformed(field: "limit", reason: "is no number"))
        #expect(malformed.status == 400 && malformed.field == "limit" && malformed.detail == "limit: is no number")
        #expect(Problem(QueryError.outOfRange(field: "limit", reason: "is 0")).status == 422)
    }
}

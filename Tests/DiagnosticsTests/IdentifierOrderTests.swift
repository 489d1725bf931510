import Diagnostics
import Observations
import Testing

/// Identifiers are compared in one way and written into cursors in another: a list that is gone through page by page would miss
/// some where the two disagreed.
@Suite struct IdentifierOrderTests {
    private static let identifiers: [SegmentIdentifier] = {
        let names: [ByteString] = ["", "a", "ab", "b", ByteString([0xff]), ByteString([0])]
        let numbers: [UInt64] = [0, 1, 2, UInt64(Int64.max), .max]
        let devices = [DeviceNumber(major: 0, minor: 1), DeviceNumber(major: 0, minor: 2), DeviceNumber(major: 8, minor: 0)]
        let namespaces: [UInt64?] = [nil, 5, 6]
        var all: [SegmentIdentifier] = []
        for namespace in namespaces {
            for name in names { all += [.posix(name), .semaphore(name)].map { SegmentIdentifier($0, namespace: namespace) } }
            for id in [0, 7, Int32.max] as [Int32] { all += [.sysv(id), .sysvSemaphore(id)].map { SegmentIdentifier($0, namespace: namespace) } }
        }
        for number in numbers {
            all += [SegmentIdentifier(.memfd(inode: number)), SegmentIdentifier(.anonymous(inode: number))]
            for device in devices {
                all += [
                    SegmentIdentifier(.file(device: device, inode: number)),
                    SegmentIdentifier(.deleted(device: device, inode: number)),
                ]
            }
        }
        return all
    }()

    @Test func `of two unlike ones exactly one stands before the other`() {
        let all = Self.identifiers
        #expect(Set(all).count == all.count && all.count > 80)
        for (index, one) in all.enumerated() {
            #expect(!(one < one))
            for other in all[(index + 1)...] where (one < other) == (other < one) { Issue.record("\(one) and \(other)") }
        }
        let sorted = all.sorted()
        #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test(arguments: [false, true])
    func `page by page each is met once, in that order`(isDescending: Bool) throws {
        let entries = Self.identifiers.shuffled().map { id in
            SegmentEntry(
                summary: SegmentSummary(id: id, name: "", sizeBytes: 0, residentBytes: 0, mode: 0, uid: 0, gid: 0), pids: [])
        }
        var met: [SegmentIdentifier] = []
        var cursor: Cursor?
        repeat {
            let page = try PageRequest(limit: 7, cursor: cursor)
            let report = try SegmentsReport(
                entries: entries, sort: SegmentSort(.id, isDescending: isDescending), page: page)
            met += report.segments.map(\.id)
            cursor = report.next
        } while cursor != nil
        let sorted = Self.identifiers.sorted()
        #expect(met == (isDescending ? sorted.reversed() : sorted))
    }
}

import Diagnostics
import Observations

/// Answers about processes and about bytes, with every key that there is.
extension ModelSamples {
    private static let range = MappedRange(start: 0x7f00_0000_0000, end: 0x7f00_0000_2000, offset: 4096, access: [.read, .write, .shared])

    private static var use: MappingUse {
        var use = MappingUse()
        use.residentBytes = 8192
        use.proportionalBytes = 4096
        return use
    }

    private static let name = ProcessName(pid: 7, command: "worker", uid: 0, user: "root", controlGroup: "/a.service")
    private static let place = SegmentIdentifier(.memfd(inode: 9))

    static var mappings: MappingsReport {
        let whole = MappingReport(
            process: name, range: range, use: use, touched: [TouchedRun(offset: 4096, length: 4096)])
        let bare = MappingReport(
            process: ProcessName(pid: 8, command: "", uid: 1, user: nil, controlGroup: nil), range: range, use: nil)
        return MappingsReport(mappings: [whole, bare], hidden: [], next: Cursor(.mappings, [.number(8), .number(1)]))
    }

    static var process: ProcessReport {
        ProcessReport(
            process: name, startedAt: WallTime(nanoseconds: 1_000_000_000),
            mappings: [ProcessMapping(segment: place, name: ByteString([0xff]), range: range, use: use)],
            open: [ProcessDescriptors(segment: place, name: ByteString([0xff]), number: 3, count: 2)], hidden: [])
    }

    static var processes: ProcessesReport {
        ProcessesReport(
            processes: [ProcessSummary(process: name, mappedCount: 1, segmentCount: 2, mappedBytes: 3)], hidden: [],
            next: Cursor(.processes, [.number(7)]))
    }

    static var search: SearchReport {
        SearchReport(
            matches: [SearchMatch(segment: place, offset: 5, bytes: [1, 0xab], following: [2])], searchedBytes: 4096,
            atimeMoved: true, wasAttached: true, hidden: [],
            next: SearchPlace(place, offset: 6))
    }
}

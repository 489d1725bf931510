import CShmlens
import Glibc
public import Observations
import SystemPackage

/// Which pages of an object there are, and which of them are in memory.
public struct PageStates: Sendable, Hashable {
    public let pageBytes: Int
    /// In order, touching one another; two neighbours differ in state.
    public let runs: [PageRun]
    /// Where to go on; nil where the object's end was reached.
    public let next: Int?
}

extension DescriptorSource {
    /// Bytes that are mapped at one time to be asked for: a byte of answer a page, and no page is touched.
    private static let windowBytes = 256 << 20
    /// Bytes of pages that one look asks for at most, so that it ends soon: some tenths of a second.
    private static let askedBytesMax = 64 << 30

    /// How many bytes of the object are in memory; nil where this kernel cannot be asked (before Linux 6.5). O(1) system
    /// calls, O(pages there are) in the kernel; touches none.
    public func residentBytes() -> Int? {
        guard let pages = try? cachedPages(of: descriptor) else { return nil }
        let (bytes, overflow) = pages.multipliedReportingOverflow(by: sysconf(Int32(_SC_PAGESIZE)))
        return overflow ? nil : bytes
    }

    /// Whether all its pages are huge ones: a file of hugetlbfs, a memfd made with MFD_HUGETLB.
    public func isOfHugePages() -> Bool { (try? Kernel.isOfHugePages(descriptor)) ?? false }

    /// Looks at pages from an offset on, and changes nothing: holes stay holes, and what is in swap stays there.
    ///
    /// Data that is not in memory is in swap. The kernel answers truly only to who owns the object or may write it
    /// (mincore(2), since Linux 5.2); to others all data is in memory.
    ///
    /// - Parameters:
    ///   - offset: rounded down to a page; at the object's end or behind it there is nothing.
    ///   - limit: runs at most.
    /// - Complexity: O(runs) system calls, and a byte for each page that is there.
    public func pages(from offset: Int, limit: Int) throws(ReadFailure) -> PageStates {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let size = try size()
        var runs: [PageRun] = []
        var position = max(0, offset) / page * page
        var asked = 0
        // Each turn passes a page at least, whatever others do to the object meanwhile.
        while position < size, runs.count <= limit, asked < Self.askedBytesMax {
            guard let data = try seek(position, Int32(SHMLENS_SEEK_DATA)), data < size else {
                Self.append(PageRun(offset: position, length: size - position, state: .hole), to: &runs)
                position = size
                break
            }
            if data > position {
                Self.append(PageRun(offset: position, length: data - position, state: .hole), to: &runs)
                position = data
                continue
            }
            let window = position + min(Self.windowBytes, size - position)
            let end = min(try seek(position, Int32(SHMLENS_SEEK_HOLE)) ?? size, window)
            guard end > position else { break }
            try appendResidency(of: position..<end, page, to: &runs)
            asked += end - position
            position = end
        }
        // The run that was begun last may go on.
        guard runs.count > limit else { return PageStates(pageBytes: page, runs: runs, next: position < size ? position : nil) }
        return PageStates(pageBytes: page, runs: Array(runs.prefix(limit)), next: runs[limit].offset)
    }

    /// The next run of bytes that are there, from an offset on; what lies between is a hole. nil where there are none.
    ///
    /// On a file system that knows no holes all of a file is there.
    public func data(from offset: Int) throws(ReadFailure) -> Range<Int>? {
        let size = try size()
        guard offset >= 0, offset < size, let start = try seek(offset, Int32(SHMLENS_SEEK_DATA)), start < size else {
            return nil
        }
        let end = min(try seek(start, Int32(SHMLENS_SEEK_HOLE)) ?? size, size)
        return end > start ? start..<end : nil
    }

    /// - Returns: nil where there is nothing of that kind from the offset on.
    private func seek(_ offset: Int, _ kind: Int32) throws(ReadFailure) -> Int? {
        do throws(Errno) {
            return try position(in: descriptor, from: offset, kind)
        } catch {
            guard error == .noSuchAddressOrDevice else {
                throw ReadFailure(operation: "lseek", object: object, errorNumber: error.rawValue)
            }
            return nil
        }
    }

    /// Asks which pages of a range with data are in memory.
    private func appendResidency(of range: Range<Int>, _ page: Int, to runs: inout [PageRun]) throws(ReadFailure) {
        let residency: [UInt8]
        do throws(Errno) {
            residency = try Kernel.residency(of: descriptor, range, page: page)
        } catch {
            throw ReadFailure(operation: "mincore", object: object, errorNumber: error.rawValue)
        }
        for (index, value) in residency.enumerated() {
            let offset = range.lowerBound + index * page
            let length = min(page, range.upperBound - offset)
            Self.append(PageRun(offset: offset, length: length, state: value & 1 == 1 ? .resident : .swapped), to: &runs)
        }
    }

    private static func append(_ run: PageRun, to runs: inout [PageRun]) {
        if let last = runs.last, last.state == run.state, last.end == run.offset {
            runs[runs.count - 1].length += run.length
        } else {
            runs.append(run)
        }
    }
}

public import Observations
import SystemPackage

extension ProcFS {
    /// The shared mappings of a process with how much of each is used; nil where there is no such process.
    ///
    /// smaps walks the page tables of the *whole* process, which takes 15 ms for each GiB that is resident: ask it of
    /// processes that matter, not of all.
    ///
    /// - Parameters:
    ///   - wanted: which of the shared mappings are kept.
    ///   - limit: how many are kept; more are counted.
    public func usedMappings(
        of pid: Int32, limit: Int = 65_536, where wanted: (Mapping) -> Bool = { _ in true }
    ) throws(KernelError) -> BoundedList<UsedMapping>? {
        var reader = LineReader()
        var parser = SmapsParser()
        var list = BoundedList<UsedMapping>()
        let path = path(pid, "smaps")
        do throws(Errno) {
            let descriptor = try openDescriptor(path, OpenFlags.file)
            let isWhole = try reader.forEachLine(bytesMax: Limit.smapsBytes) { (buffer, start) throws(Errno) in
                try read(descriptor, into: &buffer, from: start)
            } _: { line in
                if let done = parser.take(line), wanted(done.mapping) { list.append(done, limit: limit) }
            }
            if let done = parser.finish(), wanted(done.mapping) { list.append(done, limit: limit) }
            if !isWhole { list.omittedCount += 1 }
        } catch {
            if error.meansGone { return nil }
            throw KernelError(operation: "read", object: path.text, errno: error, needs: Needs.otherProcess)
        }
        list.omittedCount += reader.overlongLineCount + parser.malformedCount
        return list
    }

    /// The path of a process's control group, of the unified hierarchy where there is one: `/system.slice/cron.service`;
    /// nil where it is in none, or there is no such process.
    public func controlGroup(of pid: Int32) throws(KernelError) -> ByteString? {
        guard let contents = try contents(path(pid, "cgroup")) else { return nil }
        var first: ByteString?
        for line in contents.bytes.split(separator: UInt8(ascii: "\n")) {
            // `0::/path`, `4:memory:/path`; a name may hold colons, the two fields before it none.
            let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let path = ByteString(Array(fields[2]))
            if fields[0].elementsEqual("0".utf8) { return path }
            first = first ?? path
        }
        return first
    }
}

/// Puts mappings together from the lines of smaps; proc_pid_smaps(5).
package struct SmapsParser {
    package private(set) var malformedCount = 0
    private var mapping: Mapping?
    private var use = MappingUse()

    package init() {}

    /// Takes one line.
    ///
    /// - Returns: a shared mapping whose last line was the one before.
    package mutating func take(_ line: Span<UInt8>) -> UsedMapping? {
        // A mapping begins with an address in lower case, a field with a capital letter.
        guard let first = line.isEmpty ? nil : line[0], !(UInt8(ascii: "A")...UInt8(ascii: "Z") ~= first) else {
            if mapping != nil { takeField(line) }
            return nil
        }
        let done = finish()
        switch MapsLine.parse(line, sharedOnly: true) {
        case .line(let parsed): mapping = parsed.mapping(line)
        case .malformed: malformedCount += 1
        case .skipped: break
        }
        return done
    }

    /// The last mapping.
    package mutating func finish() -> UsedMapping? {
        defer {
            mapping = nil
            use = MappingUse()
        }
        return mapping.map { UsedMapping(mapping: $0, use: use) }
    }

    private mutating func takeField(_ line: Span<UInt8>) {
        var position = 0
        let name = takeUntil(UInt8(ascii: ":"), line, &position)
        guard Kernel.take(UInt8(ascii: ":"), line, &position) else { return }
        skipBlanks(line, &position)
        guard let kibibytes = takeDecimal(line, &position) else { return }
        let (product, overflow) = kibibytes.multipliedReportingOverflow(by: 1_024)
        let bytes = overflow ? Int.max : Int(clamping: product)
        if equals(line, name, "Rss") {
            use.residentBytes = bytes
        } else if equals(line, name, "Pss") {
            use.proportionalBytes = bytes
        } else if equals(line, name, "Swap") {
            use.swappedBytes = bytes
        } else if equals(line, name, "ShmemPmdMapped") || equals(line, name, "FilePmdMapped")
            || equals(line, name, "Shared_Hugetlb") || equals(line, name, "Private_Hugetlb")
        {
            // Pages of hugetlbfs are not in Rss.
            let (sum, overflow) = use.hugeBytes.addingReportingOverflow(bytes)
            use.hugeBytes = overflow ? .max : sum
        }
    }
}

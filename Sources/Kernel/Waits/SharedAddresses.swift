import Observations
import SystemPackage

/// Tells of addresses of one process which shared object stands there, and where in it. One thread's.
struct SharedAddresses: ~Copyable {
    /// Mappings of one process kept where the kernel has to be asked for all of them.
    private static let mappingsMax = 65_536

    private struct Known {
        let range: MappedRange
        let key: ObjectKey
    }

    /// The kernel shows of any thread, by its own number, what it shows of a process: also where the first has ended.
    private let thread: Int32
    private let proc: ProcFS
    private let maps: Descriptor
    private var query = MapQuery()
    private var namespaces: IPCNamespaces
    /// In the order of their addresses.
    private var known: [Known] = []
    /// Whether ``known`` is all there is.
    private var isWhole = false

    /// - Parameter thread: whose files show the mappings: another than the first where that has ended.
    init(of pid: Int32, thread: Int32, in proc: ProcFS) throws(Errno) {
        self.thread = thread
        self.proc = proc
        namespaces = IPCNamespaces(proc: proc)
        maps = try openDescriptor(proc.folder(of: thread, in: pid).appending("maps"), OpenFlags.file)
    }

    /// - Returns: nil where nothing shared is there, or an object that cannot be named.
    mutating func place(of address: UInt64) throws(Errno) -> (object: ObjectKey, offset: Int)? {
        if let found = find(address) { return found }
        guard !isWhole else { return nil }
        var found: Known?
        var spaces = namespaces
        let thread = thread
        let isAnswered = try query.at(address, maps) { line, text in found = Self.known(line, text, thread, &spaces) }
        namespaces = spaces
        if isAnswered {
            // The next one behind the address may have been told instead.
            guard let found, found.range.contains(address) else { return nil }
            insert(found)
        } else {
            readAll()
        }
        return find(address)
    }

    /// The first that begins behind an address. O(log mappings).
    private func index(behind address: UInt64) -> Int {
        var (low, high) = (0, known.count)
        while low < high {
            let middle = (low + high) / 2
            if known[middle].range.start <= address { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func insert(_ found: Known) { known.insert(found, at: index(behind: found.range.start)) }

    private func find(_ address: UInt64) -> (object: ObjectKey, offset: Int)? {
        let index = index(behind: address)
        guard index > 0, known[index - 1].range.contains(address) else { return nil }
        let entry = known[index - 1]
        let (offset, overflow) = entry.range.offset.addingReportingOverflow(address - entry.range.start)
        guard !overflow, let offset = Int(exactly: offset) else { return nil }
        return (entry.key, offset)
    }

    private mutating func readAll() {
        isWhole = true
        guard let list = (try? proc.mappings(of: thread, sharedOnly: true, limit: Self.mappingsMax)) ?? nil else { return }
        for mapping in list.elements {
            guard let kind = mapping.kind, let namespace = kind == .sysv ? namespaces.key(of: thread) : 0 else { continue }
            let key = ObjectKey(space: kind.space, device: mapping.device, inode: mapping.inode, namespace: namespace)
            known.append(Known(range: mapping.range, key: key))
        }
    }

    private static func known(
        _ line: MapsLine, _ text: Span<UInt8>, _ thread: Int32, _ namespaces: inout IPCNamespaces
    ) -> Known? {
        guard let kind = line.kind(text), let namespace = kind == .sysv ? namespaces.key(of: thread) : 0 else { return nil }
        return Known(
            range: line.range,
            key: ObjectKey(space: kind.space, device: line.device, inode: line.inode, namespace: namespace))
    }
}

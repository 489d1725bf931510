public import Observations
import SystemPackage

extension ProcFS {
    /// What a scan of all mappers looks at and keeps at most.
    public struct ScanLimits: Sendable, Hashable {
        /// Processes looked at, those with the lowest ids first.
        public var processes = ProcFS.Limit.processes
        /// Shared mappings kept, of all processes together; about 50 bytes each.
        public var mappings = 1_048_576
        /// Bytes of one process's maps.
        public var mapsBytes = ProcFS.Limit.mapsBytes
        /// Processes that could not be read and are named; more are counted.
        public var unreadableNamed = 1_000

        public init() {}
    }

    /// The mappings of one process, in address order; nil where there is no such process.
    ///
    /// maps is not one picture: each read(2) of about a page of text is one, and the next goes on from the last
    /// address seen. Lines that are not as proc_pid_maps(5) has them are counted as omitted.
    ///
    /// - Parameters:
    ///   - sharedOnly: leaves out mappings whose stores stay private.
    ///   - limit: how many are kept; more are counted.
    public func mappings(
        of pid: Int32, sharedOnly: Bool, limit: Int = 65_536
    ) throws(KernelError) -> BoundedList<Mapping>? {
        var reader = LineReader()
        var list = BoundedList<Mapping>()
        let path = path(pid, "maps")
        do throws(Errno) {
            let isWhole = try readMaps(path, bytesMax: Limit.mapsBytes, &reader) { text in
                switch MapsLine.parse(text, sharedOnly: sharedOnly) {
                case .line(let line): list.append(line.mapping(text), limit: limit)
                case .malformed: list.omittedCount += 1
                case .skipped: break
                }
            }
            if !isWhole { list.omittedCount += 1 }
        } catch {
            if error.meansGone { return nil }
            throw KernelError(operation: "read", object: path.text, errno: error, needs: Needs.otherProcess)
        }
        list.omittedCount += reader.overlongLineCount
        return list
    }

    /// Finds out who maps which shared object, in one pass over all processes.
    ///
    /// Private mappings are passed over. Shared mappings of things whose inode number is not their own
    /// (`anon_inode:…`) are too.
    ///
    /// - Throws: ``KernelError`` where the folder itself cannot be read. Processes that cannot be read are in the
    ///   answer.
    /// - Complexity: O(text of all maps); most of the time is the kernel's, which writes that text.
    public func mapperScan(limits: ScanLimits = ScanLimits()) throws(KernelError) -> MapperScan {
        let pids = try processes(limit: limits.processes)
        var reader = SharedMapsReader(limits: limits)
        var join = MapperJoin(mappingsMax: limits.mappings, namespaces: IPCNamespaces(proc: self))
        var scan = MapperScan()
        scan.pids = pids.elements
        scan.omittedProcessCount = pids.omittedCount
        for pid in pids.elements {
            do throws(Errno) {
                let isWhole = try reader.read(path(pid, "maps")) { line, text in join.add(line, text, of: pid) }
                scan.processCount += 1
                if !isWhole { scan.truncatedCount += 1 }
            } catch {
                if error.meansGone {
                    scan.vanishedCount += 1
                } else {
                    let process = UnreadableProcess(pid: pid, errorNumber: error.rawValue)
                    scan.unreadable.append(process, limit: limits.unreadableNamed)
                }
            }
        }
        scan.malformedLineCount = reader.malformedLineCount
        scan.omittedMappingCount = join.omittedMappingCount
        scan.objects = join.objectsByKey()
        scan.hidden = hidden(from: scan)
        return scan
    }

    /// Hands each line of a maps to `body`; answers whether that was all of it.
    private func readMaps(
        _ path: SystemPath, bytesMax: Int, _ reader: inout LineReader, _ body: (Span<UInt8>) -> Void
    ) throws(Errno) -> Bool {
        let descriptor = try openDescriptor(path, OpenFlags.file)
        return try reader.forEachLine(
            bytesMax: bytesMax,
            from: { (buffer, start) throws(Errno) in try read(descriptor, into: &buffer, from: start) },
            body)
    }

    private func hidden(from scan: MapperScan) -> [Hidden] {
        var hidden: [Hidden] = []
        func add(_ what: String, _ count: Int, _ needs: String) {
            if count > 0 { hidden.append(Hidden(what: what, count: count, needs: needs)) }
        }
        let named = scan.unreadable.elements
        let refusedCount = named.count { Errno(rawValue: $0.errorNumber).isRefusal }
        // Those beyond the ones named were most likely refused too: it is the only failure that comes in thousands.
        add("maps of processes", refusedCount + scan.unreadable.omittedCount, Needs.otherProcess)
        add("maps of processes that failed to be read", named.count - refusedCount, "another try")
        add("processes", scan.omittedProcessCount, "a higher limit of processes")
        add("mappings", scan.omittedMappingCount, "a higher limit of mappings")
        add("lines of maps that were not understood", scan.malformedLineCount, "a program that knows this kernel")
        add("ends of long maps", scan.truncatedCount, "a higher limit of bytes of maps")
        return hidden
    }
}

/// Reads the shared mappings of process after process, by the cheapest question that the kernel answers.
private struct SharedMapsReader {
    private let limits: ProcFS.ScanLimits
    private var lines = LineReader()
    private var query = MapQuery()
    /// nil until the kernel was asked.
    private var answersQueries: Bool?
    private var notUnderstoodCount = 0

    init(limits: ProcFS.ScanLimits) { self.limits = limits }

    /// Mappings that could not be understood since the reader was made.
    var malformedLineCount: Int { notUnderstoodCount + lines.overlongLineCount }

    /// Hands each shared mapping of a maps to `body`; answers whether that was all of it.
    mutating func read(_ path: SystemPath, _ body: (MapsLine, Span<UInt8>) -> Void) throws(Errno) -> Bool {
        let maps = try openDescriptor(path, OpenFlags.file)
        if answersQueries != false {
            switch try query.forEachShared(maps, mappingsMax: limits.mappings, body) {
            case .unknown: answersQueries = false
            case .whole(let namelessCount):
                answersQueries = true
                notUnderstoodCount += namelessCount
                return true
            case .cut(let namelessCount):
                answersQueries = true
                notUnderstoodCount += namelessCount
                return false
            }
        }
        var malformedCount = 0
        let isWhole = try lines.forEachLine(
            bytesMax: limits.mapsBytes,
            from: { (buffer, start) throws(Errno) in try Kernel.read(maps, into: &buffer, from: start) },
            { text in
                switch MapsLine.parse(text, sharedOnly: true) {
                case .line(let line): body(line, text)
                case .malformed: malformedCount += 1
                case .skipped: break
                }
            })
        notUnderstoodCount += malformedCount
        return isWhole
    }
}

/// The IPC namespaces of processes that have a System V segment attached, as keys tell them.
private struct IPCNamespaces {
    private let proc: ProcFS
    private let own: UInt64?
    private var last: (pid: Int32, namespace: UInt64)?

    init(proc: ProcFS) {
        self.proc = proc
        own = try? proc.namespace(.ipc, proc.root.appending("self").appending("ns"))
    }

    /// 0 for the observer's own, and where it will not be told.
    mutating func key(of pid: Int32) -> UInt64 {
        if let last, last.pid == pid { return last.namespace }
        let found = try? proc.namespace(.ipc, of: pid)
        let namespace = own == nil || found == own ? 0 : found ?? 0
        last = (pid, namespace)
        return namespace
    }
}

/// Joins mappings to the objects that they show.
private struct MapperJoin {
    private(set) var omittedMappingCount = 0
    private var mappingCount = 0
    private var objects: [MappedObject] = []
    /// By the index of the object: how much its present name tells.
    private var nameRanks: [Int] = []
    private var indices: [ObjectKey: Int] = [:]
    private let mappingsMax: Int
    private var namespaces: IPCNamespaces

    init(mappingsMax: Int, namespaces: IPCNamespaces) {
        self.mappingsMax = mappingsMax
        self.namespaces = namespaces
    }

    mutating func add(_ line: MapsLine, _ text: Span<UInt8>, of pid: Int32) {
        guard let kind = line.kind(text) else { return }
        guard mappingCount < mappingsMax else {
            omittedMappingCount += 1
            return
        }
        mappingCount += 1
        let key = ObjectKey(
            space: kind.space, device: line.device, inode: line.inode,
            namespace: kind == .sysv ? namespaces.key(of: pid) : 0)
        add(line, key, kind, text, of: pid)
    }

    private mutating func add(
        _ line: MapsLine, _ key: ObjectKey, _ kind: ObjectKind, _ text: Span<UInt8>, of pid: Int32
    ) {
        let rank = nameRank(kind, isDeleted: line.isDeleted)
        guard let index = indices[key] else {
            indices[key] = objects.count
            nameRanks.append(rank)
            objects.append(
                MappedObject(
                    key: key, kind: kind, name: line.nameCopy(text), isDeleted: line.isDeleted,
                    mappers: [Mapper(pid: pid, ranges: [line.range])]))
            return
        }
        if rank > nameRanks[index] {
            nameRanks[index] = rank
            objects[index].kind = kind
            objects[index].name = line.nameCopy(text)
        }
        if !line.isDeleted { objects[index].isDeleted = false }
        let last = objects[index].mappers.count - 1
        if objects[index].mappers[last].pid == pid {
            objects[index].mappers[last].ranges.append(line.range)
        } else {
            objects[index].mappers.append(Mapper(pid: pid, ranges: [line.range]))
        }
    }

    /// How much a name tells: the kind first, then whether one can open it.
    private func nameRank(_ kind: ObjectKind, isDeleted: Bool) -> Int {
        (kind == .file ? 0 : 2) + (isDeleted ? 0 : 1)
    }

    func objectsByKey() -> [ObjectKey: MappedObject] {
        Dictionary(uniqueKeysWithValues: objects.lazy.map { ($0.key, $0) })
    }
}

public import Observations
import SystemPackage

/// Who maps and who has open what, from one visit to each process.
///
/// It is not the picture of one instant: processes were visited one after the other, or were found not to have run since
/// an earlier visit.
public struct UseScan: Sendable {
    public var mappers = MapperScan()
    public var holders = HolderScan()
    /// Processes that did not run since the scan before, and so were not visited again.
    public var renewed: Set<Int32> = []
    /// By pid.
    private(set) var visits: [Int32: ProcessVisit] = [:]

    public init() {}

    fileprivate init(_ visits: [(visit: ProcessVisit, isRenewed: Bool)], _ limits: ProcFS.UseLimits) {
        for (visit, isRenewed) in visits where isRenewed { renewed.insert(visit.pid) }
        // What is kept for the next scan is bounded like what this one keeps.
        for (visit, _) in visits where visit.stamp != nil { self.visits[visit.pid] = visit }
    }
}

extension ProcFS {
    /// What a scan of all uses looks at and keeps at most.
    public struct UseLimits: Sendable, Hashable {
        /// Processes looked at, those with the lowest ids first.
        public var processes = ProcFS.Limit.processes
        /// Shared mappings kept, of all processes together; about 150 bytes each.
        public var mappings = 1_048_576
        /// Bytes of one process's maps.
        public var mapsBytes = ProcFS.Limit.mapsBytes
        /// Processes that could not be read and are named; more are counted.
        public var unreadableNamed = 1_000
        /// Descriptors of one process.
        public var descriptors = 65_536
        /// Descriptors of all processes together; each costs a readlink(2).
        public var descriptorsInAll = 1_048_576
        /// Descriptors of files that may turn out to be mapped; each costs its name.
        public var files = 262_144

        public init() {}
    }

    /// What else a scan is told.
    public struct UseContext: Sendable {
        /// An earlier scan: processes that did not run since are not visited again.
        public var before: UseScan?
        /// The names of files that folders of shared memory show now.
        public var listed: [ObjectKey: ByteString] = [:]
        /// Folders beside `/dev/shm` that show the files of a folder of shared memory, as where that is mounted twice: who
        /// has a file open by a name there has it open all the same.
        public var alsoShared: Set<ByteString> = []
        /// Whether a file system answers at once: a descriptor of a file that is mapped shared is asked for what it leads
        /// to where it does.
        public var answers: @Sendable (DeviceNumber) -> Bool = { _ in true }

        public init() {}
    }

    /// Finds out who maps and who has open which shared object.
    ///
    /// Private mappings are passed over. Shared mappings of things whose inode number is not their own
    /// (`anon_inode:…`) are too. Descriptors of other files than shared memory count where somebody maps the file shared.
    ///
    /// - Throws: ``KernelError`` where the folder itself cannot be read. Processes that cannot be read are in the answer.
    /// - Complexity: O(mappings + descriptors of the processes that ran since the scan before), by calls to the kernel of
    ///   a microsecond or three each, spread over the processors.
    public func useScan(_ context: UseContext = UseContext(), limits: UseLimits = UseLimits()) throws(KernelError) -> UseScan {
        useScan(of: try processes(limit: limits.processes), context, limits: limits)
    }

    /// The same, of some processes.
    public func useScan(
        of pids: BoundedList<Int32>, _ context: UseContext = UseContext(), limits: UseLimits = UseLimits()
    ) -> UseScan {
        let budget = UseBudget(limits)
        let namespaces = IPCNamespaces(proc: self)
        let before = context.before?.visits ?? [:]
        let names = PresentNames(listed: context.listed, before, answers: context.answers)
        let visits = inParallel(pids.elements, grain: Self.processesOfPart) { part in
            var visitor = ProcessVisitor(self, limits, budget, namespaces, alsoShared: context.alsoShared)
            return part.map { pid in
                guard let renewed = before[pid]?.renewed(in: self, names) else { return (visitor.visit(pid), false) }
                budget.take(renewed)
                return (renewed, true)
            }
        }
        var scan = UseScan(visits, limits)
        let (mappers, joined) = bothInParallel {
            var mappers = MapperJoin(expecting: visits.reduce(0) { $0 + $1.0.mappings.count })
            for (visit, _) in visits { mappers.add(visit, unreadableNamed: limits.unreadableNamed) }
            return mappers.finished(pids)
        } _: {
            var holders = HolderJoin(expecting: visits.reduce(0) { $0 + $1.0.descriptors.count })
            for (visit, _) in visits { holders.add(visit) }
            return holders
        }
        scan.mappers = mappers
        var holders = joined
        let mapped = scan.mappers.objects.values.filter { $0.kind == .file }
        var visitor = ProcessVisitor(self, limits, budget, namespaces, alsoShared: context.alsoShared)
        holders.addFiles(of: visits.map(\.0), mapped, answers: context.answers, &visitor)
        scan.holders = holders.finished()
        return scan
    }

    /// A visit takes from some ten microseconds to milliseconds.
    private static let processesOfPart = 8
}

/// Joins mappings to the objects that they show.
private struct MapperJoin {
    private var scan = MapperScan()

    init(expecting count: Int) { scan.objects.reserveCapacity(count) }

    mutating func add(_ visit: ProcessVisit, unreadableNamed: Int) {
        switch visit.mappingsEnding {
        case .whole, .cut:
            scan.processCount += 1
            if visit.mappingsEnding == .cut { scan.truncatedCount += 1 }
        case .gone: scan.vanishedCount += 1
        case .failed(let number):
            scan.unreadable.append(UnreadableProcess(pid: visit.pid, errorNumber: number), limit: unreadableNamed)
        }
        scan.malformedLineCount += visit.malformedLineCount
        scan.omittedMappingCount += visit.omittedMappingCount
        for mapping in visit.mappings { add(mapping, of: visit.pid) }
    }

    private mutating func add(_ mapping: ProcessVisit.SeenMapping, of pid: Int32) {
        scan.objects.update(mapping.key) {
            MappedObject(
                key: mapping.key, kind: mapping.kind, name: mapping.name, isDeleted: mapping.isDeleted,
                mappers: [Mapper(pid: pid, ranges: [mapping.range])])
        } _: {
            $0.add(mapping, of: pid)
        }
    }

    func finished(_ pids: BoundedList<Int32>) -> MapperScan {
        var finished = scan
        finished.pids = pids.elements
        finished.omittedProcessCount = pids.omittedCount
        finished.hidden = hidden(from: finished)
        return finished
    }

    private func hidden(from scan: MapperScan) -> [Hidden] {
        let named = scan.unreadable.elements
        let refusedCount = named.count { Errno(rawValue: $0.errorNumber).isRefusal }
        return hiddenOnes([
            // Those beyond the ones named were most likely refused too: it is the only failure that comes in thousands.
            ("maps of processes", refusedCount + scan.unreadable.omittedCount, Needs.otherProcess),
            ("maps of processes that failed to be read", named.count - refusedCount, "another try"),
            ("processes", scan.omittedProcessCount, "a higher limit of processes"),
            ("mappings", scan.omittedMappingCount, "a higher limit of mappings"),
            ("lines of maps that were not understood", scan.malformedLineCount, "a program that knows this kernel"),
            ("ends of long maps", scan.truncatedCount, "a higher limit of bytes of maps"),
        ])
    }
}

extension MappedObject {
    fileprivate mutating func add(_ mapping: ProcessVisit.SeenMapping, of pid: Int32) {
        let known = Self.nameRank(kind, isNameDeleted)
        if Self.nameRank(mapping.kind, mapping.isDeleted) > known {
            kind = mapping.kind
            name = mapping.name
            isNameDeleted = mapping.isDeleted
        }
        if !mapping.isDeleted { isDeleted = false }
        let last = mappers.count - 1
        if mappers[last].pid == pid {
            mappers[last].ranges.append(mapping.range)
        } else {
            mappers.append(Mapper(pid: pid, ranges: [mapping.range]))
        }
    }

    /// How much a name tells: the kind first, then whether one can open it.
    private static func nameRank(_ kind: ObjectKind, _ isDeleted: Bool) -> Int {
        (kind == .file ? 0 : 2) + (isDeleted ? 0 : 1)
    }
}

/// Joins descriptors to the objects that they are of.
private struct HolderJoin: Sendable {
    private var scan = HolderScan()
    private var failedCount = 0
    private var omittedCount = 0

    init(expecting count: Int) { scan.objects.reserveCapacity(count) }

    mutating func add(_ visit: ProcessVisit) {
        switch visit.descriptorsEnding {
        case .whole: scan.processCount += 1
        case .cut:
            scan.processCount += 1
            omittedCount += 1
        case .gone: break
        case .failed(let number):
            if Errno(rawValue: number).isRefusal { scan.refusedCount += 1 } else { failedCount += 1 }
        }
        omittedCount += visit.omittedDescriptorCount
        for held in visit.descriptors { add(held, of: visit.pid) }
    }

    private mutating func add(_ held: ProcessVisit.SeenDescriptor, of pid: Int32) {
        scan.objects.update(held.key) {
            HeldObject(
                key: held.key, kind: held.kind, name: held.name, isDeleted: held.isDeleted, file: held.file,
                holders: [Holder(pid: pid, number: held.number)])
        } _: {
            $0.hold(pid, held)
        }
    }

    /// Adds those who have a file open that somebody maps shared.
    mutating func addFiles(
        of visits: [ProcessVisit], _ mapped: [MappedObject], answers: (DeviceNumber) -> Bool, _ visitor: inout ProcessVisitor
    ) {
        guard !mapped.isEmpty else { return }
        // Files of different mount namespaces may have one name.
        let keys = Dictionary(grouping: mapped.map { (name: $0.name, key: $0.key) }, by: \.name)
        for visit in visits {
            for open in visit.files {
                guard let named = keys[open.name] else { continue }
                guard named.allSatisfy({ answers($0.key.device) }) else {
                    scan.unaskedFileCount += 1
                    continue
                }
                guard let held = visitor.held(open, of: visit.pid) else { continue }
                add(held.joined(to: named.map(\.key)), of: visit.pid)
            }
        }
    }

    func finished() -> HolderScan {
        var finished = scan
        finished.hidden = hiddenOnes([
            ("descriptors of processes", scan.refusedCount, Needs.otherDescriptors),
            ("descriptors of processes that failed to be read", failedCount, "another try"),
            ("descriptors", omittedCount, "a higher limit of descriptors"),
        ])
        return finished
    }
}

extension ProcessVisit.SeenDescriptor {
    /// With the key that maps has of the file, where statx(2) tells another device of it than that.
    fileprivate func joined(to keys: [ObjectKey]) -> ProcessVisit.SeenDescriptor {
        guard !keys.contains(key), let mapped = keys.first(where: { $0.inode == key.inode }) else { return self }
        return ProcessVisit.SeenDescriptor(number: number, key: mapped, kind: kind, name: name, isDeleted: isDeleted, file: file)
    }
}

/// Those of which there are some.
private func hiddenOnes(_ all: [(what: String, count: Int, needs: String)]) -> [Hidden] {
    all.filter { $0.count > 0 }.map { Hidden(what: $0.what, count: $0.count, needs: $0.needs) }
}

extension HeldObject {
    fileprivate mutating func hold(_ pid: Int32, _ held: ProcessVisit.SeenDescriptor) {
        if file == nil { file = held.file }
        if let last = holders.indices.last, holders[last].pid == pid {
            holders[last].count += 1
        } else {
            holders.append(Holder(pid: pid, number: held.number))
        }
    }
}

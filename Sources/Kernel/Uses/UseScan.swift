public import Observations
import Parallel
import SystemPackage

/// Who maps and who has open what, from one visit to each process.
///
/// It is not the picture of one instant: processes were visited one after the other, or were found not to have run since
/// an earlier visit.
public struct UseScan: Sendable {
    public var mappers = MapperScan()
    public var holders = HolderScan()
    /// Processes that did not run since the scan before, and so were not visited again.
    public internal(set) var renewed: Set<Int32> = []
    /// Those that may be renewed, by pid.
    var visits: [Int32: ProcessVisit] = [:]
    /// Who could not be seen whole.
    var incomplete: Set<Int32> = []

    public init() {}

    /// Without the answers: what the next scan needs.
    public var forNext: UseScan {
        var next = UseScan()
        next.visits = visits
        return next
    }
}

extension ProcFS {
    /// What a scan of all uses looks at and keeps at most.
    public struct UseLimits: Sendable, Hashable {
        /// Processes looked at, those with the lowest ids first.
        public var processes = ProcFS.Limit.processes
        /// Shared mappings kept, of all processes together; about 130 bytes each.
        public var mappings = 1_048_576
        /// Bytes of one process's maps.
        public var mapsBytes = ProcFS.Limit.mapsBytes
        /// Processes that could not be read and are named; more are counted.
        public var unreadableNamed = 1_000
        /// Descriptors of one process.
        public var descriptors = 65_536
        /// Descriptors of all processes together; each costs a readlink(2), those of files two calls more.
        public var descriptorsInAll = 1_048_576
        /// Descriptors of files that may turn out to be mapped; 24 bytes each.
        public var files = 262_144
        /// Bytes of names kept, of all processes together.
        public var nameBytes = 67_108_864

        public init() {}
    }

    /// Mounted file systems, of all mount namespaces that could be read.
    public struct Mounts: Sendable {
        /// By ``Mount/id``.
        public var devices: [UInt64: DeviceNumber] = [:]
        /// The file systems of folders of shared memory.
        public var shared: Set<DeviceNumber> = []

        public init() {}

        func isShared(_ id: UInt64) -> Bool { devices[id].map { shared.contains($0) } ?? false }
    }

    /// What a second look found to be used.
    public struct LaterUses: Sendable {
        fileprivate var keys: Set<ObjectKey> = []
        fileprivate var inodes: Set<UInt64> = []

        /// Whether an object is used, or may be.
        public func mayUse(_ key: ObjectKey) -> Bool { keys.contains(key) || inodes.contains(key.inode) }
    }

    /// What else a scan is told.
    public struct UseContext: Sendable {
        /// An earlier scan: processes that did not run since are not visited again.
        public var before: UseScan?
        /// The names of files that folders of shared memory show now.
        public var listed: [ObjectKey: ByteString] = [:]
        /// What tells of which file system an open file is.
        public var mounts = Mounts()

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
        let visits = visit(pids.elements, context, limits, UseBudget(limits))
        var scan = UseScan()
        for (visit, isRenewed) in visits {
            if isRenewed { scan.renewed.insert(visit.pid) }
            // What is kept for the next scan is bounded like what this one keeps.
            if visit.stamp != nil { scan.visits[visit.pid] = visit }
            if !visit.isComplete { scan.incomplete.insert(visit.pid) }
        }
        join(visits.map(\.visit), pids, context.mounts, limits, into: &scan)
        return scan
    }

    private typealias Visit = (visit: ProcessVisit, isRenewed: Bool)

    private func visit(
        _ pids: [Int32], _ context: UseContext, _ limits: UseLimits, _ budget: UseBudget
    ) -> [Visit] {
        let namespaces = IPCNamespaces(proc: self)
        let before = context.before?.visits ?? [:]
        return inParallel(pids, grain: Self.processesOfPart) { part in
            var visitor = ProcessVisitor(self, limits, budget, namespaces, context.mounts)
            return part.map { pid in
                guard let renewed = before[pid]?.renewed(in: self, context.listed), budget.take(renewed) else {
                    return (visitor.visit(pid), false)
                }
                return (renewed, true)
            }
        }
    }

    private func join(
        _ found: [ProcessVisit], _ pids: BoundedList<Int32>, _ mounts: Mounts, _ limits: UseLimits, into scan: inout UseScan
    ) {
        let (mappers, joined) = bothInParallel {
            var mappers = MapperJoin(expecting: found.reduce(0) { $0 + $1.mappings.count })
            for visit in found { mappers.add(visit, unreadableNamed: limits.unreadableNamed) }
            return mappers.finished(pids)
        } _: {
            var holders = HolderJoin(expecting: found.reduce(0) { $0 + $1.descriptors.count })
            for visit in found { holders.add(visit) }
            return holders
        }
        scan.mappers = mappers
        var holders = joined
        holders.addFiles(of: found, mappers.objects, mounts)
        scan.holders = holders.finished()
    }

    /// A second look, right after a scan, at those who ran meanwhile and those who are new.
    ///
    /// - Returns: what they use of shared memory; nil where one of them did not let itself be looked at that did before.
    public func usesSince(
        _ scan: UseScan, _ mounts: Mounts, limits: UseLimits = UseLimits()
    ) throws(KernelError) -> LaterUses? {
        let pids = try processes(limit: limits.processes).elements
        let known = scan.visits
        let (budget, namespaces) = (UseBudget(limits), IPCNamespaces(proc: self))
        let visits = inParallel(pids, grain: Self.processesOfPart) { part in
            let awake = part.filter { pid in known[pid]?.stamp?.holds(in: self) != true }
            guard !awake.isEmpty else { return [ProcessVisit]() }
            var visitor = ProcessVisitor(self, limits, budget, namespaces, mounts)
            return awake.map { visitor.visit($0) }
        }
        var uses = LaterUses()
        uses.inodes = scan.holders.unplacedInodes
        for visit in visits {
            guard visit.isComplete || scan.incomplete.contains(visit.pid) else { return nil }
            for mapping in visit.mappings { uses.keys.insert(mapping.key) }
            for held in visit.descriptors { uses.keys.insert(held.key) }
            for open in visit.files where mounts.devices[open.mountID] == nil { uses.inodes.insert(open.inode) }
        }
        return uses
    }

    /// A visit takes from some ten microseconds to milliseconds.
    private static let processesOfPart = 8
}


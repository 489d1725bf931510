import Observations
import SystemPackage

/// Joins mappings to the objects that they show.
struct MapperJoin {
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
        for mapping in visit.mappings { add(mapping, of: visit) }
    }

    private mutating func add(_ mapping: ProcessVisit.SeenMapping, of visit: ProcessVisit) {
        scan.objects.update(mapping.key) {
            MappedObject(
                key: mapping.key, kind: mapping.kind, name: mapping.name, isDeleted: mapping.isDeleted,
                mappers: [Mapper(pid: visit.pid, tid: visit.tid, ranges: [mapping.range])])
        } _: {
            $0.add(mapping, of: visit)
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
    fileprivate mutating func add(_ mapping: ProcessVisit.SeenMapping, of visit: ProcessVisit) {
        let known = Self.nameRank(kind, isNameDeleted)
        if Self.nameRank(mapping.kind, mapping.isDeleted) > known {
            kind = mapping.kind
            name = mapping.name
            isNameDeleted = mapping.isDeleted
        }
        if !mapping.isDeleted { isDeleted = false }
        let last = mappers.count - 1
        if mappers[last].pid == visit.pid {
            mappers[last].ranges.append(mapping.range)
        } else {
            mappers.append(Mapper(pid: visit.pid, tid: visit.tid, ranges: [mapping.range]))
        }
    }

    /// How much a name tells: the kind first, then whether one can open it.
    private static func nameRank(_ kind: ObjectKind, _ isDeleted: Bool) -> Int {
        (kind == .file ? 0 : 2) + (isDeleted ? 0 : 1)
    }
}

/// Joins descriptors to the objects that they are of.
struct HolderJoin: Sendable {
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
        for held in visit.descriptors { add(held, of: visit) }
    }

    private mutating func add(_ held: ProcessVisit.SeenDescriptor, of visit: ProcessVisit) {
        scan.objects.update(held.key) {
            HeldObject(
                key: held.key, kind: held.kind, name: held.name, isDeleted: held.isDeleted, file: held.file,
                holders: [Holder(pid: visit.pid, tid: visit.tid, number: held.number)])
        } _: {
            $0.hold(visit, held)
        }
    }

    /// Adds those who have a file open that somebody maps shared.
    mutating func addFiles(of visits: [ProcessVisit], _ mapped: ObjectTable<MappedObject>, _ mounts: ProcFS.Mounts) {
        for visit in visits {
            for open in visit.files {
                guard let device = mounts.devices[open.mountID] else {
                    scan.unplacedInodes.insert(open.inode)
                    continue
                }
                let key = ObjectKey(space: .files, device: device, inode: open.inode)
                guard let object = mapped[key] else { continue }
                add(
                    ProcessVisit.SeenDescriptor(
                        number: open.number, key: key, kind: object.kind, name: object.name, isDeleted: object.isDeleted, file: nil),
                    of: visit)
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

/// Those of which there are some.
private func hiddenOnes(_ all: [(what: String, count: Int, needs: String)]) -> [Hidden] {
    all.filter { $0.count > 0 }.map { Hidden(what: $0.what, count: $0.count, needs: $0.needs) }
}

extension HeldObject {
    fileprivate mutating func hold(_ visit: ProcessVisit, _ held: ProcessVisit.SeenDescriptor) {
        if file == nil { file = held.file }
        if let last = holders.indices.last, holders[last].pid == visit.pid {
            holders[last].count += 1
        } else {
            holders.append(Holder(pid: visit.pid, tid: visit.tid, number: held.number))
        }
    }
}

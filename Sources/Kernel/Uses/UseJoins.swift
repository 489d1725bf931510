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
                guard let held = visitor.held(open, of: visit) else { continue }
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

import Observations
import Synchronization
import SystemPackage

/// How much all visits of a scan may keep together. May be taken from by several threads at a time.
final class UseBudget: Sendable {
    private let mappings: Atomic<Int>
    private let descriptors: Atomic<Int>
    private let files: Atomic<Int>
    private let nameBytes: Atomic<Int>

    init(_ limits: ProcFS.UseLimits) {
        mappings = Atomic(limits.mappings)
        descriptors = Atomic(limits.descriptorsInAll)
        files = Atomic(limits.files)
        nameBytes = Atomic(limits.nameBytes)
    }

    func takeMapping() -> Bool { Self.take(1, mappings) }
    func takeDescriptor() -> Bool { Self.take(1, descriptors) }
    func takeFile() -> Bool { Self.take(1, files) }
    func takeName(_ bytes: Int) -> Bool { Self.take(bytes, nameBytes) }

    /// For what an earlier visit keeps; false, and nothing is taken, where that is more than there is left.
    func take(_ visit: ProcessVisit) -> Bool {
        let fits = [
            Self.take(visit.mappings.count, mappings), Self.take(visit.visitedDescriptorCount, descriptors),
            Self.take(visit.files.count, files), Self.take(visit.nameBytes, nameBytes),
        ]
        guard fits.contains(false) else { return true }
        _ = Self.take(-visit.mappings.count, mappings)
        _ = Self.take(-visit.visitedDescriptorCount, descriptors)
        _ = Self.take(-visit.files.count, files)
        _ = Self.take(-visit.nameBytes, nameBytes)
        return false
    }

    private static func take(_ count: Int, _ left: borrowing Atomic<Int>) -> Bool {
        left.subtract(count, ordering: .relaxed).newValue >= 0
    }
}

/// Copies of names, one for each object: a process may map one file ten thousand times.
private struct NameCopies {
    private var names: [ObjectKey: ByteString] = [:]
    /// Bytes of all copies.
    private(set) var byteCount = 0

    /// - Returns: nil where there is no room.
    mutating func copy(_ bytes: [UInt8], _ key: ObjectKey, _ budget: UseBudget) -> ByteString? {
        if let known = names[key], known.bytes == bytes { return known }
        guard budget.takeName(bytes.count) else { return nil }
        byteCount += bytes.count
        let name = ByteString(bytes)
        names[key] = name
        return name
    }
}

/// Visits process after process, over buffers that serve all of them. One thread's.
struct ProcessVisitor {
    private let proc: ProcFS
    private let limits: ProcFS.UseLimits
    private let budget: UseBudget
    private let mounts: ProcFS.Mounts
    private var maps: SharedMapsReader
    private var namespaces: IPCNamespaces
    private var folders = DirectoryReader()
    private var link = [UInt8](repeating: 0, count: 4_096)

    init(
        _ proc: ProcFS, _ limits: ProcFS.UseLimits, _ budget: UseBudget, _ namespaces: IPCNamespaces, _ mounts: ProcFS.Mounts
    ) {
        self.proc = proc
        self.mounts = mounts
        self.limits = limits
        self.budget = budget
        self.namespaces = namespaces
        maps = SharedMapsReader(limits: limits)
    }

    /// Descriptors before mappings: who opens an object, maps it and closes it again is seen at one of the two.
    mutating func visit(_ pid: Int32) -> ProcessVisit {
        var visit = ProcessVisit(pid: pid)
        visit.stamp = RunStamp(of: pid, in: proc)
        var names = NameCopies()
        lookAtDescriptors(&visit, &names)
        lookAtMappings(&visit, &names)
        if visit.isEmpty, let thread = livingThread(of: pid) {
            visit.tid = thread
            lookAtDescriptors(&visit, &names)
            lookAtMappings(&visit, &names)
        }
        visit.nameBytes = names.byteCount
        // Before Linux 6.2 it is not told how many there are: what another process does to them would not show.
        if visit.visitedDescriptorCount > 0, visit.stamp?.countsDescriptors == false { visit.stamp = nil }
        return visit
    }

    /// Where the first thread of a process has ended (pthread_exit(3) in main), one that has not: the first then shows
    /// neither mappings nor descriptors, which the others have all the same.
    private func livingThread(of pid: Int32) -> Int32? {
        guard let first = try? proc.process(pid), first.state == .zombie, first.threadCount > 1 else { return nil }
        let threads = (try? proc.threads(of: pid, limit: Self.threadsAskedMax))?.elements ?? []
        return threads.first { $0.state != .zombie && $0.state != .dead }?.id
    }

    private static let threadsAskedMax = 64

    private mutating func lookAtMappings(_ visit: inout ProcessVisit, _ names: inout NameCopies) {
        var found: [ProcessVisit.SeenMapping] = []
        var (omittedCount, unknownCount) = (0, 0)
        do throws(Errno) {
            let isWhole = try maps.read(proc.path(visit.tid, "maps")) { line, text in
                guard let kind = line.kind(text) else { return }
                guard let namespace = kind == .sysv ? namespaces.key(of: visit.pid) : 0 else {
                    unknownCount += 1
                    return
                }
                let key = ObjectKey(space: kind.space, device: line.device, inode: line.inode, namespace: namespace)
                guard budget.takeMapping(), let name = names.copy(line.nameCopy(text).bytes, key, budget) else {
                    omittedCount += 1
                    return
                }
                found.append(
                    ProcessVisit.SeenMapping(key: key, kind: kind, name: name, isDeleted: line.isDeleted, range: line.range))
            }
            visit.mappingsEnding = isWhole ? .whole : .cut
        } catch {
            visit.mappingsEnding = error.meansGone ? .gone : .failed(error.rawValue)
        }
        visit.malformedLineCount = maps.takeMalformedLineCount() + unknownCount
        visit.mappings = found
        visit.omittedMappingCount = omittedCount
    }

    private mutating func lookAtDescriptors(_ visit: inout ProcessVisit, _ names: inout NameCopies) {
        do throws(Errno) {
            let folder = try openDescriptor(proc.path(visit.tid, "fd"), OpenFlags.folder)
            let (numbers, isWhole) = try numbers(in: folder)
            visit.descriptorsEnding = isWhole ? .whole : .cut
            for number in numbers {
                guard budget.takeDescriptor() else {
                    visit.omittedDescriptorCount += 1
                    continue
                }
                visit.visitedDescriptorCount += 1
                // One that is closed meanwhile is none.
                guard let target = try? target(number, in: folder, of: visit.tid) else { continue }
                keep(target, number, &visit, &names)
            }
        } catch {
            visit.descriptorsEnding = error.meansGone ? .gone : .failed(error.rawValue)
        }
    }

    private func keep(_ target: Target, _ number: Int32, _ visit: inout ProcessVisit, _ names: inout NameCopies) {
        switch target {
        case .object(var held):
            guard let name = names.copy(held.name.bytes, held.key, budget) else { break }
            held.name = name
            visit.descriptors.append(held)
            return
        case .file(let file):
            guard budget.takeFile() else { break }
            visit.files.append(file)
            return
        }
        visit.omittedDescriptorCount += 1
    }

    private mutating func numbers(in folder: borrowing Descriptor) throws(Errno) -> (numbers: [Int32], isWhole: Bool) {
        var found: [Int32] = []
        let isWhole = try folders.forEachEntry(of: folder, entriesMax: limits.descriptors) { (name, _) throws(Errno) in
            var position = 0
            guard let number = takeDecimal(name, &position), position == name.count, let id = Int32(exactly: number)
            else { return }
            found.append(id)
        }
        return (found, isWhole)
    }

    private enum Target {
        case object(ProcessVisit.SeenDescriptor)
        /// A file with a name, of which it is not known yet whether it matters.
        case file(ProcessVisit.OpenFile)
    }

    /// What a descriptor leads to; nil of anything else. Its link tells by its text, and fdinfo by the mount, whether it may
    /// be of shared memory; only then is asked what it leads to, which opens nothing.
    private mutating func target(_ number: Int32, in folder: borrowing Descriptor, of tid: Int32) throws(Errno) -> Target? {
        let path = SystemPath(String(number))
        let length = try readLink(path, under: folder.number, into: &link)
        let text = link.span.extracting(0..<length)
        let name = ObjectName(text, 0..<length)
        if starts(text, name.range, with: "/memfd:") || starts(text, name.range, with: ObjectName.sharedFolder) {
            return try seen(number, path, name, text, in: folder).map { .object($0) }
        }
        // `pipe:[1]` and `/dev/null` are none.
        guard starts(text, name.range, with: "/"), !starts(text, name.range, with: "/dev/"), let file = openFile(number, of: tid)
        else { return nil }
        // The folder may be mounted in a second place, or seen from a root of its own.
        guard mounts.isShared(file.mountID) else { return .file(file) }
        return try seen(number, path, name, text, in: folder).map { .object($0) }
    }

    /// On which mount a descriptor's file is, and its inode number; proc_pid_fdinfo(5). nil before Linux 5.14, where that
    /// is not told.
    private func openFile(_ number: Int32, of tid: Int32) -> ProcessVisit.OpenFile? {
        let path = proc.path(tid, "fdinfo").appending(number)
        guard let file = try? openDescriptor(path, OpenFlags.file), let bytes = try? readOnce(file, bytesMax: Self.fdinfoBytesMax)
        else { return nil }
        var (mountID, inode): (UInt64?, UInt64?)
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let text = Array(line).span
            var position = 0
            let key = takeUntil(UInt8(ascii: "\t"), text, &position)
            guard take(UInt8(ascii: "\t"), text, &position) else { continue }
            if equals(text, key, "mnt_id:") { mountID = takeDecimal(text, &position) }
            if equals(text, key, "ino:") { inode = takeDecimal(text, &position) }
        }
        guard let mountID, let inode else { return nil }
        return ProcessVisit.OpenFile(number: number, mountID: mountID, inode: inode)
    }

    /// What matters stands in its first lines.
    private static let fdinfoBytesMax = 256

    private func seen(
        _ number: Int32, _ path: SystemPath, _ name: ObjectName, _ text: Span<UInt8>, in folder: borrowing Descriptor
    ) throws(Errno) -> ProcessVisit.SeenDescriptor? {
        let file = try fileFacts(path, under: folder.number, links: .follow)
        guard file.isRegular, let kind = name.kind(text, on: file.device) else { return nil }
        return ProcessVisit.SeenDescriptor(
            number: number, key: ObjectKey(space: kind.space, device: file.device, inode: file.inode), kind: kind,
            name: ByteString(copy(text, name.range)), isDeleted: file.linkCount == 0, file: file)
    }
}

import Observations
import Synchronization
import SystemPackage

/// How much all visits of a scan may keep together. May be taken from by several threads at a time.
final class UseBudget: Sendable {
    private let mappings: Atomic<Int>
    private let descriptors: Atomic<Int>
    private let files: Atomic<Int>

    init(_ limits: ProcFS.UseLimits) {
        mappings = Atomic(limits.mappings)
        descriptors = Atomic(limits.descriptorsInAll)
        files = Atomic(limits.files)
    }

    func takeMapping() -> Bool { Self.take(1, mappings) }
    func takeDescriptor() -> Bool { Self.take(1, descriptors) }
    func takeFile() -> Bool { Self.take(1, files) }

    /// For what an earlier visit keeps.
    func take(_ visit: ProcessVisit) {
        _ = Self.take(visit.mappings.count, mappings)
        _ = Self.take(visit.descriptors.count, descriptors)
        _ = Self.take(visit.files.count, files)
    }

    private static func take(_ count: Int, _ left: borrowing Atomic<Int>) -> Bool {
        left.subtract(count, ordering: .relaxed).newValue >= 0
    }
}

/// Visits process after process, over buffers that serve all of them. One thread's.
struct ProcessVisitor {
    private let proc: ProcFS
    private let limits: ProcFS.UseLimits
    private let budget: UseBudget
    private var maps: SharedMapsReader
    private var namespaces: IPCNamespaces
    private var folders = DirectoryReader()
    private var link = [UInt8](repeating: 0, count: 4_096)
    /// What the names of shared memory begin with.
    private let beginnings: [String]

    init(
        _ proc: ProcFS, _ limits: ProcFS.UseLimits, _ budget: UseBudget, _ namespaces: IPCNamespaces,
        alsoShared: Set<ByteString>
    ) {
        self.proc = proc
        beginnings = ["/memfd:", ObjectName.sharedFolder] + alsoShared.filter(\.isUTF8).map { $0.text + "/" }
        self.limits = limits
        self.budget = budget
        self.namespaces = namespaces
        maps = SharedMapsReader(limits: limits)
    }

    /// Descriptors before mappings: who opens an object, maps it and closes it again is seen at one of the two.
    mutating func visit(_ pid: Int32) -> ProcessVisit {
        var visit = ProcessVisit(pid: pid)
        let first = try? proc.process(pid)
        visit.stamp = first.flatMap { RunStamp(of: pid, $0, in: proc) }
        let thread = first.flatMap { livingThread(of: $0) } ?? pid
        lookAtDescriptors(of: thread, &visit)
        lookAtMappings(of: thread, &visit)
        return visit
    }

    /// Where the first thread of a process has ended (pthread_exit(3) in main), one that has not: the first then shows
    /// neither mappings nor descriptors, which the others have all the same.
    private func livingThread(of first: TaskFacts) -> Int32? {
        guard first.state == .zombie, first.threadCount > 1 else { return nil }
        let threads = (try? proc.threads(of: first.id, limit: Self.threadsAskedMax))?.elements ?? []
        return threads.first { $0.state != .zombie && $0.state != .dead }?.id
    }

    private static let threadsAskedMax = 64

    private mutating func lookAtMappings(of pid: Int32, _ visit: inout ProcessVisit) {
        var found: [ProcessVisit.SeenMapping] = []
        var omittedCount = 0
        do throws(Errno) {
            let isWhole = try maps.read(proc.path(pid, "maps")) { line, text in
                guard let kind = line.kind(text) else { return }
                guard budget.takeMapping() else {
                    omittedCount += 1
                    return
                }
                let key = ObjectKey(
                    space: kind.space, device: line.device, inode: line.inode,
                    namespace: kind == .sysv ? namespaces.key(of: pid) : 0)
                found.append(
                    ProcessVisit.SeenMapping(
                        key: key, kind: kind, name: line.nameCopy(text), isDeleted: line.isDeleted, range: line.range))
            }
            visit.mappingsEnding = isWhole ? .whole : .cut
        } catch {
            visit.mappingsEnding = error.meansGone ? .gone : .failed(error.rawValue)
        }
        visit.malformedLineCount = maps.takeMalformedLineCount()
        visit.mappings = found
        visit.omittedMappingCount = omittedCount
    }

    private mutating func lookAtDescriptors(of pid: Int32, _ visit: inout ProcessVisit) {
        do throws(Errno) {
            let folder = try openDescriptor(proc.path(pid, "fd"), OpenFlags.folder)
            let (numbers, isWhole) = try numbers(in: folder)
            visit.descriptorsEnding = isWhole ? .whole : .cut
            for number in numbers {
                guard budget.takeDescriptor() else {
                    visit.omittedDescriptorCount += 1
                    continue
                }
                // One that is closed meanwhile is none.
                switch try? target(number, in: folder) {
                case .object(let held)?: visit.descriptors.append(held)
                case .file(let name)?:
                    if budget.takeFile() {
                        visit.files.append(ProcessVisit.OpenFile(number: number, name: name))
                    } else {
                        visit.omittedDescriptorCount += 1
                    }
                case nil: break
                }
            }
        } catch {
            visit.descriptorsEnding = error.meansGone ? .gone : .failed(error.rawValue)
        }
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
        case file(ByteString)
    }

    /// What a descriptor leads to; nil of anything else. Its link tells by its text whether it may be of shared memory;
    /// only then is asked what it leads to, which opens nothing.
    private mutating func target(_ number: Int32, in folder: borrowing Descriptor) throws(Errno) -> Target? {
        let path = SystemPath(String(number))
        let length = try readLink(path, under: folder.number, into: &link)
        let text = link.span.extracting(0..<length)
        let name = ObjectName(text, 0..<length)
        guard beginnings.contains(where: { starts(text, name.range, with: $0) }) else {
            // `pipe:[1]` and `/dev/null` are none.
            let mayBeMapped = starts(text, name.range, with: "/") && !starts(text, name.range, with: "/dev/")
            return mayBeMapped ? .file(ByteString(copy(text, name.range))) : nil
        }
        return try seen(number, path, name, text, in: folder).map { .object($0) }
    }

    private func seen(
        _ number: Int32, _ path: SystemPath, _ name: ObjectName, _ text: Span<UInt8>, in folder: borrowing Descriptor
    ) throws(Errno) -> ProcessVisit.SeenDescriptor? {
        let file = try fileFacts(path, under: folder.number, links: .follow)
        guard file.isRegular, let kind = name.kind(text, on: file.device) else { return nil }
        return ProcessVisit.SeenDescriptor(
            number: number, key: ObjectKey(space: kind.space, device: file.device, inode: file.inode), kind: kind,
            name: ByteString(copy(text, name.range)), isDeleted: file.linkCount == 0, file: file)
    }

    /// A descriptor of a file that turned out to matter; nil where it leads elsewhere by now.
    mutating func held(_ open: ProcessVisit.OpenFile, of pid: Int32) -> ProcessVisit.SeenDescriptor? {
        do throws(Errno) {
            let folder = try openDescriptor(proc.path(pid, "fd"), OpenFlags.folder)
            let path = SystemPath(String(open.number))
            let length = try readLink(path, under: folder.number, into: &link)
            let text = link.span.extracting(0..<length)
            let name = ObjectName(text, 0..<length)
            guard ByteString(copy(text, name.range)) == open.name else { return nil }
            return try seen(open.number, path, name, text, in: folder)
        } catch {
            return nil
        }
    }
}

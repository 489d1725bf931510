import Glibc
public import Observations
import SystemPackage

extension ProcFS {
    /// What a search through descriptors looks at most.
    public struct SearchLimits: Sendable, Hashable {
        /// Descriptors of one process.
        public var descriptors = 65_536
        /// Descriptors of all processes together; each costs a readlink(2).
        public var descriptorsInAll = 1_048_576
        /// Descriptors of files that may turn out to be mapped; each costs its name.
        public var files = 262_144

        public init() {}
    }

    /// Finds out who has which shared object open, in one pass over the descriptors of all processes.
    ///
    /// A descriptor's link tells by its text whether it may be of shared memory; only then is asked what it leads to,
    /// which opens nothing.
    ///
    /// - Parameters:
    ///   - pids: whose descriptors.
    ///   - files: names of other files that matter, such as those that are mapped shared.
    /// - Complexity: O(descriptors of all processes): a readlink(2) each.
    public func holderScan(
        of pids: [Int32], files: Set<ByteString> = [], limits: SearchLimits = SearchLimits()
    ) -> HolderScan {
        var search = HolderSearch(self, limits: limits)
        search.look(in: pids)
        return search.finish(files: files)
    }
}

/// A search through the descriptors of processes that is begun before it is known which files matter.
public struct HolderSearch {
    private struct Place {
        let pid: Int32
        let number: Int32
    }

    private let proc: ProcFS
    private let limits: ProcFS.SearchLimits
    /// Descriptors of files by their names, of which most are of no interest.
    private var others: [ByteString: [Place]] = [:]
    private var otherCount = 0
    private var scan = HolderScan()
    private var reader = DirectoryReader()
    private var link = [UInt8](repeating: 0, count: 4_096)
    private var failedCount = 0
    private var visitedCount = 0
    private var omittedCount = 0

    public init(_ proc: ProcFS, limits: ProcFS.SearchLimits = ProcFS.SearchLimits()) {
        self.proc = proc
        self.limits = limits
    }

    /// Looks through the descriptors of processes. O(descriptors): a readlink(2) each.
    public mutating func look(in pids: [Int32]) {
        for pid in pids { look(in: pid) }
    }

    /// What was found, and who has which of `files` open.
    public mutating func finish(files: Set<ByteString>) -> HolderScan {
        let places = files.compactMap { others[$0] }.joined().sorted { ($0.pid, $0.number) < ($1.pid, $1.number) }
        for place in places {
            guard let folder = try? openDescriptor(proc.path(place.pid, "fd"), OpenFlags.folder) else { continue }
            // It may lead elsewhere by now.
            note(place.number, in: folder, of: place.pid, files)
        }
        others = [:]
        return finished()
    }

    private mutating func look(in pid: Int32) {
        do throws(Errno) {
            let folder = try openDescriptor(proc.path(pid, "fd"), OpenFlags.folder)
            scan.processCount += 1
            for number in try numbers(in: folder) {
                guard visitedCount < limits.descriptorsInAll else {
                    omittedCount += 1
                    continue
                }
                visitedCount += 1
                note(number, in: folder, of: pid)
            }
        } catch {
            if error.meansGone { return }
            if error.isRefusal { scan.refusedCount += 1 } else { failedCount += 1 }
        }
    }

    private mutating func numbers(in folder: borrowing Descriptor) throws(Errno) -> [Int32] {
        var found: [Int32] = []
        let isWhole = try reader.forEachEntry(of: folder, entriesMax: limits.descriptors) { (name, _) throws(Errno) in
            var position = 0
            guard let number = takeDecimal(name, &position), position == name.count, let id = Int32(exactly: number)
            else { return }
            found.append(id)
        }
        if !isWhole { omittedCount += 1 }
        return found
    }

    /// Adds a descriptor where it is of shared memory. One that is closed meanwhile is none.
    private mutating func note(
        _ number: Int32, in folder: borrowing Descriptor, of pid: Int32, _ files: Set<ByteString> = []
    ) {
        switch try? target(number, in: folder, files) {
        case .object(let found)?: scan.objects[found.key, default: found].hold(pid, number)
        case .file(let name)?: keep(Place(pid: pid, number: number), name)
        case nil: break
        }
    }

    private enum Target {
        /// Shared memory, or one of the files that matter; held by nobody yet.
        case object(HeldObject)
        /// Another file, where it is not known yet which files matter.
        case file(ByteString)
    }

    /// What a descriptor leads to; nil of anything else.
    private mutating func target(
        _ number: Int32, in folder: borrowing Descriptor, _ files: Set<ByteString>
    ) throws(Errno) -> Target? {
        let path = SystemPath(String(number))
        let length = try readLink(path, under: folder.number, into: &link)
        let text = link.span.extracting(0..<length)
        let name = ObjectName(text, 0..<length)
        guard Self.isSharedMemory(name, text) || (!files.isEmpty && files.contains(ByteString(copy(text, name.range)))) else {
            return files.isEmpty && Self.mayBeMapped(name, text) ? .file(ByteString(copy(text, name.range))) : nil
        }
        let file = try fileFacts(path, under: folder.number, links: .follow)
        guard file.isRegular, let kind = name.kind(text, on: file.device) else { return nil }
        return .object(
            HeldObject(
                key: ObjectKey(space: kind.space, device: file.device, inode: file.inode), kind: kind,
                name: ByteString(copy(text, name.range)), file: file, holders: []))
    }

    private static func isSharedMemory(_ name: ObjectName, _ text: Span<UInt8>) -> Bool {
        starts(text, name.range, with: "/memfd:") || starts(text, name.range, with: ObjectName.sharedFolder)
    }

    /// Whether it is the name of a file; `pipe:[1]` and `/dev/null` are none.
    private static func mayBeMapped(_ name: ObjectName, _ text: Span<UInt8>) -> Bool {
        starts(text, name.range, with: "/") && !starts(text, name.range, with: "/dev/")
    }

    private mutating func keep(_ place: Place, _ name: ByteString) {
        guard otherCount < limits.files else {
            omittedCount += 1
            return
        }
        otherCount += 1
        others[name, default: []].append(place)
    }

    private func finished() -> HolderScan {
        var finished = scan
        func hide(_ what: String, _ count: Int, _ needs: String) {
            if count > 0 { finished.hidden.append(Hidden(what: what, count: count, needs: needs)) }
        }
        hide("descriptors of processes", scan.refusedCount, Needs.otherDescriptors)
        hide("descriptors of processes that failed to be read", failedCount, "another try")
        hide("descriptors", omittedCount, "a higher limit of descriptors")
        return finished
    }
}

extension HeldObject {
    fileprivate mutating func hold(_ pid: Int32, _ number: Int32) {
        if let last = holders.indices.last, holders[last].pid == pid {
            holders[last].count += 1
        } else {
            holders.append(Holder(pid: pid, number: number))
        }
    }
}

public import Diagnostics
import Encoding
import Kernel
import Observations
public import Reading
public import SharedSegments
import SegmentFormat
import Synchronization
import SystemPackage

/// The segments that this process has open to change them.
///
/// Opened by the first change and kept for the next, since opening maps the whole object. Let go when nobody has
/// changed them for a while, when the name belongs to another object by now, and when more are open than may be;
/// but held for as long as the server runs where letting go would undo something: a protected range is one of this
/// mapping, and an unnamed segment ends with its last holder. Those that are held have a limit of their own, so that
/// they never keep another one from being changed.
///
/// Safe to use from any thread.
public final class LiveSegments: Sendable {
    /// Segments kept open for the next change at most.
    public static let countMax = 64
    /// Segments held at most.
    public static let heldMax = 64
    /// How long one is kept that nobody changes.
    public static let idleNanoseconds: Int64 = 60_000_000_000

    private struct Entry {
        let segment: Segment
        /// Made here without a name, and not deleted since.
        var isHeld: Bool
        var usedAt: Int64

        var isPinned: Bool { isHeld || !segment.protection.isEmpty }
    }

    private let lens: Lens
    private let entries = Mutex<[SegmentIdentifier: Entry]>([:])

    public init(lens: Lens) { self.lens = lens }

    /// A segment, open to be changed.
    public func segment(_ id: SegmentIdentifier) throws(Problem) -> Segment {
        // An unnamed one that is open here cannot become another; to look it up asks all processes.
        if id.kind == .memfd, let known = use(id, inode: nil) { return known }
        let object = try looking { () throws(ReadingError) in try lens.managed(id).object }
        if let known = use(id, inode: object.file.inode) { return known }
        let opened = try changing { () throws(SegmentError) in try open(id) }
        keep(opened, id)
        return opened
    }

    /// Protects a range of a segment, which holds it for as long as the range is protected.
    public func protect(
        _ id: SegmentIdentifier, _ body: (Segment) throws(SegmentError) -> Void
    ) throws(Problem) {
        let segment = try segment(id)
        guard !segment.protection.isEmpty || heldCount(beside: id) < Self.heldMax else {
            throw .conflict(
                "the server holds \(Self.heldMax) segments already, by protected ranges or since they have no name: "
                    + "give access to some back, or delete unnamed ones")
        }
        try changing { () throws(SegmentError) in try body(segment) }
        // Others may have taken its place meanwhile.
        if !segment.protection.isEmpty { keep(segment, id) }
    }

    /// A segment that is open already.
    ///
    /// - Parameter inode: what it must be; another one is let go of. nil takes any.
    private func use(_ id: SegmentIdentifier, inode: UInt64?) -> Segment? {
        let now = Clocks.monotonicNanoseconds()
        return entries.withLock { entries in
            guard let entry = entries[id], inode == nil || entry.segment.inode == inode else {
                entries[id] = nil
                return nil
            }
            entries[id]?.usedAt = now
            return entry.segment
        }
    }

    /// Makes a segment: named, or without a name and then held until it is let go.
    public func create(name: String?, options: SegmentOptions) throws(Problem) -> SegmentIdentifier {
        guard let name else { return try createUnnamed(options) }
        let segment = try changing { () throws(SegmentError) in try Segment.create(name: name, options: options) }
        let id = SegmentIdentifier.posix(ByteString(Array(name.utf8)))
        keep(segment, id)
        return id
    }

    private func createUnnamed(_ options: SegmentOptions) throws(Problem) -> SegmentIdentifier {
        let segment = try changing { () throws(SegmentError) in
            try Segment.createUnnamed(label: Self.label, options: options)
        }
        let id = SegmentIdentifier(.memfd(inode: segment.inode))
        let now = Clocks.monotonicNanoseconds()
        let isHeld = entries.withLock { entries in
            guard entries.values.count(where: \.isPinned) < Self.heldMax else { return false }
            entries[id] = Entry(segment: segment, isHeld: true, usedAt: now)
            return true
        }
        guard isHeld else {
            throw .conflict(
                "the server holds \(Self.heldMax) segments already, since they have no name or by protected ranges: "
                    + "delete some unnamed ones, give access back, or give this one a name")
        }
        return id
    }

    /// What /proc/PID/maps calls segments that have no name.
    private static let label = "shmlens"

    /// Removes a segment: its name, or this process' hold on it.
    ///
    /// - Parameter force: also while participants live.
    public func remove(_ id: SegmentIdentifier, force: Bool) throws(Problem) {
        if case .posix(let name) = id.object, name.isUTF8, id.namespace == nil {
            // Not opened here: one that is damaged can be removed all the same.
            try remove(named: name.text, force: force)
        } else {
            let segment = try segment(id)
            do throws(SegmentError) {
                let living = force ? 0 : try segment.livingParticipants()
                guard living == 0 else { throw .participantsAlive(count: living) }
            } catch {
                throw Problem(error)
            }
        }
        entries.withLock { $0[id] = nil }
    }

    private func remove(named name: String, force: Bool) throws(Problem) {
        do throws(SegmentError) {
            try Segment.remove(name: name, force: force)
        } catch {
            switch error {
            case .notManaged(_, let reason) where !force && reason != .notASegment: break
            case .foreign where !force: break
            default: throw Problem(error)
            }
            throw .conflict("\(error); whether somebody takes part in it cannot be told: ?force=true removes it")
        }
    }

    /// The ranges of this process' mapping that differ from read-write and unlocked.
    ///
    /// - Parameter inode: of the object that is asked about: the name may have been another's when it was opened.
    public func protection(of id: SegmentIdentifier, inode: UInt64?) -> [ProtectionReport] {
        guard let segment = entries.withLock({ $0[id]?.segment }), segment.inode == inode else { return [] }
        return segment.protection.map { ProtectionReport($0) }
    }

    /// Lets go of what nobody has changed for a while.
    public func closeIdle() { closeIdle(now: Clocks.monotonicNanoseconds()) }

    func closeIdle(now: Int64) {
        // What is let go of is unmapped outside of the lock.
        let idle = entries.withLock { entries in
            let idle = entries.filter { !$0.value.isPinned && now - $0.value.usedAt >= Self.idleNanoseconds }
            for id in idle.keys { entries[id] = nil }
            return idle
        }
        _ = consume idle
    }

    /// How many are open.
    public var count: Int { entries.withLock { $0.count } }

    /// How many are held beside one.
    private func heldCount(beside id: SegmentIdentifier) -> Int {
        entries.withLock { entries in entries.count { $0.key != id && $0.value.isPinned } }
    }

    /// Keeps a segment open for the next change, in place of the one that was unused for longest where there are many.
    private func keep(_ segment: Segment, _ id: SegmentIdentifier) {
        let now = Clocks.monotonicNanoseconds()
        let replaced = entries.withLock { entries -> [Entry] in
            let free = entries.filter { $0.key != id && !$0.value.isPinned }
            let oldest = free.count >= Self.countMax ? free.min { $0.value.usedAt < $1.value.usedAt } : nil
            let replaced = [oldest.flatMap { entries.removeValue(forKey: $0.key) }, entries[id]].compactMap { $0 }
            entries[id] = Entry(segment: segment, isHeld: entries[id]?.isHeld ?? false, usedAt: now)
            return replaced
        }
        // What is let go of is unmapped outside of the lock.
        _ = consume replaced
    }

    private func open(_ id: SegmentIdentifier) throws(SegmentError) -> Segment {
        switch id.object {
        case .posix(let name):
            guard name.isUTF8 else { throw .invalid(field: "name", reason: "is not UTF-8: it can only be looked at") }
            return try Segment.open(name: name.text)
        case .memfd(let inode):
            return try openUnnamed(id, inode: inode)
        case .semaphore, .sysv, .sysvSemaphore, .anonymous, .file, .deleted:
            throw .notManaged(name: id.text, .notASegment)
        }
    }

    /// Opens a memfd through a process that has it open.
    private func openUnnamed(_ id: SegmentIdentifier, inode: UInt64) throws(SegmentError) -> Segment {
        let path: String
        do throws(ReadingError) {
            path = try lens.path(ofMemfd: id)
        } catch {
            throw .notFound(name: id.text)
        }
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(FilePath(path), .readWrite, options: .closeOnExec)
        } catch {
            throw .system(operation: "open", object: id.text, error as? Errno ?? .ioError)
        }
        let segment = try Segment(adopting: descriptor, name: id.text)
        // The process may have put another file under that number since.
        guard segment.inode == inode else { throw .notFound(name: id.text) }
        return segment
    }
}

extension ProtectionReport {
    /// The same in the model's words.
    public init(_ range: ProtectedRange) {
        let access: Access =
            switch range.access {
            case .none: .none
            case .read: .read
            case .readWrite: .readWrite
            }
        let locked: Locked =
            switch range.locked {
            case .no: .no
            case .onFault: .onFault
            case .all: .all
            }
        self.init(offset: range.offset, length: range.length, access: access, locked: locked)
    }
}

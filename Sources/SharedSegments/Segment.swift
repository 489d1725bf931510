import CShmlens
import Glibc
import Observations
public import SegmentFormat
public import SystemPackage

/// A live managed segment: mapped into this process, to be changed under its lock.
///
/// ```swift
/// let segment = try Segment.create(name: "orders", options: SegmentOptions(capacityBytes: 1 << 20))
/// let me = try segment.join(name: "worker")
/// let offset = try segment.withLock(as: me, timeout: .seconds(1)) { (locked) throws(SegmentError) in
///     try locked.allocate(sizeBytes: 100, tag: Tag("order")!)
/// }
/// ```
///
/// Safe to use from any number of threads: each change takes the segment's lock, which excludes the threads of this
/// process like those of any other. One thread must not take the lock twice; it gets an error.
///
/// Not for looking: who only wants to see a segment reads its bytes through a descriptor and decodes the copy.
public final class Segment: Sendable {
    /// The folder in which POSIX shared-memory objects stand; shm_open(3).
    public static let folder: FilePath = "/dev/shm"

    /// The name of the object, or of what a memfd calls itself.
    public let name: String
    /// What was written when the segment was made.
    public let identity: SegmentIdentity
    /// The object's inode number: of a memfd its identity.
    public let inode: UInt64
    /// This process, as participants of the segment know it.
    public let process: ProcessIdentity

    let mapping: Mapping
    let core: SegmentCore
    let lock: SegmentLock
    let liveness: @Sendable (ProcessIdentity) -> Liveness

    public var layout: SegmentLayout { identity.layout }

    /// The object's descriptor, to hand it to a child process. It stays this object's.
    public var descriptor: FileDescriptor { mapping.descriptor }

    // MARK: Making, opening, removing

    /// Makes a segment of a name that is free, and opens it.
    ///
    /// - Parameters:
    ///   - name: without the leading slash.
    ///   - folder: where it is made; a tmpfs.
    /// - Throws: ``SegmentError/exists(name:)``, ``SegmentError/invalid(field:reason:)``,
    ///   ``SegmentError/noSpace(wantedBytes:availableBytes:)``, ``SegmentError/system(operation:object:_:)``.
    ///   Nothing is left behind then.
    public static func create(
        name: String, options: SegmentOptions, folder: FilePath = folder
    ) throws(SegmentError) -> Segment {
        try SegmentName.check(name)
        let maker = try ProcessIdentity.current()
        return try Publisher.publish(name: name, options: options, maker: maker, folder: folder)
    }

    /// Makes a segment without a name: a memfd, sealed against shrinking, that lives while somebody holds it.
    ///
    /// - Parameter label: what /proc/PID/maps will call it.
    public static func createUnnamed(label: String, options: SegmentOptions) throws(SegmentError) -> Segment {
        try SegmentName.check(label)
        let maker = try ProcessIdentity.current()
        let descriptor = try Publisher.publishUnnamed(label: label, options: options, maker: maker)
        return try Segment(adopting: descriptor, name: label)
    }

    /// Opens a segment by its name, to change it.
    ///
    /// - Throws: ``SegmentError/notFound(name:)``, ``SegmentError/notManaged(name:_:)`` for anything that is not a
    ///   sound segment, ``SegmentError/foreign(name:made:here:)`` for one whose lock must not be taken here.
    public static func open(name: String, folder: FilePath = folder) throws(SegmentError) -> Segment {
        try SegmentName.check(name)
        var raw: Int32 = -1
        let path = folder.appending(name).string
        let flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK
        let error = unsafe shmlens_openat(Int32(SHMLENS_AT_FDCWD), path, flags, 0, &raw)
        guard error != ENOENT else { throw .notFound(name: name) }
        guard error == 0 else { throw .system(operation: "open", object: name, Errno(rawValue: error)) }
        return try Segment(adopting: FileDescriptor(rawValue: raw), name: name)
    }

    /// Opens a segment through a descriptor, which it takes over: it is closed with the segment, or where this fails.
    public convenience init(adopting descriptor: FileDescriptor, name: String) throws(SegmentError) {
        let identity: SegmentIdentity
        let process: ProcessIdentity
        do throws(SegmentError) {
            identity = try Self.readIdentity(descriptor, name: name)
            process = try ProcessIdentity.current()
        } catch {
            try? descriptor.close()
            throw error
        }
        let mapping = try Mapping(descriptor: descriptor, count: identity.layout.totalBytes, name: name)
        try self.init(mapping: mapping, identity: identity, process: process, name: name)
    }

    private init(
        mapping: Mapping, identity: SegmentIdentity, process: ProcessIdentity, name: String
    ) throws(SegmentError) {
        inode = try mapping.inode()
        self.mapping = mapping
        self.identity = identity
        self.process = process
        self.name = name
        core = SegmentCore(
            memory: mapping.memory, layout: identity.layout,
            backing: Backing(descriptor: mapping.descriptor, count: identity.layout.totalBytes))
        lock = SegmentLock(core: core, mapping: mapping, pidNamespace: process.pidNamespace)
        let host = try ProcessIdentity.hostFacts()
        liveness = { $0.liveness(seenFrom: host) }
    }

    /// Copies and checks the header before anything is mapped.
    private static func readIdentity(
        _ descriptor: FileDescriptor, name: String
    ) throws(SegmentError) -> SegmentIdentity {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else {
            throw .system(operation: "fstat", object: name, Errno(rawValue: errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notManaged(name: name, .notASegment) }
        var bytes = [UInt8](repeating: 0, count: shmlens_header_bytes)
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe pread(descriptor.rawValue, buffer.baseAddress, buffer.count, 0)
        }
        guard count >= 0 else { throw .system(operation: "pread", object: name, Errno(rawValue: errno)) }
        let image = Image(bytes: Array(bytes.prefix(count)))
        let identity: SegmentIdentity
        do throws(FormatError) {
            identity = try SegmentIdentity(image: image, objectBytes: Int(status.st_size))
        } catch {
            throw .notManaged(name: name, error)
        }
        guard identity.architecture == Platform.architecture, identity.libc == Platform.libc else {
            throw .foreign(
                name: name,
                made: Platform.describe(architecture: identity.architecture, libc: identity.libc),
                here: Platform.describe(architecture: Platform.architecture, libc: Platform.libc))
        }
        guard identity.layout.pageBytes % sysconf(Int32(_SC_PAGESIZE)) == 0 else {
            throw .foreign(
                name: name, made: "pages of \(identity.layout.pageBytes) bytes",
                here: "pages of \(sysconf(Int32(_SC_PAGESIZE))) bytes")
        }
        return identity
    }

    /// Removes a segment's name. Processes that have it mapped keep it until they end.
    ///
    /// - Parameter force: also while participants live, or the lock cannot be had.
    /// - Throws: ``SegmentError/participantsAlive(count:)``; ``SegmentError/notManaged(name:_:)`` for an object that is
    ///   not a segment, which is never removed.
    public static func remove(name: String, force: Bool = false, folder: FilePath = folder) throws(SegmentError) {
        // What was looked at; nil for one that cannot be opened any more.
        var inode: UInt64?
        do throws(SegmentError) {
            let segment = try open(name: name, folder: folder)
            inode = segment.inode
            let living = try segment.livingParticipants()
            guard living == 0 || force else { throw .participantsAlive(count: living) }
        } catch {
            // One that begins as a segment does and cannot be opened any more is still one of ours.
            switch error {
            case .notManaged(_, let reason) where force && reason != .notASegment: break
            case .foreign where force: break
            default: throw error
            }
        }
        let path = folder.appending(name).string
        var status = stat()
        // The name may be another object's by now.
        guard unsafe lstat(path, &status) == 0, UInt64(status.st_ino) == inode ?? UInt64(status.st_ino) else {
            throw .notFound(name: name)
        }
        guard unsafe unlink(path) == 0 else {
            let error = Errno(rawValue: errno)
            throw error == .noSuchFileOrDirectory
                ? .notFound(name: name) : .system(operation: "unlink", object: name, error)
        }
    }

    /// How many participants live, or cannot be seen from here. Reads without the lock.
    ///
    /// - Throws: ``SegmentError/system(operation:object:_:)`` where this process may not read the participants through
    ///   its own mapping, and cannot map them once more.
    public func livingParticipants() throws(SegmentError) -> Int {
        let participants = layout.participantsOffset..<layout.eventsOffset
        guard core.protection.refusal(of: participants, onlyRead: true) != nil else { return livingParticipants(in: core) }
        let duplicate = try system("dup", name) { () throws(Errno) in
            do { return try descriptor.duplicate() } catch { throw error as? Errno ?? .badFileDescriptor }
        }
        let again = try Mapping(descriptor: duplicate, count: layout.totalBytes, name: name)
        return withExtendedLifetime(again) {
            livingParticipants(in: SegmentCore(memory: again.memory, layout: layout))
        }
    }

    private func livingParticipants(in core: SegmentCore) -> Int {
        core.joinedSlots().count { liveness(core.identity(of: $0)) != .dead }
    }

    // MARK: Taking part

    /// Takes a slot among the participants, for as long as the answer lives or until ``leave(_:timeout:)``.
    ///
    /// - Parameters:
    ///   - name: for people; cut after 32 bytes.
    ///   - giveUp: as of ``withLock(as:timeout:giveUp:_:)``.
    public func join(
        name: String, timeout: Duration? = nil, giveUp: (() -> Bool)? = nil
    ) throws(SegmentError) -> Participant {
        try join(process, name: name, timeout: timeout, giveUp: giveUp)
    }

    /// The same in the name of another process, as tests need it.
    package func join(
        _ process: ProcessIdentity, name: String, timeout: Duration? = nil, giveUp: (() -> Bool)? = nil
    ) throws(SegmentError) -> Participant {
        let key = try withCore(as: .external, timeout: timeout, giveUp: giveUp) { (core) throws(SegmentError) in
            try core.requireSound()
            return try core.join(process, name: name, liveness: liveness)
        }
        return Participant(key: key, name: FixedText.truncated(name, size: shmlens_name_bytes))
    }

    /// Gives a slot back. Blocks that the participant still has become orphans.
    public func leave(_ participant: Participant, timeout: Duration? = nil) throws(SegmentError) {
        try withCore(as: .external, timeout: timeout) { (core) throws(SegmentError) in
            try core.requireSound()
            try core.leave(participant.key)
        }
    }

    /// Says that a participant lives, without the lock.
    public func heartbeat(_ participant: Participant) {
        core.heartbeat(participant.key)
    }

    // MARK: Changing

    /// Runs `body` with the lock held.
    ///
    /// What `body` does it does in operations, each of which is whole or not there at all, whatever happens to this
    /// process. Keep it short: everybody else waits.
    ///
    /// - Parameters:
    ///   - participant: who does it; nil is `external`, the owner that never dies.
    ///   - timeout: how long to wait for the lock; nil is for ever.
    ///   - giveUp: asked ten times a second while this waits; true ends the waiting.
    ///   - body: must not let the argument out, nor take the lock again.
    /// - Throws: what `body` throws; ``SegmentError/lockTimeout(_:)``, ``SegmentError/lockNotRecoverable``,
    ///   ``SegmentError/gaveUp``.
    public func withLock<Result>(
        as participant: Participant? = nil, timeout: Duration? = nil, giveUp: (() -> Bool)? = nil,
        _ body: (inout LockedSegment) throws(SegmentError) -> Result
    ) throws(SegmentError) -> Result {
        let key = participant?.key ?? .external
        return try withCore(as: key, timeout: timeout, giveUp: giveUp) { (core) throws(SegmentError) in
            var locked = LockedSegment(core: core, actor: key, name: participant?.name ?? "external", liveness: liveness)
            return try body(&locked)
        }
    }

    /// Runs `body` with the lock held as soon as `predicate` holds, sleeping on the segment's condition meanwhile.
    ///
    /// - Parameters:
    ///   - timeout: for the whole of it.
    ///   - giveUp: asked ten times a second while this waits; true ends the waiting with ``SegmentError/gaveUp``.
    /// - Returns: nil where the time was up before the predicate held. It is asked once more when the time is up: who
    ///   made it hold may have died before it woke anyone.
    /// - Throws: as ``withLock(as:timeout:giveUp:_:)``; ``SegmentError/lockTimeout(_:)`` where it was the lock that could
    ///   not be had.
    public func withLock<Result>(
        as participant: Participant? = nil, timeout: Duration, giveUp: (() -> Bool)? = nil,
        when predicate: (borrowing LockedSegment) -> Bool,
        _ body: (inout LockedSegment) throws(SegmentError) -> Result
    ) throws(SegmentError) -> Result? {
        let deadline = Deadline(after: timeout)
        let key = participant?.key ?? .external
        var isLate = false
        while true {
            var isHeld = false
            let outcome: Attempt<Result>
            do throws(SegmentError) {
                outcome = try withLock(as: participant, timeout: deadline.remaining, giveUp: giveUp) {
                    (locked) throws(SegmentError) in
                    isHeld = true
                    return predicate(locked) ? .done(try body(&locked)) : .sleep(core.conditionSequence())
                }
            } catch {
                if case .lockTimeout = error, isLate, !isHeld { return nil }
                throw error
            }
            switch outcome {
            case .done(let result): return result
            case .sleep(let sequence):
                guard !isLate else { return nil }
                isLate = try !core.waitForCondition(
                    since: sequence, deadline: deadline.nanoseconds, as: key, giveUp: giveUp)
            }
        }
    }

    /// Runs `hook` before each store under the lock from here on; nil ends that.
    ///
    /// That is where the `crash` workload and the tests end the process.
    package func armSteps(_ hook: (() -> Void)?) { core.stepHook = hook }

    /// Takes the lock for `body`, having checked that the object still reaches as far as its tables say.
    func withCore<Result>(
        as who: OwnerKey, timeout: Duration?, giveUp: (() -> Bool)? = nil,
        _ body: (SegmentCore) throws(SegmentError) -> Result
    ) throws(SegmentError) -> Result {
        try mapping.requireWhole()
        let result: Result
        do {
            let hold = try lock.acquire(
                deadline: timeout.map { Deadline(after: $0).nanoseconds }, as: who, giveUp: giveUp)
            defer { lock.release(hold) }
            try core.requireTablesUnprotected()
            guard core.isLiving(who) else { throw .invalid(field: "participant", reason: "has no slot any more") }
            core.heartbeat(who)
            core.count(.lock, for: who)
            result = try body(core)
        }
        // What was read and written behind a cut is nobody's: the answer must not pass for one.
        try mapping.requireWhole()
        return result
    }

    /// Makes this process survive segments that are cut short under its mappings: a change of one then fails with
    /// ``SegmentError/truncated(needs:has:)`` instead of ending the process with SIGBUS.
    ///
    /// For a server. It costs two system calls a change, and takes over the process' SIGBUS. To be called before
    /// segments are opened.
    public static func guardMappings() throws(SegmentError) {
        let error = shmlens_guard_install()
        guard error == 0 else { throw .system(operation: "sigaction", object: "SIGBUS", Errno(rawValue: error)) }
    }
}

/// What one look under the lock came to.
private enum Attempt<Result> {
    case done(Result)
    /// The predicate does not hold: sleep until the condition's sequence is another one.
    case sleep(UInt32)
}

/// A process' place in a segment.
public struct Participant: Sendable, Equatable {
    /// Slot and generation: whose blocks.
    public let key: OwnerKey
    public let name: String

    package init(key: OwnerKey, name: String) {
        self.key = key
        self.name = name
    }
}

/// A point in time on CLOCK_MONOTONIC.
struct Deadline {
    let nanoseconds: UInt64

    init(after duration: Duration) {
        let (seconds, attoseconds) = duration.components
        // 272 years: nobody waits longer, and nothing below overflows.
        let wholeSeconds = UInt64(clamping: min(seconds, 1 << 33))
        let wanted = wholeSeconds * 1_000_000_000 + UInt64(clamping: attoseconds / 1_000_000_000)
        nanoseconds = min(Clock.monotonic() &+ wanted, UInt64(Int64.max))
    }

    var remaining: Duration {
        let now = Clock.monotonic()
        return now >= nanoseconds ? .zero : .nanoseconds(Int64(nanoseconds - now))
    }
}

public import SegmentFormat
public import SystemPackage

/// Why something could not be done with a segment. Each case names the object and says what to try.
public enum SegmentError: Error, Sendable, Equatable {
    /// The system refused a call.
    case system(operation: String, object: String, Errno)
    /// An argument is not acceptable: `field` is its name in the API.
    case invalid(field: String, reason: String)
    /// The name is taken; what holds it was not touched.
    case exists(name: String)
    case notFound(name: String)
    /// The object is not a segment of ours, or one that cannot be decoded.
    case notManaged(name: String, FormatError)
    /// Made on another architecture or with another C library: it may be read and must not be locked.
    case foreign(name: String, made: String, here: String)
    /// The lock was not had in time.
    case lockTimeout(LockOwner?)
    /// The caller gave the waiting up.
    case gaveUp
    /// The calling thread holds the lock already.
    case lockHeldByThisThread
    /// The lock's owner died and whoever came next gave it back unrepaired; nothing can be changed any more.
    case lockNotRecoverable
    /// The book-keeping contradicts itself; nothing can be changed any more, reading goes on.
    case damaged(what: String, offset: Int)
    /// No free block is large enough.
    case noFreeBlock(wantedBytes: Int, largestFreeBytes: Int)
    /// There is less left in the tmpfs than was asked for.
    case noSpace(wantedBytes: Int, availableBytes: Int)
    /// More memory would be locked than this process may lock.
    case memoryLockLimit(wantedBytes: Int, limitBytes: Int)
    /// No used block has its payload there: a foreign offset, or a block that was freed already.
    case noSuchBlock(offset: Int)
    /// Every slot belongs to a living participant, or to one that cannot be seen from here.
    case participantsFull(slots: Int)
    /// Living participants would be hurt.
    case participantsAlive(count: Int)
    /// The range is outside the pool.
    case outsidePool(offset: Int, length: Int, pool: Range<Int>)
    /// This process has protected memory that the change needs.
    case protected(offset: Int, length: Int)
    /// The object was cut short under the mapping.
    case truncated(needs: Int, has: Int)
    /// This handle was opened for reading.
    case readOnly(name: String)
}

/// Who the lock's words name as its owner.
public struct LockOwner: Sendable, Equatable {
    /// In the owner's own pid namespace; 0 where the owner did not come to write it.
    public let pid: UInt32
    /// Out of the mutex' own word.
    public let tid: UInt32
    public let slot: UInt32
    public let generation: UInt32

    public init(pid: UInt32, tid: UInt32, slot: UInt32, generation: UInt32) {
        self.pid = pid
        self.tid = tid
        self.slot = slot
        self.generation = generation
    }
}

extension SegmentError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .system(let operation, let object, let errno):
            "\(operation) of \(object) failed: \(errno)"
        case .invalid(let field, let reason): "\(field): \(reason)"
        case .exists(let name): "a shared-memory object named \(name) exists already; it was not touched"
        case .notFound(let name): "there is no shared-memory object named \(name)"
        case .notManaged(let name, let error): "\(name): \(error)"
        case .foreign(let name, let made, let here):
            "\(name) was made on \(made) and this is \(here): it may be read, its lock must not be taken"
        case .lockTimeout(let owner?):
            owner.pid == 0
                ? "the lock was not had in time: thread \(owner.tid) holds it"
                : "the lock was not had in time: thread \(owner.tid) of process \(owner.pid) holds it"
        case .lockTimeout(nil): "the lock was not had in time"
        case .gaveUp: "the wait for the lock was given up"
        case .lockHeldByThisThread: "this thread holds the lock already"
        case .lockNotRecoverable: "the lock's owner died and the lock was given back unrepaired: nothing can be changed"
        case .damaged(let what, let offset):
            "the segment is damaged at offset \(offset): \(what); changes are refused, reading goes on"
        case .noFreeBlock(let wanted, let largest):
            "no free block holds \(wanted) bytes at their alignment: the largest is \(largest) bytes with its guards"
        case .noSpace(let wanted, let available):
            "\(wanted) bytes are wanted and the tmpfs has \(available) bytes left"
        case .memoryLockLimit(let wanted, let limit):
            "\(wanted) bytes would be locked into memory and this process may lock \(limit) (RLIMIT_MEMLOCK)"
        case .noSuchBlock(let offset): "no used block has its payload at offset \(offset)"
        case .participantsFull(let slots):
            "all \(slots) participant slots are taken; reclaim the dead ones or create the segment with more"
        case .participantsAlive(let count): "\(count) living participants use it; force it to do it all the same"
        case .outsidePool(let offset, let length, let pool):
            "\(length) bytes at offset \(offset) are not inside the pool (\(pool.lowerBound) to \(pool.upperBound))"
        case .protected(let offset, let length):
            "the server's mapping of \(length) bytes at offset \(offset) is protected; unprotect it first"
        case .truncated(let needs, let has):
            "the object was cut short: the segment needs \(needs) bytes, \(has) are there"
        case .readOnly(let name): "\(name) was opened for reading only"
        }
    }
}

/// What a sleeping thread asked of the kernel, as far as it may concern shared memory.
public enum BlockedCall: Sendable, Hashable {
    /// On a processor, or ready for one.
    case running
    /// Asleep, and in no system call: in a page fault, or stopped on its way back.
    case none
    /// futex(2), one of the operations that wait.
    case futex(FutexWait)
    /// futex_waitv: some words at a time. Which, stands in the thread's own memory.
    case futexVector(address: UInt64, count: Int, isTimed: Bool)
    /// semop(2) or semtimedop(2). Which of its semaphores, stands in the thread's own memory.
    case semaphoreSet(id: Int32, operations: UInt64, count: Int, isTimed: Bool)
    /// Any other, with its first argument: of many calls a descriptor.
    case other(number: Int, argument: UInt64)
}

/// A wait for a word to change.
public struct FutexWait: Sendable, Hashable {
    public enum Operation: UInt8, Sendable, CaseIterable {
        case wait = 0
        case lockPriorityInheriting = 6
        case waitForBits = 9
        /// For a word to change, and then for a lock that inherits priority: ``FutexWait/secondAddress``.
        case waitAndRequeue = 11
        case lockPriorityInheritingMonotonic = 13

        /// Whether the thread waits for the kernel to hand it a lock whose word names its owner.
        public var takesLock: Bool { self == .lockPriorityInheriting || self == .lockPriorityInheritingMonotonic }
    }

    /// In the thread's own address space.
    public let address: UInt64
    public let operation: Operation
    /// Whether only threads of the same process can wake it (FUTEX_PRIVATE_FLAG): no other process is concerned, whatever is
    /// mapped there.
    public let isPrivate: Bool
    /// What the word was expected to be. Of a robust mutex that is its owner.
    public let value: UInt32
    /// Whether it gives up at some time.
    public let isTimed: Bool
    /// The second word of ``Operation/waitAndRequeue``.
    public let secondAddress: UInt64?
    /// Whether the word stands at the end of the stack of who waits, where only what it calls at that moment keeps anything.
    public let isOnStack: Bool

    public init(
        address: UInt64, operation: Operation, isPrivate: Bool, value: UInt32, isTimed: Bool, secondAddress: UInt64? = nil,
        isOnStack: Bool = false
    ) {
        self.address = address
        self.operation = operation
        self.isPrivate = isPrivate
        self.value = value
        self.isTimed = isTimed
        self.secondAddress = secondAddress
        self.isOnStack = isOnStack
    }
}

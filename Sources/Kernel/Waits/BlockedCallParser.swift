import CShmlens
package import Observations

extension BlockedCall {
    /// Parses `/proc/PID/task/TID/syscall`; proc_pid_syscall(5): `running`; or `-1 SP PC`; or the number of a call, its six
    /// arguments, SP and PC. Nil where it is not like that. Any bytes may be given.
    ///
    /// - Parameter restarted: which call it is that restart_syscall(2) goes on with; the arguments are still that one's.
    package init?(syscall bytes: [UInt8], restarted: Int? = nil) {
        let text = bytes.span
        var position = 0
        if starts(text, 0..<text.count, with: "running") {
            self = .running
            return
        }
        guard let number = takeSigned(text, &position).flatMap({ Int(exactly: $0) }) else { return nil }
        guard number >= 0 else {
            self = .none
            return
        }
        func word() -> UInt64? {
            guard take(UInt8(ascii: " "), text, &position), take(UInt8(ascii: "0"), text, &position),
                take(UInt8(ascii: "x"), text, &position)
            else { return nil }
            return takeHexadecimal(text, &position)
        }
        var arguments: [UInt64] = []
        while arguments.count < Self.argumentCount {
            guard let argument = word() else { return nil }
            arguments.append(argument)
        }
        let call = number == Int(SHMLENS_SYS_RESTART) ? restarted ?? number : number
        self.init(number: call, arguments, stackPointer: word() ?? 0)
    }

    private static let argumentCount = 6

    private init(number: Int, _ arguments: [UInt64], stackPointer: UInt64) {
        switch number {
        case Int(SHMLENS_SYS_FUTEX): self = FutexWait(arguments, stackPointer: stackPointer).map { .futex($0) } ?? .other(number: number, argument: arguments[0])
        case Int(SHMLENS_SYS_FUTEX_WAIT):
            // The word, its value, a mask, flags, a time.
            self = .futex(
                FutexWait(
                    address: arguments[0], operation: .waitForBits, isPrivate: arguments[3] & FutexWait.privateFlag != 0,
                    value: UInt32(truncatingIfNeeded: arguments[1]), isTimed: arguments[4] != 0))
        case Int(SHMLENS_SYS_FUTEX_WAITV):
            self = .futexVector(
                address: arguments[0], count: Int(clamping: arguments[1] & 0xFFFF_FFFF), isTimed: arguments[3] != 0)
        case Int(SHMLENS_SYS_SEMOP), Int(SHMLENS_SYS_SEMTIMEDOP):
            self = .semaphoreSet(
                id: Int32(truncatingIfNeeded: arguments[0]), operations: arguments[1], count: Int(clamping: arguments[2]),
                // glibc makes semop(2) of semtimedop(2), without a time.
                isTimed: number == Int(SHMLENS_SYS_SEMTIMEDOP) && arguments[3] != 0)
        default: self = .other(number: number, argument: arguments[0])
        }
    }
}

extension FutexWait {
    /// FUTEX_PRIVATE_FLAG and FUTEX_CLOCK_REALTIME of linux/futex.h; what is left is the command.
    fileprivate static let privateFlag: UInt64 = 128
    private static let realTimeFlag: UInt64 = 256

    /// Bytes that glibc's functions between a call of pthread_mutex_lock(3) and the kernel keep at most.
    private static let frameBytes: UInt64 = 1_024

    /// - Parameter arguments: those of futex(2): word, operation, value, time, second word, third value.
    /// - Returns: nil of an operation that does not wait.
    fileprivate init?(_ arguments: [UInt64], stackPointer: UInt64) {
        let operation = arguments[1] & 0xFFFF_FFFF
        let command = operation & ~(Self.privateFlag | Self.realTimeFlag)
        guard let command = UInt8(exactly: command).flatMap({ Operation(rawValue: $0) }) else { return nil }
        self.init(
            address: arguments[0], operation: command, isPrivate: operation & Self.privateFlag != 0,
            value: UInt32(truncatingIfNeeded: arguments[2]), isTimed: arguments[3] != 0,
            secondAddress: command == .waitAndRequeue ? arguments[4] : nil,
            isOnStack: arguments[0] &- stackPointer < Self.frameBytes)
    }
}

import CShmlens
public import Observations
import SystemPackage

/// What one look at a thread found.
enum ThreadVisit: Sendable {
    case gone
    /// A right is missing.
    case refused
    /// Awake, or asleep in no call.
    case unsettled
    /// Of a 32-bit program, and in a call that waits for a word.
    case narrow
    /// Asleep in a call that is none of shared memory's.
    case elsewhere
    /// Asleep in a call that may be; nil where the kernel does not tell one sleep from the next.
    case blocked(BlockedThread?)
}

extension ProcFS {
    /// Looks at what a thread does.
    ///
    /// The kernel tells a call only of a thread that slept in it all the while that it looked (task_current_syscall). Turns are
    /// read before the call is read again: who has the same turns later has slept from that second look on.
    func visit(_ tid: Int32, of pid: Int32) -> ThreadVisit {
        switch call(of: tid, in: pid) {
        case .success(let call?): return visit(tid, of: pid, first: call)
        case .success(nil): return .gone
        case .failure(let error): return error.needs == nil ? .unsettled : .refused
        }
    }

    private func call(of tid: Int32, in pid: Int32) -> Result<BlockedCall?, KernelError> {
        Result { () throws(KernelError) in try blockedCall(of: tid, in: pid) }
    }

    private func visit(_ tid: Int32, of pid: Int32, first: BlockedCall) -> ThreadVisit {
        switch first {
        case .running: return .unsettled
        case .none:
            // Who has ended sleeps in no call either.
            guard let facts = (try? thread(tid, of: pid)) ?? nil, facts.state != .zombie, facts.state != .dead else { return .gone }
            return .unsettled
        case .other(let number, _):
            guard number == Int(SHMLENS_SYS_FUTEX_32) || number == Int(SHMLENS_SYS_FUTEX_TIME64_32) else { return .elsewhere }
            return isNarrow(tid, in: pid) ? .narrow : .elsewhere
        case .futex(let wait) where wait.isPrivate: return .elsewhere
        case .futex, .futexVector, .semaphoreSet: break
        }
        let turns = turns(of: tid, in: pid)
        guard case .success(first) = call(of: tid, in: pid) else { return .unsettled }
        guard let facts = (try? thread(tid, of: pid)) ?? nil else { return .gone }
        guard let turns else { return .blocked(nil) }
        return .blocked(
            BlockedThread(
                pid: pid, command: facts.command, state: facts.state, call: first,
                sleep: Sleep(tid: tid, startTicks: facts.startTicks, turns: turns)))
    }

    /// Whether a process runs a 32-bit program: by what the kernel told it at its start of the size of a program header
    /// (AT_PHENT of getauxval(3)), in pairs of words as wide as its own.
    func isNarrow(_ tid: Int32, in pid: Int32) -> Bool {
        guard let bytes = (try? piece(folder(of: tid, in: pid).appending("auxv"))) ?? nil else { return false }
        let image = Image(bytes: bytes)
        return stride(from: 0, to: bytes.count, by: 8).contains { at in
            image.halfWord(at: at) == Self.headerSizeKey && image.halfWord(at: at + 4) == Self.narrowHeaderBytes
        }
    }

    private static let headerSizeKey: UInt32 = 4
    /// `sizeof(Elf32_Phdr)` of elf.h; that of 64-bit programs is 56.
    private static let narrowHeaderBytes: UInt32 = 32

    /// Whether a thread sleeps the sleep that it slept.
    ///
    /// Who was woken and waits for a processor has had no turn yet. The kernel says of it that it runs.
    public func stillSleeps(_ thread: BlockedThread) -> Bool {
        guard turns(of: thread.tid, in: thread.pid) == thread.sleep.turns else { return false }
        return (try? blockedCall(of: thread.tid, in: thread.pid)) == thread.call
    }
}

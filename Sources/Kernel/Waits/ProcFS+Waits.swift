import CShmlens
public import Observations
import SystemPackage

extension ProcFS {
    /// What a thread asked of the kernel and waits for; nil where there is no such thread.
    ///
    /// - Throws: ``KernelError`` where a right is missing, or the kernel tells it of nobody (CONFIG_HAVE_ARCH_TRACEHOOK).
    public func blockedCall(of tid: Int32, in pid: Int32) throws(KernelError) -> BlockedCall? {
        let path = path(pid, "task").appending(tid).appending("syscall")
        guard let bytes = try piece(path) else { return nil }
        guard let call = BlockedCall(syscall: bytes) else {
            throw KernelError(operation: "parse", object: path.text, errno: .badMessage)
        }
        // A wait with a limit that was stopped, or looked at by a debugger, goes on under another number.
        guard case .other(Int(SHMLENS_SYS_RESTART), _) = call, try waitsForWord(tid, in: pid) else { return call }
        return BlockedCall(syscall: bytes, restarted: Int(SHMLENS_SYS_FUTEX)) ?? call
    }

    /// Whether a thread sleeps in one of the kernel's functions for futex(2).
    private func waitsForWord(_ tid: Int32, in pid: Int32) throws(KernelError) -> Bool {
        let name = try piece(path(pid, "task").appending(tid).appending("wchan")) ?? []
        return name.starts(with: Array("futex".utf8))
    }
}

extension ProcFS {
    /// Whether the mappings of a process will be told; true where it is gone.
    public func showsMappings(of pid: Int32) -> Bool {
        do throws(Errno) {
            _ = try openDescriptor(path(pid, "maps"), OpenFlags.file)
            return true
        } catch {
            return error.meansGone
        }
    }

    /// The call that a thread sleeps in; nil where it is awake by now, or it cannot be told.
    ///
    /// - Parameter state: as was just seen; nothing is asked of a thread that is awake.
    public func sleepPlace(of tid: Int32, in pid: Int32, _ state: ThreadState) -> SleepPlace? {
        guard state == .sleeping || state == .waiting, let call = (try? blockedCall(of: tid, in: pid)) ?? nil else { return nil }
        switch call {
        case .running, .none: return nil
        case .futex: return SleepPlace(call: "futex")
        case .futexVector: return SleepPlace(call: "futex_waitv")
        case .semaphoreSet: return SleepPlace(call: "semtimedop")
        // Those of 32-bit programs have numbers of their own.
        case .other where isNarrow(tid, in: pid): return nil
        case .other(let number, let argument): return sleepPlace(number, argument, of: tid, in: pid)
        }
    }

    private func sleepPlace(_ number: Int, _ argument: UInt64, of tid: Int32, in pid: Int32) -> SleepPlace {
        guard let (name, takesDescriptor) = nameOfCall(number) else { return SleepPlace(call: "call \(number)") }
        // The kernel takes the lower half of the argument.
        let descriptor = Int32(truncatingIfNeeded: argument)
        guard takesDescriptor, descriptor >= 0 else { return SleepPlace(call: name) }
        let link = folder(of: tid, in: pid).appending("fd").appending(descriptor)
        return SleepPlace(
            call: name, descriptor: Int(descriptor), target: ((try? target(of: link)) ?? nil).map { ByteString($0) })
    }
}

extension ProcFS {
    /// Where a thread keeps the list of robust mutexes that it holds, in its own memory: ``RobustListHead``; nil where there is
    /// no such thread, or it has none.
    ///
    /// The kernel keeps what the thread told it; whether anything is there, the thread alone decides.
    ///
    /// - Throws: ``KernelError`` where a right is missing (PTRACE_MODE_READ_REALCREDS).
    public func robustListAddress(of tid: Int32) throws(KernelError) -> UInt64? {
        do throws(Errno) {
            let address = try robustListHead(of: tid)
            return address == 0 ? nil : address
        } catch {
            if error == .noSuchProcess { return nil }
            throw KernelError(operation: "get_robust_list", object: "thread \(tid)", errno: error, needs: Needs.otherProcess)
        }
    }

    /// Copies a few bytes out of a process's own memory; nil where there is no such process, or nothing at the address.
    ///
    /// Not for memory that it shares: a page that nobody touched yet would be made for the question.
    ///
    /// - Parameter count: 4,096 at most.
    /// - Throws: ``KernelError`` where a right is missing (PTRACE_MODE_ATTACH_REALCREDS).
    public func privateBytes(of pid: Int32, at address: UInt64, count: Int) throws(KernelError) -> [UInt8]? {
        precondition(0...4_096 ~= count, "a few bytes")
        do throws(Errno) {
            let bytes = try readMemory(of: pid, at: address, count: count)
            return bytes.count == count ? bytes : nil
        } catch {
            if error == .noSuchProcess || error == .badAddress { return nil }
            throw KernelError(operation: "process_vm_readv", object: "process \(pid)", errno: error, needs: Needs.otherProcess)
        }
    }
}

/// What stands where a thread's list of robust mutexes begins; linux/futex.h, `struct robust_list_head`.
public struct RobustListHead: Sendable, Hashable {
    /// The first entry; the head's own address where there is none. The lowest bit of an entry says that its mutex inherits
    /// priority.
    public let first: UInt64
    /// From an entry to the word that names the owner, in bytes.
    public let wordOffset: Int64
    /// What the thread was about to take or give back when it was looked at; 0 where nothing.
    public let pending: UInt64

    public static let byteCount = 24

    /// - Returns: nil where there are fewer bytes than ``byteCount``.
    public init?(_ bytes: [UInt8]) {
        let image = Image(bytes: bytes)
        guard let first = image.word(at: 0), let offset = image.word(at: 8), let pending = image.word(at: 16) else { return nil }
        self.first = first
        wordOffset = Int64(bitPattern: offset)
        self.pending = pending
    }
}

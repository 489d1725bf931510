import Glibc
import SegmentFormat
import SystemPackage

/// Ending the process at a chosen store: for tests of recovery and for the `crash` workload.
extension LockedSegment {
    /// Arms the end of this process, by SIGKILL, before one of the stores to come.
    ///
    /// Every store under the segment's lock counts, from this call on: those of the next operations, those of giving
    /// the lock back, and after this call's `withLock` those of later ones of the whole process through this
    /// ``Segment``. So the process always dies with the lock held.
    ///
    /// - Parameter step: 1 ends it before the first store.
    /// - Throws: ``SegmentError/invalid(field:reason:)`` where `step` is not 1 or more.
    public mutating func armFault(atStep step: Int) throws(SegmentError) {
        guard step > 0 else { throw .invalid(field: "step", reason: "must be 1 or more, not \(step)") }
        var left = step
        core.stepHook = {
            left -= 1
            guard left == 0 else { return }
            // A signal to oneself is delivered before kill(2) returns, and this one cannot be held back.
            kill(getpid(), SIGKILL)
        }
    }

    /// Takes back what ``armFault(atStep:)`` armed.
    public mutating func disarmFault() { core.stepHook = nil }
}

/// Storing where the process may not: for tests of protection and for the `trespass` workload.
extension Segment {
    /// Stores into a page that this process protected, as a stray pointer would: the kernel ends the process by
    /// SIGSEGV, and the segment stays as it was.
    ///
    /// - Parameter offset: of a byte that ``protect(_:timeout:)`` took the right to write away from.
    /// - Throws: ``SegmentError/invalid(field:reason:)`` where this process may write there: nothing is stored then.
    public func trespass(at offset: Int) throws(SegmentError) {
        guard offset >= 0, offset < layout.totalBytes, core.protection.refusal(of: offset..<(offset + 1)) != nil else {
            throw .invalid(field: "offset", reason: "is not in a range that this process protected: \(offset)")
        }
        unsafe store(into: mapping.memory.base + offset)
    }

    /// Maps the whole object once more, for reading only, and stores into that: SIGSEGV, as of ``trespass(at:)``.
    public func trespassReadOnly() throws(SegmentError) {
        let address = unsafe mmap(nil, layout.totalBytes, PROT_READ, MAP_SHARED, descriptor.rawValue, 0)
        guard let base = unsafe address, unsafe base != MAP_FAILED else {
            throw .system(operation: "mmap", object: name, Errno(rawValue: errno))
        }
        unsafe store(into: base + layout.poolOffset)
    }

    private func store(into address: UnsafeMutableRawPointer) {
        unsafe address.storeBytes(of: 0xff, as: UInt8.self)
    }
}

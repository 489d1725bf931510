import CShmlens
import Glibc
import Observations
import SegmentFormat
import SystemPackage

/// An open shared-memory object and its mapping into this process.
///
/// Both end together: the mapping must outlive every access, so whoever uses ``memory`` keeps this object.
@safe
final class Mapping: @unchecked Sendable {
    // Unchecked because of the base address, which never changes and is read through `LiveMemory` only.
    let memory: LiveMemory
    let descriptor: FileDescriptor
    /// The mapping's number among those that survive being cut short; nil in a process that does not guard them.
    private let guardNumber: Int32?

    /// Maps `count` bytes of an open object for reading and writing, and takes the descriptor over.
    ///
    /// - Throws: ``SegmentError/system(operation:object:_:)``; the descriptor is closed then.
    init(descriptor: FileDescriptor, count: Int, name: String) throws(SegmentError) {
        let address = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.rawValue, 0)
        guard let base = unsafe address, unsafe base != MAP_FAILED else {
            let error = Errno(rawValue: errno)
            try? descriptor.close()
            throw .system(operation: "mmap", object: name, error)
        }
        self.descriptor = descriptor
        unsafe memory = LiveMemory(base: base, count: count)
        guard shmlens_guard_is_installed() != 0 else {
            guardNumber = nil
            return
        }
        let number = unsafe shmlens_guard_add(base, count, shmlens_header_offset_lock_mutex)
        guardNumber = number < 0 ? nil : number
    }

    deinit {
        if let guardNumber { shmlens_guard_remove(guardNumber) }
        // Failing could only mean a wrong address or a closed descriptor: bugs of this file.
        let unmapped = unsafe munmap(memory.base, memory.count)
        assert(unmapped == 0, "munmap")
        try? descriptor.close()
    }

    /// Whether this process checks its mappings: a server does, which must outlive whatever happens to a segment.
    var isGuarded: Bool { guardNumber != nil }

    /// Keeps the mutex' words, by the thread that has just taken it.
    func noteHeld(by tid: UInt32) {
        if let guardNumber { shmlens_guard_hold(guardNumber, tid) }
    }

    /// Forgets them, by the thread that has just given it back.
    func noteReleased(by tid: UInt32) {
        if let guardNumber { shmlens_guard_drop(guardNumber, tid) }
    }

    /// Whether pages of a guarded mapping were lost and replaced.
    var isLost: Bool {
        guard let guardNumber else { return false }
        return shmlens_guard_is_lost(guardNumber) != 0
    }

    /// - Throws: ``SegmentError/truncated(needs:has:)`` where a guarded mapping lost pages, or would.
    func requireWhole() throws(SegmentError) {
        guard let guardNumber else { return }
        let has = try objectBytes()
        guard has >= memory.count, shmlens_guard_is_lost(guardNumber) == 0 else {
            throw .truncated(needs: memory.count, has: has)
        }
    }

    /// The object's size now.
    func objectBytes() throws(SegmentError) -> Int {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else {
            throw .system(operation: "fstat", object: "descriptor \(descriptor.rawValue)", Errno(rawValue: errno))
        }
        return Int(status.st_size)
    }

    /// The object's inode number.
    func inode() throws(SegmentError) -> UInt64 {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else {
            throw .system(operation: "fstat", object: "descriptor \(descriptor.rawValue)", Errno(rawValue: errno))
        }
        return UInt64(status.st_ino)
    }
}

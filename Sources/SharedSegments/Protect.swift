import CShmlens
import Glibc
import SegmentFormat
import SystemPackage

/// Changing what this process may do with its own mapping. Other processes' mappings are theirs.
extension Segment {
    /// The ranges that differ from read-write and unlocked, in order, not overlapping.
    public var protection: [ProtectedRange] { core.protection.all }

    /// Protects a range of this process' mapping, and locks it into memory or releases it; mprotect(2), mlock(2).
    ///
    /// A change of the segment that needs a protected range fails with ``SegmentError/protected(offset:length:)``
    /// instead of ending the process. Taking access away waits for the segment's lock, because another thread may be
    /// in the middle of a change; locking pages and giving access back do not. Where the lock is not had in time, the
    /// pages are locked as asked and the access is what it was, except that locking makes readable what was not.
    ///
    /// - Parameters:
    ///   - range: whole pages of the segment; access can only be taken away behind the header, which holds the lock.
    ///   - timeout: for the segment's lock; nil is for ever.
    /// - Throws: ``SegmentError/invalid(field:reason:)``; ``SegmentError/memoryLockLimit(wantedBytes:limitBytes:)``,
    ///   ``SegmentError/noSpace(wantedBytes:availableBytes:)`` where locking would take more memory than there is;
    ///   ``SegmentError/lockTimeout(_:)``, ``SegmentError/system(operation:object:_:)``.
    public func protect(_ range: ProtectedRange, timeout: Duration? = nil) throws(SegmentError) {
        try protect(
            offset: range.offset, length: range.length, access: range.access, locked: range.locked, timeout: timeout)
    }

    /// The same, where nil leaves the access or the locking of each page as it is. Locking still makes readable what
    /// was not.
    ///
    /// - Parameter giveUp: asked ten times a second while this waits; true ends the waiting.
    public func protect(
        offset: Int, length: Int, access: ProtectedRange.Access?, locked: ProtectedRange.Locked?,
        timeout: Duration? = nil, giveUp: (() -> Bool)? = nil
    ) throws(SegmentError) {
        let range = try pages(offset, length, access)
        if let locked {
            try core.protection.withChange { () throws(SegmentError) in try setLocked(range, locked) }
        }
        guard let access else { return }
        guard access != .readWrite else {
            try core.protection.withChange { () throws(SegmentError) in try setAccess(range, .readWrite) }
            return
        }
        // The lock first: who holds it may change protections too.
        let hold = try lock.acquire(
            deadline: timeout.map { Deadline(after: $0).nanoseconds }, as: .external, giveUp: giveUp)
        defer { lock.release(hold) }
        try core.protection.withChange { () throws(SegmentError) in try setAccess(range, access) }
    }

    /// The range that a protection is for.
    ///
    /// - Throws: ``SegmentError/invalid(field:reason:)`` where it is not made of whole pages that may be changed.
    @discardableResult
    public func pages(
        _ offset: Int, _ length: Int, _ access: ProtectedRange.Access?
    ) throws(SegmentError) -> Range<Int> {
        let page = sysconf(Int32(_SC_PAGESIZE))
        guard offset >= 0, offset % page == 0, offset < layout.totalBytes else {
            throw .invalid(
                field: "offset",
                reason: "must be a multiple of the page size, \(page), below \(layout.totalBytes), not \(offset)")
        }
        let most = layout.totalBytes - offset
        guard length > 0, length % page == 0, length <= most else {
            throw .invalid(
                field: "length",
                reason: "must be a multiple of the page size, \(page), up to \(most), not \(length)")
        }
        guard access == nil || access == .readWrite || offset >= layout.participantsOffset else {
            throw .invalid(
                field: "offset",
                reason: "must be \(layout.participantsOffset) at least: the header holds the lock and stays writable")
        }
        return offset..<(offset + length)
    }

    /// Makes a range accessible as asked, and notes it. While bytes lose access, no thread of this process may change
    /// them.
    private func setAccess(_ range: Range<Int>, _ access: ProtectedRange.Access) throws(SegmentError) {
        let error = core.waits.whileHidden(in: range, of: core) {
            core.protection.apply(access, to: range, of: mapping.memory)
        }
        guard error == 0 else { throw .system(operation: "mprotect", object: name, Errno(rawValue: error)) }
    }

    /// Locks a range into memory or releases it, and notes it.
    private func setLocked(_ range: Range<Int>, _ locked: ProtectedRange.Locked) throws(SegmentError) {
        let start = unsafe UnsafeRawPointer(mapping.memory.base + range.lowerBound)
        guard locked != .no else {
            guard unsafe munlock(start, range.count) == 0 else {
                throw .system(operation: "munlock", object: name, Errno(rawValue: errno))
            }
            core.protection.note(.no, of: range)
            return
        }
        // The kernel fills what it locks, also on a fault to come, and cannot where nothing may be read.
        for closed in core.protection.all where closed.access == .none && closed.range.overlaps(range) {
            try setAccess(closed.range.clamped(to: range), .read)
        }
        if locked == .all { try requireMemory(for: range) }
        // Counts against the limit like the other kind and allocates nothing: what fails here has changed nothing.
        let limited = unsafe shmlens_mlock_on_fault(start, range.count)
        guard limited != ENOMEM, limited != EPERM else {
            throw .memoryLockLimit(wantedBytes: range.count, limitBytes: Self.memoryLockLimit())
        }
        guard limited == 0 else {
            throw .system(operation: "mlock2", object: name, Errno(rawValue: limited))
        }
        core.protection.note(.onFault, of: range)
        guard locked == .all else { return }
        guard unsafe mlock(start, range.count) == 0 else {
            throw .system(operation: "mlock", object: name, Errno(rawValue: errno))
        }
        core.protection.note(.all, of: range)
    }

    /// RLIMIT_MEMLOCK in bytes, as far as it fits.
    private static func memoryLockLimit() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0 else { return 0 }
        return Int(clamping: limit.rlim_cur)
    }

    /// - Throws: ``SegmentError/noSpace(wantedBytes:availableBytes:)`` where filling the range's holes takes more than
    ///   the file system or the machine has left: the kernel would not refuse it, it would kill.
    private func requireMemory(for range: Range<Int>) throws(SegmentError) {
        let wanted = try holeBytes(in: range)
        var status = statvfs()
        guard unsafe fstatvfs(descriptor.rawValue, &status) == 0 else {
            throw .system(operation: "fstatvfs", object: name, Errno(rawValue: errno))
        }
        var available = AvailableMemory.bytes() ?? .max
        // A tmpfs without a limit, such as the one of memfds, reports no blocks at all.
        if status.f_blocks > 0 {
            let (free, overflow) = Int(clamping: status.f_bavail)
                .multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
            if !overflow { available = min(available, free) }
        }
        guard wanted <= available else { throw .noSpace(wantedBytes: wanted, availableBytes: available) }
    }

    /// How many bytes of a range have no page yet. O(runs of pages); lseek(2) SEEK_HOLE.
    private func holeBytes(in range: Range<Int>) throws(SegmentError) -> Int {
        let page = sysconf(Int32(_SC_PAGESIZE))
        var bytes = 0
        var offset = range.lowerBound
        // Each step passes a page at least, whatever others do to the object meanwhile.
        while offset < range.upperBound {
            guard let hole = try seek(offset, Int32(SHMLENS_SEEK_HOLE)), hole < range.upperBound else { break }
            let data = try seek(hole, Int32(SHMLENS_SEEK_DATA)) ?? range.upperBound
            let end = min(data, range.upperBound)
            bytes += max(0, end - hole)
            offset = max(end, offset + page)
        }
        return bytes
    }

    /// - Returns: nil where there is nothing of that kind from the offset on (ENXIO).
    private func seek(_ offset: Int, _ kind: Int32) throws(SegmentError) -> Int? {
        let found = lseek(descriptor.rawValue, off_t(offset), kind)
        guard found < 0 else { return Int(found) }
        guard errno == ENXIO else { throw .system(operation: "lseek", object: name, Errno(rawValue: errno)) }
        return nil
    }
}

/// What the machine could give without swapping, as the kernel estimates it.
enum AvailableMemory {
    /// `MemAvailable` of /proc/meminfo; nil where it cannot be read.
    static func bytes() -> Int? {
        guard let descriptor = try? FileDescriptor.open(FilePath("/proc/meminfo"), .readOnly, options: .closeOnExec)
        else {
            return nil
        }
        defer { try? descriptor.close() }
        var bytes = [UInt8](repeating: 0, count: 4096)
        guard let count = unsafe try? bytes.withUnsafeMutableBytes({ unsafe try descriptor.read(into: $0) }) else {
            return nil
        }
        for line in bytes[..<count].split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard words.count == 3, words[0] == "MemAvailable:" else { continue }
            return Int(words[1]).map { $0 * 1024 }
        }
        return nil
    }
}

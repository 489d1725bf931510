import Glibc
import SegmentFormat
import SharedSegments

/// Protects a range of its own mapping and writes into it: the kernel ends the process by SIGSEGV, and the segment
/// stays as it was.
enum Trespass {
    static func run(_ session: Session) throws(WorkloadError) {
        let options = session.options
        // A crash handler of the language's runtime would only delay the end, and a core file as large as the
        // segment would surprise.
        signal(SIGSEGV, SIG_DFL)
        var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)
        session.tell()
        guard options.offset != nil || options.length != nil || options.access != nil else {
            try segment { () throws(SegmentError) in try session.segment.trespassReadOnly() }
            throw .notEnded(by: "SIGSEGV")
        }
        let (offset, length, access) = range(options, in: session.segment)
        guard access == .readWrite else {
            try protect(session, offset, length, access)
            try segment { () throws(SegmentError) in try session.segment.trespass(at: offset) }
            throw .notEnded(by: "SIGSEGV")
        }
        // The counterpart: what was taken away and given back can be written. What stands there is written again.
        try protect(session, offset, length, .read)
        try protect(session, offset, length, .readWrite)
        try session.locked { (locked) throws(SegmentError) in
            try locked.write(try locked.copy(offset..<(offset + 1)), at: offset)
        }
        session.count(1)
    }

    /// What the options mean in a segment.
    private static func range(
        _ options: WorkloadOptions, in segment: Segment
    ) -> (offset: Int, length: Int, access: ProtectedRange.Access) {
        let layout = segment.layout
        let offset = options.offset ?? layout.poolOffset
        return (offset, options.length ?? max(0, layout.totalBytes - offset), options.access ?? .read)
    }

    /// Refuses what could only fail in this segment, before a process is started for it.
    static func check(_ options: WorkloadOptions, in segment: Segment) throws(WorkloadOptionError) {
        let (offset, length, access) = range(options, in: segment)
        do throws(SegmentError) {
            try segment.pages(offset, length, access)
        } catch {
            guard case .invalid(let field, let reason) = error else { return }
            throw WorkloadOptionError(field: field, reason: reason)
        }
        let pool = segment.layout.poolOffset..<(segment.layout.poolOffset + segment.layout.poolBytes)
        guard access != .readWrite || pool.contains(offset) else {
            throw WorkloadOptionError(
                field: "offset", reason: "must lie in the pool, \(pool), where access is readWrite: it is written to")
        }
    }

    private static func protect(
        _ session: Session, _ offset: Int, _ length: Int, _ access: ProtectedRange.Access
    ) throws(WorkloadError) {
        let range = ProtectedRange(offset: offset, length: length, access: access, locked: .no)
        while true {
            do throws(SegmentError) {
                return try session.segment.protect(range, timeout: .milliseconds(100))
            } catch {
                guard case .lockTimeout = error else { throw .segment(error) }
                if session.shouldEnd { throw .segment(.gaveUp) }
            }
        }
    }

    private static func segment(_ body: () throws(SegmentError) -> Void) throws(WorkloadError) {
        do throws(SegmentError) { try body() } catch { throw .segment(error) }
    }
}

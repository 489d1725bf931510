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
        let layout = session.segment.layout
        let offset = options.offset ?? layout.poolOffset
        let length = options.length ?? max(0, layout.totalBytes - offset)
        let access = options.access ?? .read
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

import CShmlens
import Glibc
import SegmentFormat
import SystemPackage

/// Which pages of a segment are known to be in the file system.
///
/// Pages are had as they are used, and a full tmpfs says so by SIGBUS: it would end whoever stores there,
/// and everybody who recovers after it in turn. So before the first store into a page the file system is asked for
/// it, which fails as an error, while there is nothing yet that could not be taken back.
///
/// A page that was asked for once stays, but for a segment that is cut short. Used by the owner of the segment's lock.
@safe
final class Backing {
    /// A bit for each page; memory that nobody has written to is none.
    private let known: UnsafeMutablePointer<UInt64>
    private let pages: Int
    private let descriptor: FileDescriptor

    /// - Parameter count: bytes of the segment.
    init(descriptor: FileDescriptor, count: Int) {
        self.descriptor = descriptor
        pages = (count + shmlens_sequence_page_bytes - 1) / shmlens_sequence_page_bytes
        let words = max(1, (pages + 63) / 64)
        guard let memory = unsafe calloc(words, MemoryLayout<UInt64>.size) else {
            preconditionFailure("there is no memory for a bit a page")
        }
        unsafe known = unsafe memory.bindMemory(to: UInt64.self, capacity: words)
    }

    deinit { unsafe free(known) }

    /// Makes sure that the page of an offset is there. One test of a bit where it is known.
    ///
    /// - Throws: ``SegmentError/noSpace(wantedBytes:availableBytes:)`` where the file system has none left.
    @inline(__always)
    func require(_ offset: Int) throws(SegmentError) {
        let page = offset / shmlens_sequence_page_bytes
        guard page < pages, unsafe known[page >> 6] >> UInt64(page & 63) & 1 == 0 else { return }
        try ask(for: page)
    }

    /// The same for all pages of a range. O(pages).
    func require(_ offset: Int, length: Int) throws(SegmentError) {
        guard length > 0 else { return }
        let page = shmlens_sequence_page_bytes
        for first in stride(from: offset / page * page, to: offset + length, by: page) { try require(first) }
    }

    @inline(never)
    private func ask(for page: Int) throws(SegmentError) {
        let offset = page * shmlens_sequence_page_bytes
        let error = posix_fallocate(descriptor.rawValue, off_t(offset), off_t(shmlens_sequence_page_bytes))
        switch error {
        case 0: unsafe known[page >> 6] |= 1 << UInt64(page & 63)
        case ENOSPC: throw .noSpace(wantedBytes: shmlens_sequence_page_bytes, availableBytes: 0)
        case EINTR: return try ask(for: page)
        default:
            throw .system(operation: "posix_fallocate", object: "a segment's pages", Errno(rawValue: error))
        }
    }
}

import Glibc
import SegmentFormat
import SystemPackage
import TestSupport
import Testing

@testable import SharedSegments

@Suite struct TruncationTests {
    /// In a process of its own: the handler is the whole process'.
    @Test(
        .disabled(if: hasThreadSanitizer, "the fault comes inside of the sanitizer's own store"),
        arguments: [0, 4096, 8192, 65536])
    func `a guarded process survives a segment that is cut short`(size: Int) async {
        await #expect(processExitsWith: .exitCode(0)) { [size = size as Int] in
            try Segment.guardMappings()
            let segment = try Segment.create(
                name: Unique.name("cut"), options: SegmentOptions(capacityBytes: 1 << 20))
            // Cut while the lock is held: the pages are gone under the holder's feet.
            let outcome = Result { () throws(SegmentError) in
                try segment.withLock { (locked) throws(SegmentError) in
                    _ = try locked.allocate(sizeBytes: 100)
                    guard ftruncate(segment.descriptor.rawValue, size) == 0 else { return }
                    _ = try? locked.allocate(sizeBytes: 100)
                    _ = try? locked.count()
                }
            }
            removeObject(segment.name)
            guard case .failure(.truncated) = outcome else { exit(3) }
            // And when it is known to be cut.
            let again = Result { () throws(SegmentError) in try segment.withLock { _ in } }
            guard case .failure(.truncated) = again else { exit(4) }
            exit(0)
        }
    }
}

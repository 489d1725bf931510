import CShmlens
import CrashScenarios
import Glibc
import Observations
import SegmentFormat

@testable import SharedSegments

/// Private memory with a copy of a segment in it: what a process would find that came next.
///
/// A kill leaves exactly the stores made so far, so a copy taken before a store is what a kill there leaves, but for
/// the kernel's part in the mutex.
@safe
final class Scratch {
    let layout: SegmentLayout
    let memory: LiveMemory
    private(set) var core: SegmentCore

    init(layout: SegmentLayout) {
        self.layout = layout
        let base = UnsafeMutableRawPointer.allocate(byteCount: layout.totalBytes, alignment: 4096)
        unsafe memory = LiveMemory(base: base, count: layout.totalBytes)
        core = SegmentCore(memory: memory, layout: layout)
    }

    convenience init(layout: SegmentLayout, bytes: [UInt8]) {
        self.init(layout: layout)
        load(bytes: bytes)
    }

    /// Takes over the bytes of an image, and begins as a new process would.
    func load(bytes: [UInt8]) {
        unsafe memory.copyIn(bytes.span.bytes, at: 0)
        core = SegmentCore(memory: memory, layout: layout)
    }

    deinit { unsafe memory.base.deallocate() }

    /// Takes over all bytes, and begins as a new process would.
    func load(_ other: LiveMemory) {
        unsafe memory.base.copyMemory(from: other.base, byteCount: layout.totalBytes)
        core = SegmentCore(memory: memory, layout: layout)
    }

    var image: Image { Image(bytes: memory.copyOut(0..<layout.totalBytes)) }

    /// What ``SegmentLock`` does for whoever inherits the lock, but for the mutex.
    func recoverWhole() {
        let damage = core.recover()
        core.announceRecovery(of: .external, damage: damage)
    }

    /// Whether all that recovery restores is the same: everything but the lock's words, the ring, the journal and
    /// the sequence numbers.
    func isSame(as other: Scratch) -> Bool {
        let ranges = [
            SegmentLayout.stateOffsets, layout.participantsOffset..<layout.eventsOffset,
            layout.indexOffset..<layout.sequencesOffset, layout.startsOffsets[0]..<layout.totalBytes,
        ]
        return ranges.allSatisfy { range in
            unsafe memcmp(
                memory.base + range.lowerBound, other.memory.base + range.lowerBound, range.count) == 0
        }
    }
}

import CShmlens
import SegmentFormat
import Synchronization

/// The waits of this process' threads, which observers are shown through the participants' slots: written there before
/// a thread blocks, cleared when it goes on.
///
/// A slot has room for one thread. Where several threads of one participant wait, it shows the one that waits on the
/// classic condition, which must not be made new meanwhile, else the one that waits longest.
final class Waits: Sendable {
    struct Wait: Sendable {
        fileprivate let number: UInt64
        let key: OwnerKey
        let tid: UInt32
        /// One of the format's `shmlens_waiting_for_` values.
        let waitsFor: UInt32
        /// CLOCK_MONOTONIC_COARSE, nanoseconds.
        let since: UInt64
    }

    private struct State {
        var next: UInt64 = 0
        /// In the order in which they began.
        var waits: [Wait] = []
    }

    private let state = Mutex(State())

    /// - Parameter key: the participant's; slot 0, which stands for many, notes nothing.
    func begin(_ key: OwnerKey, waitsFor: UInt32, in core: SegmentCore) -> Wait? {
        guard key.slot > 0, Int(key.slot) < core.layout.participantCount else { return nil }
        return state.withLock { state in
            let wait = Wait(
                number: state.next, key: key, tid: UInt32(bitPattern: shmlens_gettid()), waitsFor: waitsFor,
                since: Clock.monotonicCoarse())
            state.next += 1
            state.waits.append(wait)
            core.heartbeat(key)
            core.show(Self.shown(state.waits, of: key), for: key)
            return wait
        }
    }

    func end(_ wait: Wait?, in core: SegmentCore) {
        guard let wait else { return }
        state.withLock { state in
            state.waits.removeAll { $0.number == wait.number }
            core.show(Self.shown(state.waits, of: wait.key), for: wait.key)
        }
    }

    /// Runs what takes a range's access away or gives it back. Waits that are shown there are withdrawn first, since
    /// nobody could do so later, and shown again where they may be.
    func whileHidden<Result>(in range: Range<Int>, of core: SegmentCore, _ body: () -> Result) -> Result {
        state.withLock { state in
            let keys = Set(state.waits.map(\.key)).filter { key in
                let base = core.layout.participantOffset(Int(key.slot))
                return range.overlaps(base..<(base + shmlens_participant_bytes))
            }
            for key in keys { core.show(nil, for: key) }
            defer { for key in keys { core.show(Self.shown(state.waits, of: key), for: key) } }
            return body()
        }
    }

    /// How many threads of a participant wait.
    func count(of key: OwnerKey) -> Int { state.withLock { $0.waits.count { $0.key == key } } }

    private static func shown(_ waits: [Wait], of key: OwnerKey) -> Wait? {
        let own = waits.filter { $0.key == key }
        return own.first { $0.waitsFor == UInt32(shmlens_waiting_for_classic_condition) } ?? own.first
    }
}

extension SegmentCore {
    /// Writes a wait into a participant's slot, or that there is none, while the slot is still that participant's.
    fileprivate func show(_ wait: Waits.Wait?, for key: OwnerKey) {
        writeSlot(of: key) { base in
            guard let wait else {
                memory.store(base + shmlens_participant_offset_waiting_since_ns, 0)
                memory.store(base + shmlens_participant_offset_waiting_tid, 0)
                return
            }
            memory.store(base + shmlens_participant_offset_waiting_tid, BlockDescriptor.pack(wait.tid, wait.waitsFor))
            memory.store(base + shmlens_participant_offset_waiting_since_ns, wait.since)
        }
    }
}

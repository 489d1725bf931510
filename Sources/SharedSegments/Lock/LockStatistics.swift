import CShmlens

/// The lock's counters and histograms. Changed by the lock's owner, one word at a time; a death between two of
/// them leaves them one apart, and nothing is undone.
extension SegmentCore {
    /// One uncontended acquisition in so many is timed, so that timing does not cost more than locking.
    static var samplingInterval: UInt64 { 64 }

    /// The histogram bucket of a time: bucket i holds times below 2^i ns and not below 2^(i-1) ns; the last one
    /// everything longer.
    @inline(__always)
    static func bucket(nanoseconds: UInt64) -> Int {
        min(64 - nanoseconds.leadingZeroBitCount, shmlens_histogram_buckets - 1)
    }

    /// Counts an acquisition.
    ///
    /// - Parameter waited: how long it took, where it found the lock held.
    /// - Returns: when the hold began (CLOCK_MONOTONIC), where it is to be timed.
    func countAcquisition(waited: UInt64?) -> UInt64? {
        let acquisitions = memory.load(shmlens_header_offset_lock_acquisitions) &+ 1
        raw(shmlens_header_offset_lock_acquisitions, acquisitions)
        if let waited {
            increment(shmlens_header_offset_lock_contended)
            increment(shmlens_header_offset_wait_histogram + 8 * Self.bucket(nanoseconds: waited))
            return Clock.monotonic()
        }
        guard acquisitions % Self.samplingInterval == 0 else { return nil }
        increment(shmlens_header_offset_lock_sampled)
        increment(shmlens_header_offset_wait_histogram)
        return Clock.monotonic()
    }

    func countHold(since begin: UInt64) {
        let now = Clock.monotonic()
        let held = now > begin ? now - begin : 0
        increment(shmlens_header_offset_hold_histogram + 8 * Self.bucket(nanoseconds: held))
    }

    @inline(__always)
    private func increment(_ offset: Int) { raw(offset, memory.load(offset) &+ 1) }
}

import Diagnostics
import ForeignFormats
import Kernel
import Observations

/// Looks through the pages of an object that are in memory for what looks like a lock.
struct LockScan {
    /// Bytes that are looked through, and locks that are told.
    private static let bytesMax = 1_073_741_824
    private static let locksMax = 10_000
    private static let pieceBytes = 1_048_576
    /// Stretches of pages asked for at a time.
    private static let runsMax = 1_024

    private(set) var found: [(offset: Int, kind: WaitedObject.Kind)] = []
    private(set) var hidden: [Hidden] = []
    private var bytesLeft = Self.bytesMax

    /// - Parameters:
    ///   - source: of which holes stay holes, and what is out of memory stays there.
    ///   - begin: the first byte of which nothing else tells what it is.
    ///   - nanosecondsMax: how long it may take.
    init(_ source: DescriptorSource, from begin: Int, nanosecondsMax: Int64) throws(ReadFailure) {
        let deadline = Clocks.monotonicNanoseconds() + nanosecondsMax
        var start: Int? = begin
        var free = begin
        while let from = start {
            guard Clocks.monotonicNanoseconds() < deadline else {
                leaveOut()
                return
            }
            let states = try source.pages(from: from, limit: Self.runsMax)
            for run in states.runs where run.state == .resident {
                guard try scan(source, run, &free, deadline) else {
                    leaveOut()
                    return
                }
            }
            start = states.next
        }
    }

    private mutating func leaveOut() {
        hidden.append(Hidden(what: "pages that were not looked through for locks", count: 1, needs: "a smaller object"))
    }

    /// - Parameter free: the first byte that is no part of what was found already.
    /// - Returns: false where a limit was reached.
    private mutating func scan(
        _ source: DescriptorSource, _ run: PageRun, _ free: inout Int, _ deadline: Int64
    ) throws(ReadFailure) -> Bool {
        var start = run.offset
        while start < run.end {
            guard bytesLeft > 0, found.count < Self.locksMax, Clocks.monotonicNanoseconds() < deadline else { return false }
            let count = min(Self.pieceBytes, run.end - start)
            // What begins at the end goes on behind it, but not where that is out of memory: it would be brought back.
            let bytes = try source.read(at: start, count: min(count + LockPattern.byteCount, run.end - start))
            scan(Image(bytes: bytes, offset: start), upTo: start + count, &free)
            bytesLeft -= count
            start += count
        }
        return true
    }

    private mutating func scan(_ image: Image, upTo end: Int, _ free: inout Int) {
        var offset = max(image.offset, free)
        while offset < end {
            func word(_ distance: Int) -> UInt32 { image.halfWord(at: offset + distance) ?? 0 }
            guard LockPattern.mayMatch(word(8), word(12), word(16), word(28), word(36)),
                let match = LockPattern.match(at: offset, in: image), found.count < Self.locksMax
            else {
                offset += 8
                continue
            }
            found.append((offset, match.kind))
            offset += match.byteCount
            free = offset
        }
    }
}

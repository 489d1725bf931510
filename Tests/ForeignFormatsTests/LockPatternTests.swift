import ForeignFormats
import Observations
import TestSupport
import Testing

/// What looks like a lock among bytes of which nothing tells what they are.
@Suite struct LockPatternTests {
    private func match(_ words: [UInt32]) -> String? {
        let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        let image = Image(bytes: bytes + [UInt8](repeating: 0, count: 64 - bytes.count % 64))
        return LockPattern.match(at: 0, in: image).map { found in
            switch found.kind {
            case .mutex: "mutex"
            case .condition: "condition"
            case .readWriteLock: "rwlock"
            case .semaphore: "semaphore"
            case .barrier: "barrier"
            }
        }
    }

    @Test(arguments: [
        ([0, 0, 0, 0, 128], "mutex"), ([2, 0, 4_711, 1, 128], "mutex"), ([4_711, 0, 4_711, 1, 16 | 128, 0, 0x7000, 0, 0x7000], "mutex"),
        ([0xC000_0000, 0, 0, 1, 16 | 128], "mutex"), ([1 << 3 | 2, 0, 3, 0, 0, 0, 0, 1], "rwlock"), ([5, 0, 128, 0], "semaphore"),
        ([0, 3, 128, 0], "semaphore"), ([2, 0, 3, 128, 0], "barrier"), ([4, 0, 0, 0, 2, 0, 0, 0, 0, 1 << 3 | 1], "condition"),
        ([4, 0, 0, 0, 0, 0, 0, 1 << 3 | 1], "condition"),
    ] as [([UInt32], String)])
    func `what a lock in use looks like is found`(words: [UInt32], name: String) {
        #expect(match(words) == name)
    }

    @Test func `who waits on a condition with a mutex counts as one of its users`() {
        #expect(match([0, 0, 0, 1, 128]) == "mutex" && match([2, 0, 4_711, 5, 128]) == "mutex")
    }

    @Test func `a lock may stand at the very end of an object, and none goes on behind it`() {
        func match(_ words: [UInt32]) -> Int? {
            let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
            return LockPattern.match(at: 0, in: Image(bytes: bytes))?.byteCount
        }
        let mutex: [UInt32] = [2, 0, 4_711, 1, 128]
        #expect(match(mutex + [0, 0, 0, 0, 0]) == 40 && match(mutex + [0, 0, 0, 0]) == nil && match(mutex) == nil)
        #expect(match([5, 0, 128, 0, 0, 0, 0, 0]) == 32 && match([5, 0, 128, 0, 0, 0, 0]) == nil)
    }

    @Test func `a condition has one of the layouts that are asked for`() {
        let bytes = ([4, 0, 0, 0, 0, 0, 0, 1 << 3 | 1] + [UInt32](repeating: 0, count: 8))
            .flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        #expect(LockPattern.match(at: 0, in: Image(bytes: bytes), layouts: [.withoutReferences]) != nil)
        #expect(LockPattern.match(at: 0, in: Image(bytes: bytes), layouts: [.countingReferences]) == nil)
    }

    @Test(arguments: [
        [], [1], [128], [0, 128], [0, 0, 0, 128], [0, 0, 0, 0, 0, 0, 0, 1], [7, 7, 7, 7, 128], [1, 0, 0, 1, 128],
        [2, 0, 4_711, 1, 128, 7], [2, 5, 4_711, 1, 128], [0, 0, 4_711, 0, 128], [2, 0, 5_000_000, 1, 128], [5, 0, 128, 0, 1],
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 1 << 3 | 1], [4, 0, 0, 0, 0, 0, 0, 0, 0, 1 << 3 | 1],
        [4, 0, 0, 0, 2, 0, 0, 0, 0, 1 << 3 | 5], [2, 0, 4_711, 1, 128, 0, 0x7000],
    ] as [[UInt32]])
    func `what hardly can be one is not`(words: [UInt32]) {
        #expect(match(words) == nil)
    }

    @Test func `random bytes and short ones trap nowhere, and hardly ever look like one`() {
        var random = SeededGenerator(seed: 5)
        var found = 0
        for _ in 0..<20_000 {
            let bytes = (0..<64).map { _ in UInt8.random(in: 0...255, using: &random) }
            if LockPattern.match(at: 0, in: Image(bytes: bytes)) != nil { found += 1 }
        }
        #expect(found == 0)
        for count in 0..<LockPattern.byteCount {
            #expect(LockPattern.match(at: 0, in: Image(bytes: [UInt8](repeating: 1, count: count))) == nil)
        }
        #expect(LockPattern.match(at: 8, in: Image(bytes: [UInt8](repeating: 0, count: 60))) == nil)
    }

    /// The first look must let through all that the closer one takes.
    @Test func `the first look passes over nothing that is one`() {
        var random = SeededGenerator(seed: 6)
        let choices: [UInt32] = [0, 1, 2, 3, 5, 9, 10, 16, 128, 144, 160, 176, 4_711, 0x4000_0000, 0xC000_0000]
        var matched = 0
        for _ in 0..<200_000 {
            var words = (0..<16).map { _ in UInt32(0) }
            for _ in 0..<4 { words[Int.random(in: 0..<12, using: &random)] = choices.randomElement(using: &random) ?? 0 }
            guard match(words) != nil else { continue }
            matched += 1
            #expect(LockPattern.mayMatch(words[2], words[3], words[4], words[7], words[9]), "\(words)")
        }
        #expect(matched > 100)
    }
}

import ForeignFormats
import Observations
import TestSupport
import Testing

/// What a word is a part of, told by what stands around it.
@Suite struct WaitedObjectTests {
    private static let start = 4_096

    /// Words of 32 bits, with zeros before and behind.
    private func image(_ words: [UInt32]) -> Image {
        let bytes = words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) } }
        let zeros = [UInt8](repeating: 0, count: 128)
        return Image(bytes: zeros + bytes + zeros, offset: Self.start - zeros.count)
    }

    private func names(_ found: [WaitedObject]) -> [String] {
        found.map { object in
            let name =
                switch object.kind {
                case .mutex: "mutex"
                case .condition(_, let layout): layout == .countingReferences ? "condition" : "later condition"
                case .readWriteLock: "rwlock"
                case .semaphore: "semaphore"
                case .barrier: "barrier"
                }
            return "\(name)+\(object.offset - Self.start)"
        }
    }

    private func candidates(_ words: [UInt32], word: Int = 0, value: UInt32?, takesLock: Bool = false) -> [String] {
        names(WaitedObject.candidates(word: Self.start + word, value: value, takesLock: takesLock, in: image(words)))
    }

    @Test func `a mutex is told by its kind, and by what its waiters saw`() {
        let plain: [UInt32] = [2, 0, 4_711, 1, 128]
        #expect(candidates(plain, value: 2).contains("mutex+0"))
        #expect(!candidates(plain, value: 0).contains("mutex+0"))
        let robust: [UInt32] = [0x8000_0000 | 4_711, 1, 4_711, 1, 16 | 128]
        #expect(candidates(robust, value: 0x8000_0000 | 4_711) == ["mutex+0"])
        #expect(!candidates(robust, value: 2).contains("mutex+0"))
        let inheriting: [UInt32] = [0x8000_0000 | 4_711, 1, 4_711, 1, 32 | 128]
        #expect(candidates(inheriting, value: 0, takesLock: true) == ["mutex+0"])
        #expect(!candidates(inheriting, value: 0x8000_0000 | 4_711).contains("mutex+0"))
        // One of a single process has waiters of that process alone, whose waits nobody else sees.
        #expect(!candidates([2, 0, 4_711, 1, 0], value: 2).contains("mutex+0"))
    }

    @Test func `a semaphore, a barrier and a read-write lock are told by what they say of themselves`() {
        #expect(candidates([0, 1, 128, 0], value: 0).contains("semaphore+0"))
        #expect(!candidates([0, 0, 128, 0], value: 0).contains("semaphore+0"))
        // Two of three have come for the second round.
        #expect(candidates([5, 3, 3, 128, 3], word: 4, value: 3).contains("barrier+0"))
        #expect(!candidates([5, 4, 3, 128, 3], word: 4, value: 4).contains("barrier+0"))
        // A writer has it, and a reader waits.
        let written: [UInt32] = [1 | 2 | 8, 0, 3, 0, 0, 0, 4_711, 1, 0, 0, 0, 0, 0, 0]
        #expect(candidates(written, word: 8, value: 3).contains("rwlock+0"))
        #expect(candidates(written, word: 12, value: 3).contains("rwlock+0"))
        #expect(!candidates(written, word: 8, value: 7).contains("rwlock+0"))
    }

    @Test func `a condition is told by where its waiters wait, in either layout`() {
        // One waiter: its count with the bits of sharing.
        var old = [UInt32](repeating: 0, count: 12)
        (old[0], old[9]) = (2, 1 << 3 | 1)
        #expect(candidates(old, word: 40, value: 0).contains("condition+0"))
        #expect(candidates(old, word: 44, value: 0).contains("condition+0"))
        var new = [UInt32](repeating: 0, count: 12)
        (new[0], new[7]) = (2, 1 << 3 | 1)
        #expect(candidates(new, word: 32, value: 0).contains("later condition+0"))
        // Of later versions the word counts signals from the beginning on.
        #expect(candidates(new, word: 36, value: 2).contains("later condition+0"))
    }

    @Test func `who destroys a condition, or signals it waits elsewhere in it, for values of their own`() {
        var old = [UInt32](repeating: 0, count: 12)
        (old[0], old[4], old[9]) = (4, 3, 1 << 3 | 1)
        #expect(candidates(old, word: 16, value: 3).contains("condition+0"))
        #expect(!candidates(old, word: 16, value: 2).contains("condition+0"))
        #expect(!candidates(old, word: 36, value: 1 << 3 | 4 | 1).contains("condition+0"), "nobody destroys it")
        old[9] |= 4
        #expect(candidates(old, word: 36, value: 1 << 3 | 4 | 1).contains("condition+0"))
    }

    @Test func `a program's own lock beside its own numbers is no condition`() {
        // A magic number, a size, some zeros, a lock with waiters, the thread that has it.
        let own: [UInt32] = [0x6D75_7278, 0x7061_6765, 65_536, 0, 0, 0, 0, 0, 2, 4_711]
        #expect(candidates(own, word: 32, value: 2) == [])
        // A table of locks, each with its owner beside it.
        #expect(candidates([2, 4_711, 2, 4_713, 2, 4_715, 2, 4_717, 2, 4_719, 2, 4_721], word: 40, value: 2) == [])
    }

    @Test func `the ceiling of a mutex that protects priority stands above its value`() {
        let ceiling: UInt32 = 40 << 19
        let held: [UInt32] = [ceiling | 2, 0, 4_711, 1, 64 | 128]
        #expect(candidates(held, value: ceiling | 2).contains("mutex+0"))
        #expect(!candidates(held, value: ceiling | 1).contains("mutex+0"))
        #expect(!candidates([2, 0, 4_711, 1, 128], value: ceiling | 2).contains("mutex+0"))
    }

    @Test func `at the edges of an object, and of what is known of it, nothing traps`() {
        let short = Image(bytes: [2, 0, 0, 0, 0, 0, 0, 0], offset: 0)
        for word in [-8, 0, 4, 8, Int.max - 3, Int.min] {
            #expect(WaitedObject.candidates(word: word, value: 2, takesLock: false, in: short).isEmpty)
        }
        var random = SeededGenerator(seed: 17)
        for _ in 0..<5_000 {
            let bytes = (0..<128).map { _ in Bool.random(using: &random) ? 0 : UInt8.random(in: 0...255, using: &random) }
            let image = Image(bytes: bytes, offset: 64)
            for word in stride(from: 64, to: 192, by: 4) {
                let value = Bool.random(using: &random) ? UInt32.random(in: 0...3, using: &random) : nil
                for found in WaitedObject.candidates(word: word, value: value, takesLock: false, in: image) {
                    #expect(found.offset >= 64 && word - found.offset <= WaitedObject.bytesBefore)
                }
            }
        }
    }
}

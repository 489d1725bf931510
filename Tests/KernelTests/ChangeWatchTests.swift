import Observations
import Testing

@Suite struct ChangeWatchTests {
    /// A source that is read piece by piece, whose bytes may be changed in between.
    private func watched(_ bytes: [UInt8], pieces: Int) -> ChangeWatch {
        var watch = ChangeWatch()
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            watch.note(Array(bytes[start..<min(start + pieces, bytes.count)]), at: start)
        }
        return watch
    }

    @Test func `what stays is the same`() throws {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
        #expect(try watched(bytes, pieces: 64).changed(in: ArraySource(bytes)) == [])
        #expect(try ChangeWatch().changed(in: ArraySource([])) == [])
    }

    @Test func `one byte that is another is found with its piece, wherever it is`() throws {
        let bytes = [UInt8](repeating: 0, count: 1003)
        let watch = watched(bytes, pieces: 100)
        for place in 0..<bytes.count {
            for value: UInt8 in [1, 0x80] {
                var changed = bytes
                changed[place] = value
                let start = place / 100 * 100
                #expect(try watch.changed(in: ArraySource(changed)) == [start..<min(start + 100, 1003)], "\(place)")
            }
        }
    }

    @Test func `pieces that touch are one range, and what is gone has changed`() throws {
        let bytes = [UInt8](repeating: 3, count: 400)
        var changed = bytes
        changed[150] = 4
        changed[250] = 4
        #expect(try watched(bytes, pieces: 100).changed(in: ArraySource(changed)) == [100..<300])
        #expect(try watched(bytes, pieces: 100).changed(in: ArraySource(Array(bytes.prefix(250)))) == [200..<400])
    }

    @Test func `two words that are exchanged are a change`() throws {
        let bytes: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]
        let exchanged = Array(bytes[8...] + bytes[..<8])
        #expect(try watched(bytes, pieces: 16).changed(in: ArraySource(exchanged)) == [0..<16])
    }
}

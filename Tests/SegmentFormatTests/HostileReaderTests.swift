import CShmlens
import CrashScenarios
import Observations
import SegmentFormat
import Synchronization
import Testing

/// Observers on bytes that somebody spoilt, or spoils while they are read: a picture comes out or an error, never a
/// trap, which would end the server.
@Suite(.timeLimit(.minutes(5))) struct HostileReaderTests {
    static let good: EditableImage? = {
        guard let (bytes, layout) = try? RichArena.image() else { return nil }
        return EditableImage(bytes: bytes, layout: layout)
    }()

    private func look<Source: ByteSource>(_ reader: SegmentReader<Source>) {
        _ = try? reader.heap()
        _ = try? reader.header()
        _ = try? reader.participants()
        _ = try? reader.verify()
        for after in [0, 1, .max - 1, .max] as [UInt64] {
            for limit in [0, 1, 100, 10_000, .max] { _ = try? reader.events(after: after, limit: limit) }
        }
    }

    @Test func `no value in any word makes an observer trap`() throws {
        let good = try #require(Self.good)
        let layout = good.layout
        let ranges = [
            320..<3000, layout.participantsOffset..<layout.participantsOffset + 1280,
            layout.eventsOffset..<layout.eventsOffset + 512, layout.indexOffset..<layout.indexOffset + 576,
            layout.sequencesOffset..<layout.sequencesOffset + 64,
            layout.blocksOffset..<layout.blockOffset(good.blocks.count + 1),
        ]
        let values: [UInt64] = [
            0, 1, .max, .max - 99, 1 << 63, UInt64(Int64.max), 0xffff_ff00_ffff_ff00, UInt64(layout.poolOffset),
            UInt64(layout.totalBytes),
        ]
        var images = 0
        for (position, offset) in ranges.flatMap({ stride(from: $0.lowerBound, to: $0.upperBound, by: 8) }).enumerated() {
            for (number, value) in values.enumerated() where (position + number) % 4 == 0 || offset == 2304 {
                var image = good
                image.set(offset, value)
                look(SegmentReader(source: image.source, layout: layout))
                images += 1
            }
        }
        #expect(images > 1000)
    }

    /// The image, but for one word that is another one each time that it is read.
    private final class Flickering: ByteSource {
        let image: EditableImage
        let place: Int
        let values: [UInt64]
        private let reads = Atomic<Int>(0)

        init(_ image: EditableImage, _ place: Int, _ values: [UInt64]) {
            (self.image, self.place, self.values) = (image, place, values)
        }

        func size() -> Int { image.bytes.count }

        func read(at offset: Int, count: Int) throws(ReadFailure) -> [UInt8] {
            let turn = reads.wrappingAdd(1, ordering: .relaxed).newValue
            var image = image
            image.set(place, values[turn % values.count])
            return image.source.read(at: offset, count: count)
        }
    }

    @Test func `a word that changes between two readings makes no observer trap`() throws {
        let good = try #require(Self.good)
        let layout = good.layout
        let places = [
            shmlens_header_offset_event_head, shmlens_header_offset_journal_count,
            shmlens_header_offset_journal_operation, shmlens_header_offset_journal,
            layout.sequencesOffset, layout.sequencesOffset + layout.firstBlockSequence * 8,
            layout.indexOffset + shmlens_index_header_offset_table_high_water, layout.blocksOffset,
        ]
        for place in places {
            let old = good.word(place)
            for values in [[.max, 5], [5, .max], [old, old &+ 1], [old, .max, 0], [1 << 63, old]] as [[UInt64]] {
                look(SegmentReader(source: Flickering(good, place, values), layout: layout))
            }
        }
    }

    /// The image, with an operation more each time that somebody asks how many there were.
    private final class Advancing: ByteSource {
        let image: EditableImage
        private let operations: Atomic<UInt64>

        init(_ image: EditableImage) {
            self.image = image
            operations = Atomic(image.word(shmlens_header_offset_event_head))
        }

        func size() -> Int { image.bytes.count }

        func read(at offset: Int, count: Int) throws(ReadFailure) -> [UInt8] {
            guard offset == shmlens_header_offset_event_head else { return image.source.read(at: offset, count: count) }
            var image = image
            image.set(offset, operations.wrappingAdd(1, ordering: .relaxed).newValue)
            return image.source.read(at: offset, count: count)
        }
    }

    @Test(arguments: [0, 1] as [UInt64])
    func `an event of a block that cannot be takes none from the picture unsaid`(spanBytes: UInt64) throws {
        var image = try #require(Self.good)
        let head = image.word(shmlens_header_offset_event_head)
        let block = try #require(image.blocks.first { $0.state == .used })
        for sequence in head + 1...head + 3 {
            let event = image.layout.eventOffset(sequence)
            for offset in stride(from: event, to: event + shmlens_event_bytes, by: 8) { image.set(offset, 0) }
            image.set(event + shmlens_event_offset_sequence, sequence)
            image.set(event + shmlens_event_offset_span_offset, block.spanOffset)
            image.set(event + shmlens_event_offset_span_bytes, spanBytes)
        }
        let picture = try SegmentReader(source: Advancing(image), layout: image.layout).heap()
        #expect(picture.sequence > head)
        #expect(picture.consistency == (spanBytes == 0 ? .consistent : .torn))
    }

    @Test func `a table that claims four billion blocks is looked at in part, and the picture says so`() throws {
        let good = try #require(Self.good)
        var image = good
        let mark = good.layout.indexOffset + shmlens_index_header_offset_table_high_water
        image.set(half: mark, UInt32.max - 1)
        image.set(half: good.layout.indexOffset + shmlens_index_header_offset_used_blocks, UInt32.max)
        let layout = try #require(
            SegmentLayout(
                capacityBytes: 1 << 40, participants: good.layout.participantCount - 1,
                events: good.layout.eventCount, pageBytes: 4096))
        // Only the beginning of the table is there: a file of holes costs its maker nothing.
        let claims = Sparse(image: image, from: good.layout, as: layout)
        let picture = try SegmentReader(source: claims, layout: layout).heap()
        #expect(picture.consistency == .torn)
        #expect(claims.bytesRead.load(ordering: .relaxed) < 4 << 30)
    }

    /// The index of a small segment in one that is said to be large; zeros everywhere else.
    private final class Sparse: ByteSource {
        private let parts: [(range: Range<Int>, bytes: ArraySlice<UInt8>)]
        private let total: Int
        let bytesRead = Atomic<Int>(0)

        init(image: EditableImage, from old: SegmentLayout, as new: SegmentLayout) {
            total = new.totalBytes
            let index = image.bytes[old.indexOffset..<old.indexOffset + shmlens_index_header_bytes]
            parts = [
                (0..<shmlens_header_bytes, image.bytes[..<shmlens_header_bytes]),
                (new.indexOffset..<new.indexOffset + shmlens_index_header_bytes, index),
            ]
        }

        func size() -> Int { total }

        func read(at offset: Int, count: Int) throws(ReadFailure) -> [UInt8] {
            bytesRead.wrappingAdd(count, ordering: .relaxed)
            var bytes = [UInt8](repeating: 0, count: min(count, max(0, total - offset)))
            for part in parts where part.range.overlaps(offset..<offset + bytes.count) {
                for place in part.range.clamped(to: offset..<offset + bytes.count) {
                    bytes[place - offset] = part.bytes[part.bytes.startIndex + place - part.range.lowerBound]
                }
            }
            return bytes
        }
    }
}

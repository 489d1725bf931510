public import Diagnostics
public import Kernel
public import Observations
public import SegmentFormat

/// A managed segment that is open to be read: pictures of its parts, without its lock.
public struct ManagedSegment: Sendable {
    public let object: OpenObject
    public let identity: SegmentIdentity
    let reader: SegmentReader<DescriptorSource>

    public var layout: SegmentLayout { identity.layout }

    /// - Throws: ``ReadingError/notManaged(_:_:)`` for anything else than a segment.
    init(_ object: OpenObject) throws(ReadingError) {
        let bytes: [UInt8]
        let size: Int
        do throws(ReadFailure) {
            bytes = try object.source.read(at: 0, count: 256)
            size = try object.source.size()
        } catch {
            throw .failed(error)
        }
        do throws(FormatError) {
            identity = try SegmentIdentity(image: Image(bytes: bytes), objectBytes: size)
        } catch {
            guard case .truncated(_, let has) = error, SegmentIdentity.hasMagic(Image(bytes: bytes)) else {
                throw .notManaged(object.id, error)
            }
            throw .truncated(object.id, at: has)
        }
        self.object = object
        reader = SegmentReader(source: object.source, layout: identity.layout)
    }

    /// The header's lock, state and head.
    public func header() throws(ReadingError) -> SegmentReader<DescriptorSource>.HeaderPicture {
        try taking { () throws(PictureError) in try reader.header() }
    }

    /// The header's bytes, settled.
    func headerImage() throws(ReadingError) -> (image: Image, consistency: Consistency) {
        try taking { () throws(PictureError) in try reader.headerImage() }
    }

    /// Events newer than one.
    public func events(
        after: UInt64, limit: Int
    ) throws(ReadingError) -> (events: [EventRecord], lost: UInt64) {
        try taking { () throws(PictureError) in try reader.events(after: after, limit: limit) }
    }

    /// Checks the whole segment.
    public func verify() throws(ReadingError) -> PictureVerification {
        try taking { () throws(PictureError) in try reader.verify() }
    }

    func heap() throws(ReadingError) -> HeapPicture {
        try taking { () throws(PictureError) in try reader.heap() }
    }

    func head() throws(ReadingError) -> UInt64 {
        try taking { () throws(PictureError) in try reader.head() }
    }

    /// The slots that anybody ever sat in.
    func slots() throws(ReadingError) -> (records: [ParticipantRecord], consistency: Consistency) {
        try taking { () throws(PictureError) in try reader.participants() }
    }

    private func taking<Result>(
        _ body: () throws(PictureError) -> Result
    ) throws(ReadingError) -> Result {
        do throws(PictureError) {
            return try body()
        } catch {
            switch error {
            case .read(let failure): throw .failed(failure)
            case .truncated(let at): throw .truncated(object.id, at: at)
            }
        }
    }
}

/// The participants of a segment at one moment, with what the system says of their processes.
public struct Attendance: Sendable {
    /// Slots that anybody ever sat in, by number.
    public let records: [ParticipantRecord]
    /// Of those that are taken.
    public let liveness: [OwnerKey: Liveness]
    public let owners: OwnerDirectory
    public let consistency: Consistency
}

import Diagnostics
import Encoding
import HTTPCore
import Observations
import Reading
import SegmentFormat
import SharedSegments

extension Service {
    static let blockRoutes: [Route<Endpoint>] = [
        route(
            .post, "/segments/{id}/blocks",
            Endpoint(
                name: "allocateBlocks", summary: "Allocates a block, or with count so many: all or none.",
                lane: .waiting, parameters: ["timeoutMilliseconds"],
                body: .json(["sizeBytes", "alignment", "tag", "count"]), status: .created,
                answer: Service.allocate)),
        route(
            .patch, "/segments/{id}/blocks/{offset}",
            Endpoint(
                name: "resizeBlock", summary: "Changes a block's size; it may move.", lane: .waiting,
                parameters: ["force", "timeoutMilliseconds"], body: .json(["sizeBytes"]), answer: Service.resize)),
        route(
            .delete, "/segments/{id}/blocks/{offset}",
            Endpoint(
                name: "freeBlock", summary: "Frees a block; force frees that of a living process too.",
                lane: .waiting, parameters: ["force", "timeoutMilliseconds"], produces: [], status: .noContent,
                answer: Service.free)),
    ]

    func allocate(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let fields = try call.fields()
        let sizeBytes = try fields.requiredSize("sizeBytes", in: 1...(.max))
        let alignment = try fields.size("alignment", in: 1...(1 << Span.largestAlignmentShift)) ?? 16
        guard alignment & (alignment - 1) == 0 else {
            throw .unprocessable("alignment: must be a power of two, not \(alignment)", field: "alignment")
        }
        let tag = try fields.text("tag").map { (text) throws(Problem) in try FieldValue.tag("tag", text) } ?? .none
        let count = try fields.integer("count", in: 1...LockedSegment.countMax)
        let offsets = try change(id, call) { (locked) throws(SegmentError) in
            try locked.allocate(count: count ?? 1, sizeBytes: sizeBytes, alignment: max(alignment, 16), tag: tag)
        }
        guard count != nil else {
            return .json(.created, try block(id, at: offsets[0]))
                .with("Location", Self.location(id) + "/blocks/\(offsets[0])")
        }
        return .json(.created, try blocks(id, at: Set(offsets))).with("Location", Self.location(id) + "/blocks")
    }

    func resize(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let offset = try call.number("offset")
        let sizeBytes = try call.fields().requiredSize("sizeBytes", in: 1...(.max))
        let moved = try changeBlock(id, offset, call) { (locked) throws(SegmentError) in
            try locked.resize(offset, to: sizeBytes)
        }
        return .json(.ok, try block(id, at: moved))
    }

    func free(_ call: Call) throws(Problem) -> Response {
        let offset = try call.number("offset")
        try changeBlock(try segmentID(call), offset, call) { (locked) throws(SegmentError) in
            try locked.free(offset)
        }
        return .noContent
    }

    /// Changes a block that belongs to nobody who lives, unless forced.
    private func changeBlock<Result>(
        _ id: SegmentIdentifier, _ offset: Int, _ call: Call,
        _ body: (inout LockedSegment) throws(SegmentError) -> Result
    ) throws(Problem) -> Result {
        let force = try call.query.flag("force")
        let outcome: Outcome<Result> = try change(id, call) { (locked) throws(SegmentError) in
            if !force {
                let block = try locked.block(at: offset)
                let liveness = locked.ownerLiveness(of: block)
                if block.owner != .external, liveness != .dead {
                    return .spared(pid: locked.process(of: block.owner)?.pid, liveness)
                }
            }
            return .done(try body(&locked))
        }
        switch outcome {
        case .done(let result): return result
        case .spared(let pid, let liveness):
            let process = pid.map { "process \($0)" } ?? "a process"
            let state = liveness == .alive ? "lives" : "cannot be seen from here"
            throw .conflict(
                "the block at offset \(offset) belongs to \(process), which \(state); ?force=true changes it all the same")
        }
    }

    private enum Outcome<Result> {
        case done(Result)
        /// Nothing was changed: it is somebody's.
        case spared(pid: UInt32?, Liveness)
    }

    /// Some used blocks, by where their payloads begin.
    private func blocks(_ id: SegmentIdentifier, at offsets: Set<Int>) throws(Problem) -> Answer<BlockList> {
        try listing { () throws(ListError) in
            try lens.blocks(id) { (picture, owners) in
                BlockList(picture: picture, owners: owners, offsets: offsets)
            }
        }
    }
}

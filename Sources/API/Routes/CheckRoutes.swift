import Diagnostics
import Encoding
import HTTPCore
import Kernel
import Observations
import Reading
import SharedSegments

extension Service {
    /// Descriptors that are looked at under the lock at one time, which takes less than a millisecond.
    private static let reclaimPiece = 4096

    static let checkRoutes: [Route<Endpoint>] = [
        route(
            .post, "/segments/{id}/verify",
            Endpoint(
                name: "verify", summary: "Checks the whole segment on a picture, or with lock under its lock.",
                lane: .waiting, parameters: ["lock", "timeoutMilliseconds"], answer: Service.verify)),
        route(
            .post, "/segments/{id}/reclaim",
            Endpoint(
                name: "reclaim", summary: "Frees the slots and blocks of the dead.", lane: .waiting,
                parameters: ["force", "timeoutMilliseconds"], answer: Service.reclaim)),
        route(
            .put, "/segments/{id}/protection",
            Endpoint(
                name: "protect",
                summary: "Protects whole pages of the server's own mapping, or locks them into memory.", lane: .waiting, parameters: ["timeoutMilliseconds"],
                body: .json(["offset", "length", "access", "locked"]), answer: Service.protect)),
    ]

    func verify(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        guard try call.query.flag("lock") else {
            return .json(.ok, try looking { () throws(ReadingError) in try lens.verify(id) })
        }
        let timeout = try call.query.timeout()
        let segment = try live.segment(id)
        let checked = try changing { () throws(SegmentError) in
            try segment.withLock(timeout: timeout, giveUp: { self.isOverdue }) { _ in
                Result { () throws(ReadingError) in try lens.verify(id) }
            }
        }
        return .json(.ok, try looking { () throws(ReadingError) in try checked.get() })
    }

    func reclaim(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let force = try call.query.flag("force")
        // Of all waits for the lock together.
        var patience = try call.query.timeout()
        let begin = Clocks.reading()
        let slots = try change(id, timeout: patience) { (locked) throws(SegmentError) in
            try locked.bury(including: force)
        }
        var blocks = 0
        var bytes = 0
        var next: Int? = 0
        // Others get the lock between two pieces. The table is finite, and each piece passes some of it.
        while let first = next {
            let asked = ContinuousClock.now
            let piece = try change(id, timeout: patience) { (locked) throws(SegmentError) in
                patience = max(.zero, patience - (ContinuousClock.now - asked))
                return try locked.reclaim(from: first, limit: Self.reclaimPiece)
            }
            blocks += piece.blocks
            bytes += piece.bytes
            next = piece.next.flatMap { $0 > first ? $0 : nil }
        }
        let report = ReclaimReport(blocksFreed: blocks, bytesFreed: bytes, slotsFreed: slots)
        let age = (Clocks.monotonicNanoseconds() - begin.monotonicNanoseconds) / 1_000_000
        return .json(.ok, Answer(report, Envelope(takenAt: begin.realTime, ageMilliseconds: Int(age))))
    }

    func protect(_ call: Call) throws(Problem) -> Response {
        let id = try segmentID(call)
        let fields = try call.fields()
        guard let offset = try fields.size("offset") else { throw BodyFields.missing("offset") }
        let length = try fields.requiredSize("length")
        // What is not named stays; where nothing is, the range is plain again.
        let isPlain = !fields.has("access") && !fields.has("locked")
        let access: ProtectedRange.Access? = isPlain ? .readWrite : try fields.choice("access")
        let locked: ProtectedRange.Locked? = isPlain ? .no : try fields.choice("locked")
        let timeout = try call.query.timeout()
        var lacking: SegmentError?
        try live.protect(id) { (segment) throws(SegmentError) in
            do throws(SegmentError) {
                try segment.protect(
                    offset: offset, length: length, access: access, locked: locked, timeout: timeout,
                    giveUp: { self.isOverdue })
            } catch {
                guard case .noSpace = error else { throw error }
                lacking = error
            }
        }
        // Nothing is to be stored: there is less memory than the pages that are to stay in it.
        if let lacking { throw .conflict("\(lacking)") }
        lens.surveyor.forget()
        return .json(.ok, try detail(id))
    }
}

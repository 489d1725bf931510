import Diagnostics
import Encoding
import HTTPCore
import Kernel
import Observations
import Reading

extension Service {
    static let byteRoutes: [Route<Endpoint>] = [
        route(
            .get, "/segments/{id}/bytes",
            Endpoint(
                name: "readBytes", summary: "The object's bytes; Range asks for some of them.",
                parameters: ["attach"], produces: [.bytes], answer: Service.readBytes)),
        route(
            .get, "/segments/{id}/hexdump",
            Endpoint(
                name: "hexdump", summary: "Bytes as xxd or hexdump -C show them, or as JSON.",
                parameters: ["offset", "length", "style", "attach"], produces: [.text, .json],
                answer: Service.hexdump)),
    ]

    /// An object that is open to have its bytes read, and how long it is.
    private func openBytes(_ call: Call) throws(Problem) -> OpenObject {
        let attach = try call.query.flag("attach")
        let id = try segmentID(call)
        return try looking { () throws(ReadingError) in try lens.object(id, attach: attach) }
    }

    func readBytes(_ call: Call) throws(Problem) -> Response {
        let object = try openBytes(call)
        let sizeBytes = object.file.sizeBytes
        var response = Response(.ok).uncached().with("Accept-Ranges", "bytes")
            .with("Content-Type", MediaType.bytes.description)
        var range = 0..<sizeBytes
        // There is no tag that a conditional range could name: such bytes change without a trace.
        let asked = call.head.headers["If-Range"] == nil ? call.head.headers["Range"] : nil
        switch ByteRange(asked, of: sizeBytes) {
        case nil: break
        case .unsatisfiable?: return Self.unsatisfiable("the range begins behind the object's end", of: sizeBytes)
        case .satisfiable(let part)?:
            range = part
            response.status = .partialContent
            response.headers["Content-Range"] = ByteRange.contentRange(part, of: sizeBytes)
        }
        response.addTaking(range, of: object)
        response.body = .stream(length: range.count, ObjectBytes(object.source, range: range))
        return response
    }

    /// The style that was asked for, by its name or else by the media type.
    private func dumpStyle(_ call: Call) throws(Problem) -> DumpStyle {
        let accept = call.head.headers.list("Accept")
        guard let style = try call.query.choice("style", of: DumpStyle.self) else {
            return MediaType.best(of: [.text, .json], accept: accept) == .json ? .json : .xxd
        }
        guard MediaType.best(of: [style.type], accept: accept) != nil else {
            throw .notAcceptable("the style \(style.rawValue) can be had as \(style.type)")
        }
        return style
    }

    func hexdump(_ call: Call) throws(Problem) -> Response {
        let style = try dumpStyle(call)
        let offset = try call.query.size("offset") ?? 0
        let length = try call.query.size("length")
        let object = try openBytes(call)
        let sizeBytes = object.file.sizeBytes
        guard offset <= sizeBytes else {
            return Self.unsatisfiable("the object ends at \(sizeBytes), before the offset \(offset)", of: sizeBytes)
        }
        let range = offset..<(offset + min(length ?? .max, sizeBytes - offset))
        let type = style.type == .json ? MediaType.json.description : "text/plain; charset=utf-8"
        var response = Response(.ok).uncached().with("Content-Type", type)
        switch style {
        case .json:
            let takenAt = Clocks.reading().realTime
            response.body = .stream(length: nil, JSONDumpBody(object, range: range, takenAt: takenAt))
            return response
        case .xxd:
            response.body = .stream(
                length: HexDump.xxdLength(offset: offset, length: range.count),
                HexDumpBody(object.source, range: range, style: .xxd, askedLength: length))
        case .canonical:
            response.body = .stream(
                length: nil, HexDumpBody(object.source, range: range, style: .canonical, askedLength: length))
        }
        response.addTaking(range, of: object)
        return response
    }

    static func unsatisfiable(_ detail: String, of sizeBytes: Int) -> Response {
        Response.problem(.rangeNotSatisfiable(detail)).with("Content-Range", ByteRange.contentRange(of: sizeBytes))
    }
}

/// The API's `style`.
enum DumpStyle: String, CaseIterable {
    case xxd
    case canonical
    case json

    var type: MediaType { self == .json ? .json : .text }
}

extension Response {
    /// What is known of streamed bytes before the first of them is read.
    fileprivate mutating func addTaking(_ range: Range<Int>, of object: OpenObject) {
        headers["Shmlens-Taken-At"] = Clocks.reading().realTime.rfc3339
        headers["Shmlens-Size-Bytes"] = "\(object.file.sizeBytes)"
        headers["Shmlens-Offset"] = "\(range.lowerBound)"
        headers["Shmlens-Length"] = "\(range.count)"
        if object.wasAttached { headers["Shmlens-Attached"] = "true" }
        if !object.source.leavesAccessTime { headers["Shmlens-Atime-Moved"] = "true" }
    }
}

import Encoding
import Glibc
import HTTPCore
import Reading
import SharedSegments
import Synchronization
import SystemPackage
import TestSupport
import Workload

@testable import API

/// A service and a client of it, without a socket.
final class Bench: Sendable {
    let service: Service
    let lens: Lens
    let live: LiveSegments

    init(access: Access? = nil, publicFolder: String? = nil, hasWorkers: Bool = false) throws {
        // A busy machine, and a sanitizer, take their time.
        lens = try Lens(answerNanosecondsMax: 60_000_000_000)
        live = LiveSegments(lens: lens)
        let access = try access ?? Access(listenHost: "127.0.0.1", isLoopback: true)
        service = try Service(
            Service.Settings(version: "0.0.0", access: access, publicFolder: publicFolder), lens: lens, live: live,
            supervisor: hasWorkers ? Supervisor(executable: Program.path) : nil)
    }

    /// Takes a request through the steps of a server.
    func send(
        _ method: String, _ target: String, _ headers: [HeaderField] = [], body: [UInt8] = []
    ) -> Reply {
        var fields = headers
        if !fields.contains(where: { $0.name == "Host" }) { fields.append(HeaderField("Host", "127.0.0.1:8080")) }
        let isLengthKnown = fields.contains { $0.name == "Content-Length" || $0.name == "Transfer-Encoding" }
        if !body.isEmpty, !isLengthKnown { fields.append(HeaderField("Content-Length", "\(body.count)")) }
        let head: RequestHead
        do throws(Refusal) {
            head = try RequestHead(
                method: method, target: target, headers: HeaderFields(fields), remoteAddress: "127.0.0.1:1")
        } catch {
            return Reply(service.response(to: error))
        }
        if let refused = service.refuse(head) { return Reply(refused) }
        guard body.count <= service.bodyLimit(for: head) else {
            return Reply(service.response(to: .bodyTooLarge(limit: service.bodyLimit(for: head))))
        }
        _ = service.lane(for: head)
        return Reply(service.respond(to: Request(head: head, body: body)))
    }

    func get(_ target: String, _ headers: [HeaderField] = []) -> Reply { send("GET", target, headers) }

    /// A request with a JSON body.
    func send(_ method: String, _ target: String, json: String) -> Reply {
        send(method, target, [HeaderField("Content-Type", "application/json")], body: Array(json.utf8))
    }

    /// Makes a segment for the time of a test.
    ///
    /// - Parameter body: gets the segment's name and its path in the API.
    func withSegment<Result>(
        capacity: String = "64KiB", _ body: (_ name: String, _ path: String) throws -> Result
    ) throws -> Result {
        let name = Unique.name("api")
        let made = send("POST", "/api/v1/segments", json: #"{"name":"\#(name)","capacityBytes":"\#(capacity)"}"#)
        guard made.status == .created else { throw BenchError(what: made.text) }
        defer { removeObject(name) }
        return try body(name, "/api/v1/segments/\(name)")
    }
}

struct BenchError: Error { let what: String }

/// An answer with its body, drained.
struct Reply {
    let status: Status
    let headers: HeaderFields
    let bytes: [UInt8]
    /// What a stream had promised; nil where it was not known.
    let length: Int?
    /// Whether a stream came to its end.
    let isWhole: Bool
    let unsendableReason: String?

    init(_ response: Response) {
        status = response.status
        headers = response.headers
        unsendableReason = response.unsendableReason
        switch response.body {
        case .empty: (bytes, length, isWhole) = ([], 0, true)
        case .bytes(let all): (bytes, length, isWhole) = (all, all.count, true)
        case .stream(let promised, let stream):
            var all: [UInt8] = []
            var isDone: Bool?
            stream.start(wake: {})
            while isDone == nil {
                switch stream.next(wanted: 4096) {
                case .bytes(let piece): all += piece
                case .wait: break
                case .end: isDone = true
                case .failed: isDone = false
                }
            }
            stream.finished()
            (bytes, length, isWhole) = (all, promised, isDone == true)
        }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    var json: JSONValue? { try? JSONValue(parsing: bytes) }

    /// The member that a path of keys and indices leads to.
    subscript(_ path: String...) -> JSONValue? {
        var value = json
        for step in path {
            if let index = Int(step), let array = value?.array {
                value = array.indices.contains(index) ? array[index] : nil
            } else {
                value = value?[step]
            }
        }
        return value
    }

    func integer(_ path: String...) -> Int? {
        var value = json
        for step in path {
            if let index = Int(step), let array = value?.array {
                value = array.indices.contains(index) ? array[index] : nil
            } else {
                value = value?[step]
            }
        }
        return value?.number?.integer()
    }

    /// The keys of the answer's object, in order.
    var keys: [String] { json?.object?.members.map(\.key) ?? [] }
}

extension JSONValue {
    var keys: [String] { object?.members.map(\.key) ?? [] }
    var int: Int? { number?.integer() }
}

/// What another thread was answered.
final class Outcome: Sendable {
    private let replies = Mutex<[String: (status: Int, text: String)]>([:])

    var all: [String: (status: Int, text: String)] { replies.withLock { $0 } }

    func add(_ what: String, _ status: Int, _ text: String) { replies.withLock { $0[what] = (status, text) } }
}

/// The program, built beside the tests.
enum Program {
    static let path: FilePath = {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return FilePath(own).removingLastComponent().appending("shmlens")
    }()
}

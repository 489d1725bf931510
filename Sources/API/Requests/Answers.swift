import Diagnostics
import Encoding
import HTTPCore
import Observations

extension Response {
    /// A JSON answer. Nobody keeps it: the next look may see something else.
    static func json(
        _ status: Status = .ok, _ value: some JSONEncodable, type: MediaType = .json
    ) -> Response {
        var writer = JSONWriter(reservingCapacity: 1024)
        writer.value(value)
        var bytes = writer.finish()
        bytes.append(UInt8(ascii: "\n"))
        return Response.bytes(status, type, bytes).uncached()
    }

    /// A problem as RFC 9457 has it.
    static func problem(_ problem: Problem) -> Response {
        .json(Status(problem.status), problem, type: .problem)
    }

    /// With the fields that keep an answer from being stored, and from being taken for something else than it is.
    func uncached() -> Response {
        with("Cache-Control", "no-store").with("X-Content-Type-Options", "nosniff")
    }
}

extension WallTime {
    /// As answers have times; nil beyond the years that the format can write.
    var rfc3339: String? {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        // Seconds are rounded down, also before 1970.
        return RFC3339.text(
            seconds: rest < 0 ? seconds - 1 : seconds, nanoseconds: Int(rest < 0 ? rest + 1_000_000_000 : rest))
    }
}

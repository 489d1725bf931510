import Encoding

/// Events as the `text/event-stream` format has them (HTML, "Server-sent events").
enum EventFrame {
    /// One event. What JSON is written here has no line breaks, so that one `data` line holds it.
    ///
    /// - Parameter id: what the browser sends as `Last-Event-ID` when it comes back.
    static func bytes(_ name: String, id: UInt64? = nil, _ json: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(json.count + 64)
        if let id { frame += "id: \(id)\n".utf8 }
        frame += "event: \(name)\ndata: ".utf8
        frame += json
        frame += "\n\n".utf8
        return frame
    }

    /// How long a browser waits before it comes back.
    static func retry(milliseconds: Int) -> [UInt8] { Array("retry: \(milliseconds)\n\n".utf8) }
}

import HTTPCore

/// One request, from the end of its line to the end of its answer.
///
/// Created when the library has read the request's line; kept by the library as the request's context; let go in the
/// library's notice of completion, and nowhere else.
///
/// Unchecked: `stage`, `body`, `reservedBytes` and `swallowBytes` are touched on the library's thread only. The rest
/// of what changes is touched only under the engine's lock.
@safe final class Exchange: @unchecked Sendable {
    /// How far the request has come.
    enum Stage {
        /// Its line is read, its header is not.
        case line
        /// Its header is accepted; the body is read, up to a limit.
        case receiving(RequestHead, limit: Int)
        /// It is refused; the body is thrown away, and the answer comes after it.
        case refused(Response)
        /// A handler works on it on another thread. The connection is suspended.
        case working
        /// Its answer is the library's to send.
        case answered
    }

    /// The library's handle; valid while the exchange lives.
    let connection: OpaquePointer
    let peer: Peer
    /// The request line's second word, as it came.
    let target: String

    var stage = Stage.line
    var body: [UInt8] = []
    /// Its share of ``Limits/maxBodyBytesTogether``.
    var reservedBytes = 0
    /// What more of a refused body may be thrown away.
    var swallowBytes = 0

    /// Whether the library was told to leave the connection alone until it is told otherwise.
    var isSuspended = false
    /// What the handler answered, until the library's thread takes it.
    var answer: Response?
    /// Whether its body is a stream that waits, so that a stop wakes it.
    var isStreaming = false
    /// Where it stands among the exchanges under way.
    var place = -1

    init(connection: OpaquePointer, peer: Peer, target: String) {
        unsafe self.connection = connection
        self.peer = peer
        self.target = target
    }
}

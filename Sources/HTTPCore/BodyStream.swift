/// What a stream has for the server when it is asked.
public enum StreamStep: Sendable {
    /// The next bytes, at least one. A chunk may be larger than what was wanted: the server keeps the rest and asks
    /// again when it is sent. Stay below ``Limits/maxChunkBytes``: a larger one cuts the connection, as `failed` does.
    case bytes([UInt8])
    /// Nothing yet. The server asks again once the closure given to ``BodyStream/start(wake:)`` has been called.
    case wait
    /// The body is complete. Earlier than the length promised, it cuts the connection.
    case end
    /// The rest cannot be had. The connection is cut, which tells the client that the body is not whole.
    case failed
}

/// A response's body that is made while it is sent.
///
/// All three methods are called from the server's one thread, never at the same time and in the order `start`,
/// `next` any number of times, `finished`. They must answer at once (in less than about a millisecond): everything
/// else that the server does waits meanwhile. What takes longer is made elsewhere, with ``StreamStep/wait`` until it
/// is there.
///
/// A client that leaves while the stream waits is noticed only by writing to it. A stream that may be quiet for long
/// sends something, such as the comment line of Server-Sent Events, every 10 to 15 seconds.
public protocol BodyStream: AnyObject, Sendable {
    /// The body is going to be sent. Not called where only the header is (HEAD, 304).
    ///
    /// - Parameter wake: to be called after `next` has answered `wait`, once there is more. From any thread, any
    ///   number of times; a call that comes too early is remembered and one that comes too late does nothing.
    func start(wake: @escaping @Sendable () -> Void)

    /// The next piece of the body.
    ///
    /// - Parameter wanted: how many bytes can be sent at once; a hint.
    func next(wanted: Int) -> StreamStep

    /// The server lets go of the stream: it was sent, or the client left, or the response was never sent at all.
    /// Called exactly once for every stream that the server was given.
    func finished()
}

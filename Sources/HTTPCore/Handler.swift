/// Where a request is answered.
///
/// Handing a request to another thread and back costs about 8 µs of processor time (measured with an answer of 200
/// bytes and 64 connections, on two processors that the client shares: 110,000 requests a second on the lane `inline`,
/// 58,000 on `quick`).
public enum Lane: Sendable, Equatable, CaseIterable {
    /// On the server's own thread, with no hand-over: for answers that are always ready in well under a millisecond.
    /// Every other connection waits meanwhile.
    case inline
    /// On one of the threads for reads: no waiting for a lock or for another process.
    case quick
    /// On one of the threads for what may wait. Such requests never keep quick ones from a thread.
    case waiting
}

/// What answers requests. One handler serves a whole server.
///
/// For each request the server calls, in this order: ``refuse(_:)``, ``bodyLimit(for:)``, then, once the body is
/// there, ``lane(for:)`` and ``respond(to:)``. All but ``respond(to:)`` are called on the server's own thread and must
/// answer at once. Calls for different requests come from different threads at the same time.
public protocol Handler: Sendable {
    /// A response to a request that needs no look at its body (authorisation, Host, 404, 405, 411, 413, 415), or nil.
    /// The body is then not read, and a client that waits with `Expect: 100-continue` does not send it.
    func refuse(_ head: RequestHead) -> Response?

    /// The most bytes of body that this request may have; where it is more than ``Limits/maxBodyBytes``, that counts.
    func bodyLimit(for head: RequestHead) -> Int

    /// Where the request is to be answered.
    func lane(for head: RequestHead) -> Lane

    /// The answer. May take long, within a limit of its own: a server that stops waits for it.
    func respond(to request: Request) -> Response

    /// How a refusal by the server itself looks. Without a stream.
    func response(to refusal: Refusal) -> Response
}

extension Handler {
    public func refuse(_ head: RequestHead) -> Response? { nil }

    public func bodyLimit(for head: RequestHead) -> Int { .max }

    public func lane(for head: RequestHead) -> Lane { .quick }

    /// The refusal's sentence as text, with `Retry-After` where it has one.
    public func response(to refusal: Refusal) -> Response {
        var response = Response.text(refusal.status, refusal.detail + "\n")
        if let seconds = refusal.retryAfterSeconds { response.headers["Retry-After"] = "\(seconds)" }
        return response
    }
}

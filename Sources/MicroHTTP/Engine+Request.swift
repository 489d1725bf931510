import CMicroHTTPD
import HTTPCore
import Synchronization

/// The steps of a request, in the order in which the library asks for them. All on the library's thread.
extension Engine {
    /// The library calls at least twice for each request: with the header, with each piece of a body, and at the end.
    ///
    /// - Parameters:
    ///   - piece: a piece of the body, or nil at the first call and at the last.
    /// - Returns: `.NO` cuts the connection without an answer.
    func proceed(
        _ exchange: Exchange, _ piece: UnsafeRawBufferPointer?, head: () throws(Refusal) -> RequestHead
    ) -> MHD_Result {
        switch exchange.stage {
        case .line: return begin(exchange, head: head)
        case .receiving(let head, let limit):
            guard let piece = unsafe piece else { return dispatch(exchange, head) }
            unsafe take(exchange, piece, head, limit)
            return .YES
        case .refused(let response):
            guard let piece = unsafe piece else { return queue(exchange, response) }
            exchange.swallowBytes -= piece.count
            return exchange.swallowBytes >= 0 ? .YES : .NO
        case .working:
            // Nil after a stop that had no more time for the handler.
            guard let answer = takeAnswer(exchange) else { return .NO }
            return queue(exchange, answer)
        case .answered: return .NO
        }
    }

    // MARK: The header

    private func begin(_ exchange: Exchange, head: () throws(Refusal) -> RequestHead) -> MHD_Result {
        Counters.increment(counters.requests)
        let isWelcome = enter(exchange)
        let checked: RequestHead
        do throws(Refusal) {
            checked = try head()
        } catch {
            // Where a body begins and ends is not sure: nothing more is read from this connection.
            return queue(exchange, handler.sendableResponse(to: error))
        }
        if checked.framing != .none {
            watch.set(exchange.peer, .after(milliseconds: limits.bodyTimeMilliseconds))
        }
        guard isWelcome else {
            return refuse(exchange, checked, turnAway("the server is stopping"))
        }
        if let response = handler.refuse(checked) { return refuse(exchange, checked, response) }
        let limit = handler.bodyLimit(for: checked, within: limits)
        if case .length(let length) = checked.framing {
            guard length <= UInt64(limit) else {
                return refuse(exchange, checked, handler.sendableResponse(to: .bodyTooLarge(limit: limit)))
            }
            guard reserve(exchange, Int(length)) else {
                return refuse(exchange, checked, turnAway("the bodies under way take all the memory there is for them"))
            }
            exchange.body.reserveCapacity(Int(length))
        }
        exchange.stage = .receiving(checked, limit: limit)
        return .YES
    }

    /// Answers a request whose body is not wanted.
    ///
    /// An answer at the library's first call ends the connection, and one that is closed while the client still sends
    /// is reset, which can destroy the answer. So a body that is absent or short is waited out first.
    private func refuse(_ exchange: Exchange, _ head: RequestHead, _ response: Response) -> MHD_Result {
        let bodyBytes: Int
        switch head.framing {
        case .none: bodyBytes = 0
        case .length(let length) where length <= UInt64(limits.swallowedBodyBytes) && head.headers["Expect"] == nil:
            bodyBytes = Int(length)
        default: return queue(exchange, response)
        }
        exchange.swallowBytes = bodyBytes
        exchange.stage = .refused(response)
        return .YES
    }

    private func turnAway(_ detail: String) -> Response {
        Counters.increment(counters.turnedAway)
        return handler.sendableResponse(to: .busy(detail, retryAfterSeconds: limits.retryAfterSeconds))
    }

    // MARK: The body

    private func reserve(_ exchange: Exchange, _ bytes: Int) -> Bool {
        guard Counters.reserve(counters.bodyBytes, bytes, limit: limits.maxBodyBytesTogether) else { return false }
        exchange.reservedBytes += bytes
        return true
    }

    private func take(_ exchange: Exchange, _ piece: UnsafeRawBufferPointer, _ head: RequestHead, _ limit: Int) {
        guard piece.count <= limit - exchange.body.count else {
            return giveUp(exchange, handler.sendableResponse(to: .bodyTooLarge(limit: limit)))
        }
        // What a Content-Length promised is reserved already.
        guard head.framing != .chunked || reserve(exchange, piece.count) else {
            return giveUp(exchange, turnAway("the bodies under way take all the memory there is for them"))
        }
        unsafe exchange.body.append(contentsOf: piece)
    }

    /// The library takes no answer in the middle of a body: the rest is thrown away, within its limit.
    private func giveUp(_ exchange: Exchange, _ response: Response) {
        exchange.body = []
        exchange.swallowBytes = limits.swallowedBodyBytes
        exchange.stage = .refused(response)
    }

    // MARK: The answer

    private func dispatch(_ exchange: Exchange, _ head: RequestHead) -> MHD_Result {
        let request = Request(head: head, body: exchange.body)
        exchange.body = []
        let pool: WorkerPool
        switch handler.lane(for: head) {
        case .inline: return queue(exchange, handler.respond(to: request))
        case .quick: pool = quick
        case .waiting: pool = waiting
        }
        guard pool.hasRoom else { return queue(exchange, turnAway("too many requests wait already")) }
        guard suspend(exchange) else { return queue(exchange, turnAway("the server is stopping")) }
        exchange.stage = .working
        watch.set(exchange.peer, .never)
        pool.add { self.complete(exchange, self.handler.respond(to: request)) }
        return .YES
    }

    /// Hands the answer to the library. `response` is used up: it is sent, or its stream is told that it is not.
    private func queue(_ exchange: Exchange, _ response: Response) -> MHD_Result {
        watch.set(exchange.peer, .never)
        exchange.stage = .answered
        var response = response
        if let substitute = handler.substitute(for: response) {
            Counters.increment(counters.unsendable)
            discard(response)
            response = substitute
        }
        if case .stream = response.body,
            !Counters.reserve(counters.streams, 1, limit: limits.streams)
        {
            discard(response)
            response = turnAway("too many streams are open already")
        }
        let isLast = isEnding.load(ordering: .relaxed)
        guard let reply = unsafe makeReply(exchange, response, closesConnection: isLast) else { return .NO }
        let result = unsafe MHD_queue_response(exchange.connection, UInt32(response.status.code), reply)
        // The library holds its own reference, or, where it refused, this ends a stream.
        unsafe MHD_destroy_response(reply)
        return result
    }
}

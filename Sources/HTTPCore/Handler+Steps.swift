/// The decisions that every server takes the same way, whatever it reads requests from.
extension Handler {
    /// The most bytes of body that are taken with `head`.
    public func bodyLimit(for head: RequestHead, within limits: Limits) -> Int {
        min(limits.maxBodyBytes, max(0, bodyLimit(for: head)))
    }

    /// How `refusal` is sent: as ``response(to:)`` has it, or bare where that cannot be sent or is a stream, which the
    /// limit on streams could refuse in its turn.
    public func sendableResponse(to refusal: Refusal) -> Response {
        let response = self.response(to: refusal)
        if case .stream(_, let stream) = response.body {
            stream.finished()
            return Response(refusal.status)
        }
        return response.unsendableReason == nil ? response : Response(refusal.status)
    }

    /// What is sent in place of `response`, or nil where it can be sent itself.
    public func substitute(for response: Response) -> Response? {
        response.unsendableReason.map {
            sendableResponse(to: Refusal(.internalServerError, "the answer could not be sent: \($0)"))
        }
    }

    /// Takes a request through the steps of a server, on the caller's thread and without a socket.
    ///
    /// What only a connection can show is missing: limits on time, on the header's size and on what runs at once.
    /// The answer to HEAD still has its body. A response's stream is not started; the caller owes it
    /// ``BodyStream/finished()``.
    public func answer(
        _ method: String, _ target: String, headers: HeaderFields, body: [UInt8] = [], limits: Limits = Limits(),
        remoteAddress: String = "127.0.0.1:1"
    ) -> Response {
        let head: RequestHead
        do throws(Refusal) {
            head = try RequestHead(method: method, target: target, headers: headers, remoteAddress: remoteAddress)
        } catch {
            return sendableResponse(to: error)
        }
        if let refused = refuse(head) { return sendable(refused) }
        let limit = bodyLimit(for: head, within: limits)
        guard body.count <= limit else { return sendableResponse(to: .bodyTooLarge(limit: limit)) }
        return sendable(respond(to: Request(head: head, body: body)))
    }

    private func sendable(_ response: Response) -> Response {
        guard let substitute = substitute(for: response) else { return response }
        if case .stream(_, let stream) = response.body { stream.finished() }
        return substitute
    }
}

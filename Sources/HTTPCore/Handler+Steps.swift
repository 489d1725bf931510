/// The decisions that every server takes the same way, whatever it reads requests from.
extension Handler {
    /// The most bytes of body that are taken with `head`.
    public func bodyLimit(for head: RequestHead, within limits: Limits) -> Int {
        min(limits.maxBodyBytes, max(0, bodyLimit(for: head)))
    }

    /// What is sent in place of `response`, or nil where it can be sent itself.
    public func substitute(for response: Response) -> Response? {
        guard let reason = response.unsendableReason else { return nil }
        let refusal = self.response(to: Refusal(.internalServerError, "the answer could not be sent: \(reason)"))
        // A handler that spoils this one too gets the barest.
        return refusal.unsendableReason == nil ? refusal : Response(.internalServerError)
    }

    /// Takes a request through the steps of a server, on the caller's thread and without a socket.
    ///
    /// What only a connection can show is missing: limits on time, on the header's size and on what runs at once.
    /// A response's stream is not started; the caller owes it ``BodyStream/finished()``.
    public func answer(
        _ method: String, _ target: String, headers: HeaderFields, body: [UInt8] = [], limits: Limits = Limits(),
        remoteAddress: String = "127.0.0.1:1"
    ) -> Response {
        let head: RequestHead
        do throws(Refusal) {
            head = try RequestHead(method: method, target: target, headers: headers, remoteAddress: remoteAddress)
        } catch {
            return response(to: error)
        }
        if let refused = refuse(head) { return substitute(for: refused) ?? refused }
        let limit = bodyLimit(for: head, within: limits)
        guard body.count <= limit else { return response(to: .bodyTooLarge(limit: limit)) }
        let response = respond(to: Request(head: head, body: body))
        guard let substitute = substitute(for: response) else { return response }
        if case .stream(_, let stream) = response.body { stream.finished() }
        return substitute
    }
}

import Synchronization

/// What a server has done since it started, and what it does now.
public struct ServerCounts: Sendable, Equatable {
    /// Requests whose header was read whole, refused ones included.
    public var requests = 0
    /// What the library dealt with by itself, so that it never got here: requests that it answered with 400, 413, 414,
    /// 431 or 505, and connections whose first bytes were no request, which it closes without an answer.
    public var refusedByParser = 0
    /// Responses of the handler that could not be sent; the client got 500.
    public var unsendable = 0
    /// Requests that got 503 because a limit was reached.
    public var turnedAway = 0
    /// Connections that were cut because a header or a body took too long.
    public var cutForTime = 0
    /// Open connections now.
    public var connections = 0
    /// Requests under way now, from the end of the header to the end of the answer.
    public var underWay = 0
    /// Streams now.
    public var streams = 0
}

/// The counts that no lock protects.
final class Counters: Sendable {
    let requests = Atomic<Int>(0)
    let refusedByParser = Atomic<Int>(0)
    let unsendable = Atomic<Int>(0)
    let turnedAway = Atomic<Int>(0)
    /// Streams now.
    let streams = Atomic<Int>(0)
    /// Bytes of bodies now.
    let bodyBytes = Atomic<Int>(0)

    static func increment(_ counter: borrowing Atomic<Int>) { counter.add(1, ordering: .relaxed) }

    /// Takes `amount` out of what is left below `limit`, or nothing.
    static func reserve(_ counter: borrowing Atomic<Int>, _ amount: Int, limit: Int) -> Bool {
        guard counter.add(amount, ordering: .relaxed).newValue <= limit else {
            counter.subtract(amount, ordering: .relaxed)
            return false
        }
        return true
    }

    static func release(_ counter: borrowing Atomic<Int>, _ amount: Int) {
        counter.subtract(amount, ordering: .relaxed)
    }
}

extension Engine {
    /// A connection ends. One that brought bytes and got none back, and on which no request's line was read, brought
    /// something else than HTTP, or was ended by its client in the middle of the line; one that was cut for taking too long is counted as that. The kernel counts the end that
    /// a client sends as a byte received.
    func close(_ peer: Peer) {
        let traffic = peer.traffic
        guard !watch.remove(peer), !peer.hasAsked, traffic.received > 1, traffic.sent == 0 else { return }
        Counters.increment(counters.refusedByParser)
    }

    var counts: ServerCounts {
        let (connections, cut) = watch.counts
        return ServerCounts(
            requests: counters.requests.load(ordering: .relaxed),
            refusedByParser: counters.refusedByParser.load(ordering: .relaxed),
            unsendable: counters.unsendable.load(ordering: .relaxed),
            turnedAway: counters.turnedAway.load(ordering: .relaxed), cutForTime: cut, connections: connections,
            underWay: state.withLock { $0.underWay.count }, streams: counters.streams.load(ordering: .relaxed))
    }
}

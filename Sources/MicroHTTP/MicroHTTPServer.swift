public import HTTPCore

/// An HTTP/1.1 server: one handler behind one listening address.
///
/// The library reads and writes all connections on one thread; the handler runs on that thread or on two pools of
/// threads, as its ``HTTPCore/Lane`` says. All of these threads block every signal that comes from outside.
///
/// A server is stopped before it is let go of; all of its methods may be called from any thread but its own.
public final class MicroHTTPServer: Sendable {
    /// Where it listens; the port is the real one, also where 0 was asked for.
    public let address: ListenAddress

    private let engine: Engine
    /// Nil once it is stopped, or while it is being stopped.
    private let parts: Monitor<ServerParts?>

    /// Starts a server. It accepts connections when this returns.
    ///
    /// - Throws: ``StartFailure``; nothing is left running then.
    public init(_ address: ListenAddress, limits: Limits = Limits(), handler: any Handler) throws(StartFailure) {
        if let (name, value, range) = limits.outOfRange {
            throw StartFailure("the limit \(name), which is \(range)", "\(value)", 0)
        }
        let engine = Engine(handler, limits)
        let socket = try ListenSocket(address)
        let parts = try SignalMask.blocking { () throws(StartFailure) in try ServerParts(engine, socket) }
        self.engine = engine
        self.address = socket.address
        self.parts = Monitor(parts)
    }

    deinit {
        let isStopped = parts.withLock { $0 == nil }
        precondition(isStopped, "a server is stopped before it is let go of")
    }

    /// What it has done, and does now.
    public var counts: ServerCounts { engine.counts }

    /// Stops it: no more connections and requests are taken, those under way are finished, streams that wait are
    /// ended; at the deadline the rest is cut. Handlers that run are waited for in any case. Returns when all
    /// threads and sockets are gone. A second call waits for the first and does nothing else.
    ///
    /// - Parameter milliseconds: how long requests under way may take; 0 cuts them at once.
    public func stop(withinMilliseconds milliseconds: Int) {
        precondition(milliseconds >= 0, "a time limit is not negative")
        guard engine.drain(until: .after(milliseconds: milliseconds)) else { return }
        let parts = parts.withLock { parts in
            defer { parts = nil }
            return parts
        }
        parts?.stop(engine)
        engine.markStopped()
    }
}

import CMicroHTTPD
import Glibc
import HTTPCore

/// The threads of a running server and the library's handle, which come and go together.
///
/// Unchecked: used by the call that starts the server and by the one that stops it.
@safe struct ServerParts: @unchecked Sendable {
    private var watch: [Thread] = []
    private var quick: [Thread] = []
    private var waiting: [Thread] = []
    private var daemon: OpaquePointer?

    /// Starts all of them, with signals blocked by the caller. The socket is used up.
    init(_ engine: Engine, _ socket: ListenSocket) throws(StartFailure) {
        do throws(StartFailure) {
            watch = [try engine.watch.start()]
            quick = try engine.quick.start(name: "http-quick", count: engine.limits.quickThreads)
            waiting = try engine.waiting.start(name: "http-waiting", count: engine.limits.waitingThreads)
        } catch {
            close(socket.descriptor)
            stop(engine)
            throw error
        }
        // From here on the socket is the library's, also where it fails to start: it closes the socket on most ways
        // out, and to close it twice could close somebody else's.
        unsafe daemon = Self.startLibrary(engine, socket.descriptor)
        guard unsafe daemon != nil else {
            stop(engine)
            throw StartFailure("MHD_start_daemon", socket.address.description, 0)
        }
    }

    /// Ends all of them. By now the engine allows no suspension, and nothing is suspended but for a thread of a pool
    /// that is about to resume it.
    func stop(_ engine: Engine) {
        engine.quick.stop(quick)
        engine.waiting.stop(waiting)
        if let daemon = unsafe daemon {
            unsafe MHD_stop_daemon(daemon)
            // Taken by startLibrary. No callback comes any more.
            unsafe Unmanaged.passUnretained(engine).release()
        }
        for thread in watch { engine.watch.stop(thread) }
    }

    private static func startLibrary(_ engine: Engine, _ descriptor: Int32) -> OpaquePointer? {
        let flags = MHD_USE_EPOLL_INTERNAL_THREAD.rawValue | MHD_ALLOW_SUSPEND_RESUME.rawValue
            | MHD_USE_ITC.rawValue | MHD_USE_ERROR_LOG.rawValue
        let context = unsafe Unmanaged.passRetained(engine)
        let limits = engine.limits
        let daemon = unsafe CMicroHTTPD_start(
            CMicroHTTPD_options(
                flags: flags, listen_socket: descriptor, connection_memory_bytes: limits.connectionMemoryBytes,
                connections: UInt32(limits.connections), idle_seconds: UInt32(limits.idleTimeSeconds), strictness: 1,
                context: context.toOpaque(), log: logCallback, accept: acceptCallback, connection: connectionCallback,
                target: targetCallback, request: requestCallback, completed: completedCallback))
        if unsafe daemon == nil { unsafe context.release() }
        return unsafe daemon
    }
}

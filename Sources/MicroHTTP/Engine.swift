import CMicroHTTPD
import HTTPCore
import Synchronization

/// What stands between the library's callbacks and the handler.
///
/// Threads. The library has one thread, on which all of its callbacks run and all of an exchange's steps are taken.
/// A handler runs on a thread of a pool, while its connection is *suspended*: the library neither reads nor writes
/// nor frees it until it is resumed. One lock, `state`, decides who resumes: whoever turns `isSuspended` off, and
/// nobody else. So each suspension is resumed exactly once.
///
/// Stopping the library with one suspended connection left aborts the process. So a stop first allows no more
/// suspensions, resumes what is suspended, and joins the pools, whose threads may be on their way to resume one.
///
/// The library's own mutex is taken inside this lock (by suspend and resume) and never the other way round: the
/// library holds none of its locks while it calls back, except a response's own while it reads a stream, which no
/// other thread ever takes. The handler's code and streams are called with no lock held.
final class Engine: Sendable {
    enum Phase: Sendable {
        case running
        /// No new requests; those under way are finished, streams are ended.
        case draining
        /// Nothing is suspended any more; what is under way is cut.
        case cutting
        case stopped
    }

    struct State {
        var phase = Phase.running
        /// In no order; each knows its place.
        var underWay: [Exchange] = []
    }

    let handler: any Handler
    let limits: Limits
    let state = Monitor(State())
    /// Whether the phase is another than `running`, for who needs no more than that.
    let isEnding = Atomic<Bool>(false)
    let counters = Counters()
    let watch = ConnectionWatch()
    let quick: WorkerPool
    let waiting: WorkerPool

    init(_ handler: any Handler, _ limits: Limits) {
        self.handler = handler
        self.limits = limits
        quick = WorkerPool(capacity: limits.quickQueue)
        waiting = WorkerPool(capacity: limits.waitingQueue)
    }

    // MARK: Exchanges under way

    /// - Returns: false where no request is taken any more.
    func enter(_ exchange: Exchange) -> Bool {
        state.withLock { state in
            exchange.place = state.underWay.count
            state.underWay.append(exchange)
            return state.phase == .running
        }
    }

    /// The library is done with the exchange, whatever became of it.
    func leave(_ exchange: Exchange) {
        let unsent: Response? = state.withLock { state in
            guard exchange.place >= 0 else { return nil }
            let last = state.underWay.removeLast()
            if last !== exchange {
                state.underWay[exchange.place] = last
                last.place = exchange.place
            }
            defer { exchange.answer = nil }
            return exchange.answer
        }
        state.broadcast()
        if let unsent { discard(unsent) }
        if case .refused(let response) = exchange.stage { discard(response) }
        Counters.release(counters.bodyBytes, exchange.reservedBytes)
        watch.set(exchange.peer, .after(milliseconds: limits.idleTimeSeconds * 1000 + limits.headerTimeMilliseconds))
    }

    /// A response that is never sent: whoever makes its stream is told.
    func discard(_ response: Response) {
        if case .stream(_, let stream) = response.body { stream.finished() }
    }

    // MARK: Suspending and resuming

    /// On the library's thread. False where nothing may be suspended any more.
    func suspend(_ exchange: Exchange) -> Bool {
        state.withLock { state in
            guard state.phase == .running || state.phase == .draining else { return false }
            exchange.isSuspended = true
            unsafe MHD_suspend_connection(exchange.connection)
            return true
        }
    }

    /// Under the lock, for an exchange that is suspended; so that a stop waits for it.
    func resume(_ exchange: Exchange) {
        exchange.isSuspended = false
        unsafe MHD_resume_connection(exchange.connection)
    }

    /// The handler has answered, on its own thread.
    func complete(_ exchange: Exchange, _ response: Response) {
        let isTaken = state.withLock { _ in
            // A stop that had no more time has resumed it, and the connection may be gone.
            guard exchange.isSuspended else { return false }
            exchange.answer = response
            exchange.isSuspended = false
            return true
        }
        guard isTaken else { return discard(response) }
        // Outside the lock, since it is a system call for which all other requests would wait. The connection exists
        // until this call, and a stop joins this thread.
        unsafe MHD_resume_connection(exchange.connection)
    }

    /// The answer that the handler left, on the library's thread.
    func takeAnswer(_ exchange: Exchange) -> Response? {
        state.withLock { _ in
            defer { exchange.answer = nil }
            return exchange.answer
        }
    }

    // MARK: Stopping

    /// The first steps of a stop: no new requests, streams that wait are woken to find their end.
    ///
    /// - Returns: false where another call has begun already; this one waits for its end.
    func drain(until deadline: Deadline) -> Bool {
        let isFirst = state.withLock { state in
            guard state.phase == .running else { return false }
            state.phase = .draining
            isEnding.store(true, ordering: .relaxed)
            for exchange in state.underWay where exchange.isSuspended && exchange.isStreaming { resume(exchange) }
            return true
        }
        guard isFirst else {
            state.wait(for: { $0.phase == .stopped }) { _ in }
            return false
        }
        state.wait(until: deadline, for: { $0.underWay.isEmpty }) { state in
            state.phase = .cutting
            for exchange in state.underWay where exchange.isSuspended { resume(exchange) }
        }
        return true
    }

    /// The last step of a stop.
    func markStopped() {
        state.withLock { $0.phase = .stopped }
        state.broadcast()
    }
}

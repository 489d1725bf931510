/// A fixed number of threads that run jobs in the order in which they came.
///
/// Only the server's own thread adds jobs, so that room seen by it stays until it adds.
///
/// Waking a thread costs more than a quick job. So at most one is being woken at any time, and it wakes the next one
/// if it finds more than one job: where jobs are quick, few threads stay awake and take them all.
final class WorkerPool: Sendable {
    typealias Job = @Sendable () -> Void

    private struct State {
        var queue = RingQueue<Job>()
        var idleCount = 0
        /// Whether an idle thread was signalled that has not run yet.
        var isWaking = false
        var isStopping = false

        /// Whether the caller is to signal.
        mutating func wakesOne() -> Bool {
            guard idleCount > 0, !isWaking, queue.count > 0 else { return false }
            isWaking = true
            return true
        }
    }

    private let state = Monitor(State())
    private let capacity: Int

    /// - Parameter capacity: the most jobs that wait while all threads work.
    init(capacity: Int) { self.capacity = capacity }

    /// Starts `count` threads called `name`. On a failure those that were started are ended again.
    func start(name: String, count: Int) throws(StartFailure) -> [Thread] {
        var threads = [Thread]()
        do throws(StartFailure) {
            for _ in 0..<count { threads.append(try Thread(name: name) { self.work() }) }
        } catch {
            stop(threads)
            throw error
        }
        return threads
    }

    /// Whether one more job has a thread or a place to wait.
    var hasRoom: Bool { state.withLock { $0.queue.count < capacity + $0.idleCount } }

    func add(_ job: @escaping Job) {
        let wakesOne = state.withLock { state in
            state.queue.append(job)
            return state.wakesOne()
        }
        if wakesOne { state.signal() }
    }

    /// Drops the jobs that wait and joins the threads once the jobs that run are done.
    func stop(_ threads: [Thread]) {
        state.withLock {
            $0.isStopping = true
            $0.queue = RingQueue()
        }
        state.broadcast()
        for thread in threads { thread.join() }
    }

    private func work() {
        while true {
            let (first, isStopping) = state.withLock { state in
                let job = state.queue.removeFirst()
                if job == nil { state.idleCount += 1 }
                return (job, state.isStopping)
            }
            if isStopping { return }
            if let job = first ?? waitForJob() { job() }
        }
    }

    /// The next job, for a thread that has said that it is idle; nil where another thread was faster, or at the stop.
    private func waitForJob() -> Job? {
        let (job, wakesOne) = state.wait(for: { $0.isStopping || $0.isWaking || $0.queue.count > 0 }) { state in
            state.idleCount -= 1
            state.isWaking = false
            return (state.queue.removeFirst(), state.wakesOne())
        }
        if wakesOne { state.signal() }
        return job
    }
}

/// A queue whose both ends take constant time. Grows to the most elements that it ever held.
package struct RingQueue<Element> {
    private var places: [Element?] = []
    private var first = 0
    package private(set) var count = 0

    package init() {}

    package mutating func append(_ element: Element) {
        if count == places.count { grow() }
        places[(first + count) % places.count] = element
        count += 1
    }

    package mutating func removeFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = places[first]
        places[first] = nil
        first = (first + 1) % places.count
        count -= 1
        return element
    }

    private mutating func grow() {
        let old = (0..<count).map { places[(first + $0) % places.count] }
        places = old + Array(repeating: nil, count: max(8, count))
        first = 0
    }
}

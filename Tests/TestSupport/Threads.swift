import Glibc
import Synchronization

/// Something that one thread sets and others see.
public final class Flag: Sendable {
    private let value = Atomic<Bool>(false)

    public init() {}

    public var isSet: Bool { value.load(ordering: .acquiring) }

    public func set() { value.store(true, ordering: .releasing) }
}

/// What went wrong in threads that cannot throw.
public final class Failures: Sendable {
    private let messages = Mutex<[String]>([])

    public init() {}

    public var all: [String] { messages.withLock { $0 } }

    public func add(_ message: String) { messages.withLock { $0.append(message) } }
}

/// A thread of its own. The concurrency pool has as many threads as there are processors, so work that waits for other
/// work must not share it.
public final class InThread: Sendable {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let thread: Mutex<pthread_t?>

    /// Starts `body`.
    public init(_ body: @escaping @Sendable () -> Void) {
        var started = pthread_t()
        let argument = unsafe Unmanaged.passRetained(Body(body)).toOpaque()
        let result = unsafe pthread_create(
            &started, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument)
        precondition(result == 0, "pthread_create")
        thread = Mutex(started)
    }

    /// Waits until it ended. Any number of times.
    public func join() {
        let waiting = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        if let waiting { pthread_join(waiting, nil) }
    }
}

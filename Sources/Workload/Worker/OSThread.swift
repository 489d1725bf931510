import Glibc

/// A thread of the operating system, for what blocks: a signal to come, children to end.
package enum OSThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a thread that nobody joins; it ends when `body` returns.
    ///
    /// - Returns: 0, or the error number of pthread_create(3).
    package static func start(_ body: @escaping @Sendable () -> Void) -> Int32 {
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(Body(body))
        let result = unsafe pthread_create(&thread, nil, run, argument.toOpaque())
        guard result == 0 else {
            unsafe argument.release()
            return result
        }
        pthread_detach(thread)
        return 0
    }

    private static let run: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        if let argument = unsafe argument {
            unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
        }
        return nil
    }
}

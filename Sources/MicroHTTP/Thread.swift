import CMicroHTTPD
import Glibc

/// A thread of the operating system that runs one closure and is joined once.
package struct Thread {
    private let handle: pthread_t

    /// Starts the thread. It inherits the signal mask: see ``SignalMask``.
    ///
    /// - Parameters:
    ///   - name: what ps and debuggers show, at most 15 bytes.
    ///   - body: what it does.
    package init(name: String, _ body: @escaping @Sendable () -> Void) throws(StartFailure) {
        precondition(name.utf8.count <= 15, "a thread's name has at most 15 bytes")
        let work = unsafe Unmanaged.passRetained(ThreadWork(name, body))
        var handle = pthread_t()
        let result = unsafe pthread_create(&handle, nil, runThread, work.toOpaque())
        guard result == 0 else {
            unsafe work.release()
            throw StartFailure("pthread_create", name, result)
        }
        self.handle = handle
    }

    /// Waits for its end.
    package func join() {
        let result = pthread_join(handle, nil)
        precondition(result == 0, "pthread_join failed with error number \(result)")
    }
}

/// What a new thread is handed through C.
private final class ThreadWork: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

private func runThread(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pointer = unsafe pointer else { return nil }
    let work = unsafe Unmanaged<ThreadWork>.fromOpaque(pointer).takeRetainedValue()
    // A thread without a name works as well.
    _ = unsafe work.name.withCString { unsafe CMicroHTTPD_name_thread($0) }
    work.body()
    return nil
}

/// Keeps signals away from the server's threads.
///
/// A thread inherits the mask of the one that starts it. With all signals blocked that come from outside, SIGTERM and
/// SIGINT reach only threads of the program that ask for them, and never interrupt a handler in the middle of a
/// system call. Signals that a thread raises by its own fault stay open: they cannot be put off.
enum SignalMask {
    private static let faults = [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS]

    /// Runs `body`, which starts threads, with signals blocked.
    static func blocking<Result>(_ body: () throws(StartFailure) -> Result) throws(StartFailure) -> Result {
        var blocked = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&blocked)
        for signal in faults { unsafe sigdelset(&blocked, signal) }
        let result = unsafe pthread_sigmask(SIG_SETMASK, &blocked, &before)
        precondition(result == 0, "pthread_sigmask failed with error number \(result)")
        defer { unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        return try body()
    }
}

import Glibc

/// SIGTERM and SIGINT, taken one at a time by whoever waits for them instead of by a handler.
///
/// Process 1 has no default for them: there too they end the server.
struct StopSignals {
    private let signals: sigset_t

    /// Blocks them in this thread and in all that it starts from now on.
    init() {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT] { unsafe sigaddset(&signals, signal) }
        let error = unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        precondition(error == 0, "pthread_sigmask knows SIG_BLOCK")
        self.signals = signals
    }

    /// Waits for the first of them.
    func wait() {
        var signals = signals
        var signal: Int32 = 0
        // The only error is a set with a number that is no signal; sigwait(3).
        let error = unsafe sigwait(&signals, &signal)
        precondition(error == 0, "sigwait")
    }
}

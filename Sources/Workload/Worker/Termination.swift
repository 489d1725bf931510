import CShmlens
import Glibc
import SystemPackage

/// How a worker process learns that it shall end.
///
/// A thread of its own takes SIGTERM and SIGINT with sigwait(3). A handler could do no more than set a word, which a
/// sleeping worker would not see; a thread may wake it, and it is there to end the process where the worker cannot
/// leave: blocked in a call without a time limit, such as the way back out of a classic condition whose mutex somebody
/// keeps.
public enum Termination {
    /// How long a worker has to leave the segment: less than the two seconds after which its supervisor kills it.
    public static let graceMilliseconds = 1200

    /// Takes the signals of this process over. To be called before any other thread is started, because threads
    /// inherit what is blocked.
    ///
    /// - Parameters:
    ///   - stop: is raised when the first signal comes.
    ///   - overdueStatus: what the process exits with where it is still there ``graceMilliseconds`` later.
    public static func raise(_ stop: StopFlag, overdueStatus: Int32) throws(WorkloadError) {
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT] { unsafe sigaddset(&signals, signal) }
        let blocked = unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        guard blocked == 0 else {
            throw .system(operation: "pthread_sigmask", object: "SIGTERM", Errno(rawValue: blocked))
        }
        let started = OSThread.start { [signals] in
            var signals = signals
            var signal: Int32 = 0
            // The only error is a set with a number that is no signal; sigwait(3).
            let result = unsafe sigwait(&signals, &signal)
            precondition(result == 0, "sigwait")
            stop.raise()
            Deadline.sleep(until: Deadline.after(milliseconds: graceMilliseconds))
            let message = "shmlens: the worker could not leave the segment in time; its slot counts as a dead one's\n"
            _ = try? FileDescriptor.standardError.writeAll(message.utf8)
            _exit(overdueStatus)
        }
        guard started == 0 else {
            throw .system(operation: "pthread_create", object: "a thread for signals", Errno(rawValue: started))
        }
    }

    /// Binds this process' life to its supervisor's: SIGKILL when the supervisor's thread that spawned it ends. No
    /// gentler signal would do, since it must also end a worker that is stopped.
    ///
    /// - Parameter supervisor: its pid.
    /// - Returns: false where the supervisor is gone already, so that nothing would end this process.
    public static func bind(toSupervisor supervisor: Int32) throws(WorkloadError) -> Bool {
        let error = shmlens_set_parent_death_signal(SIGKILL)
        guard error == 0 else {
            throw .system(operation: "PR_SET_PDEATHSIG", object: "SIGKILL", Errno(rawValue: error))
        }
        // The parent may have ended before the request was made.
        return getppid() == supervisor
    }
}

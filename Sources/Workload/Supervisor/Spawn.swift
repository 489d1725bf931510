import CShmlens
import Glibc
import SystemPackage

/// A process that was started, with what its parent holds of it.
struct SpawnedProcess {
    let pid: Int32
    /// Readable once it has ended.
    let pidDescriptor: FileDescriptor
    /// The reading end of its report, without blocking.
    let report: FileDescriptor

    func closeDescriptors() {
        try? pidDescriptor.close()
        try? report.close()
    }
}

/// Starting a worker's process.
enum Spawn {
    /// Where a worker finds its report's writing end.
    static let reportNumber: Int32 = 3
    /// Descriptors that are set up for a child are moved up here first, out of the way of the numbers they will get.
    private static let firstSpareNumber: Int32 = 10

    /// Starts a process with posix_spawn(3): no Swift code runs between fork and exec, which no threaded program
    /// survives.
    ///
    /// The child has `standardInput` or /dev/null as its standard input, nothing to write its standard output to, this
    /// process' standard error, the report as descriptor 3, and no other. It is in a process group of its own, so that
    /// a terminal's interrupt reaches its supervisor and not it. SIGTERM and SIGINT are blocked from its first
    /// instruction on, so that one which comes before it is ready waits for it.
    ///
    /// - Parameter arguments: with the program's name.
    static func start(
        executable: FilePath, arguments: [String], standardInput: FileDescriptor?
    ) throws(SupervisorError) -> SpawnedProcess {
        var reading: Int32 = -1
        var writing: Int32 = -1
        try check("pipe2", executable, unsafe shmlens_pipe(&reading, &writing))
        let report = FileDescriptor(rawValue: reading)
        defer { close(writing) }
        do throws(SupervisorError) {
            let pid = try spawn(executable, arguments, standardInput: standardInput, report: writing)
            do throws(SupervisorError) {
                var pidDescriptor: Int32 = -1
                try check("pidfd_open", executable, unsafe shmlens_pidfd_open(pid, &pidDescriptor))
                return SpawnedProcess(
                    pid: pid, pidDescriptor: FileDescriptor(rawValue: pidDescriptor), report: report)
            } catch {
                // It could not be watched: it must not live on unseen, nor stay behind as a zombie.
                kill(pid, SIGKILL)
                while waitpid(pid, nil, 0) < 0, errno == EINTR {}
                throw error
            }
        } catch {
            try? report.close()
            throw error
        }
    }

    private static func spawn(
        _ executable: FilePath, _ arguments: [String], standardInput: FileDescriptor?, report: Int32
    ) throws(SupervisorError) -> Int32 {
        let spareReport = try duplicate(report)
        defer { close(spareReport) }
        let spareInput: Int32? = if let standardInput { try duplicate(standardInput.rawValue) } else { nil }
        defer { if let spareInput { close(spareInput) } }

        var actions = unsafe posix_spawn_file_actions_t()
        try check("posix_spawn_file_actions_init", executable, unsafe posix_spawn_file_actions_init(&actions))
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let spareInput {
            try check("adddup2", executable, unsafe posix_spawn_file_actions_adddup2(&actions, spareInput, 0))
        } else {
            try check(
                "addopen", executable, unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0))
        }
        try check(
            "addopen", executable, unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0))
        try check(
            "adddup2", executable, unsafe posix_spawn_file_actions_adddup2(&actions, spareReport, reportNumber))
        try check("addclosefrom", executable, unsafe shmlens_spawn_close_from(&actions, reportNumber + 1))

        var attributes = posix_spawnattr_t()
        try check("posix_spawnattr_init", executable, unsafe posix_spawnattr_init(&attributes))
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        try setSignals(&attributes, executable)
        return try unsafe run(executable, arguments, &actions, &attributes)
    }

    private static func setSignals(
        _ attributes: inout posix_spawnattr_t, _ executable: FilePath
    ) throws(SupervisorError) {
        var blocked = sigset_t()
        unsafe sigemptyset(&blocked)
        for signal in [SIGTERM, SIGINT] { unsafe sigaddset(&blocked, signal) }
        var all = sigset_t()
        unsafe sigfillset(&all)
        try check("setsigmask", executable, unsafe posix_spawnattr_setsigmask(&attributes, &blocked))
        try check("setsigdefault", executable, unsafe posix_spawnattr_setsigdefault(&attributes, &all))
        try check("setpgroup", executable, unsafe posix_spawnattr_setpgroup(&attributes, 0))
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETPGROUP)
        try check("setflags", executable, unsafe posix_spawnattr_setflags(&attributes, Int16(flags)))
    }

    private static func run(
        _ executable: FilePath, _ arguments: [String], _ actions: inout posix_spawn_file_actions_t,
        _ attributes: inout posix_spawnattr_t
    ) throws(SupervisorError) -> Int32 {
        let words: [UnsafeMutablePointer<CChar>?] = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { for unsafe word in unsafe words { unsafe free(word) } }
        var pid: pid_t = 0
        let error = unsafe posix_spawn(
            &pid, executable.string, &actions, &attributes, words, shmlens_environment())
        try check("posix_spawn", executable, error)
        return pid
    }

    /// A duplicate with a number that is out of the way, closed on exec.
    static func duplicate(_ number: Int32) throws(SupervisorError) -> Int32 {
        let duplicate = fcntl(number, F_DUPFD_CLOEXEC, firstSpareNumber)
        guard duplicate >= 0 else {
            throw .system(operation: "F_DUPFD_CLOEXEC", object: "descriptor \(number)", errorNumber: errno)
        }
        return duplicate
    }

    private static func check(
        _ operation: String, _ executable: FilePath, _ error: Int32
    ) throws(SupervisorError) {
        guard error == 0 else {
            throw .system(operation: operation, object: executable.string, errorNumber: error)
        }
    }
}

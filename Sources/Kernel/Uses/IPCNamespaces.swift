import Observations

/// The IPC namespaces of processes that have a System V segment attached, as keys tell them.
struct IPCNamespaces {
    private let proc: ProcFS
    private let own: UInt64?
    private var last: (pid: Int32, namespace: UInt64)?

    init(proc: ProcFS) {
        self.proc = proc
        own = try? proc.namespace(.ipc, proc.root.appending("self").appending("ns"))
    }

    /// 0 for the observer's own, and where not even that is known; nil where it will not be told.
    mutating func key(of pid: Int32) -> UInt64? {
        if let last, last.pid == pid { return last.namespace }
        guard let own else { return 0 }
        guard let found = (try? proc.namespace(.ipc, of: pid)) ?? nil else { return nil }
        let namespace = found == own ? 0 : found
        last = (pid, namespace)
        return namespace
    }
}

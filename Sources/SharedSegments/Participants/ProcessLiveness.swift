import Glibc
import Kernel
import Observations
import SystemPackage

extension ProcessIdentity {
    /// This process.
    static func current() throws(SegmentError) -> ProcessIdentity {
        let host = try hostFacts()
        return ProcessIdentity(
            pid: UInt32(host.pid), uid: geteuid(), pidNamespace: host.pidNamespace, startTime: host.startTicks)
    }

    /// What this process is and runs on.
    static func hostFacts() throws(SegmentError) -> HostFacts {
        do throws(KernelError) {
            return try ProcFS().host()
        } catch {
            throw .system(operation: error.operation, object: error.object, error.errno)
        }
    }

    /// Whether this process lives, as far as can be told from here.
    ///
    /// A process of another pid namespace is looked for among those that can be seen from here; where its namespace
    /// cannot, nothing of what it has may be taken away. Judged by the same means as what observers show.
    func liveness(seenFrom here: HostFacts) -> Liveness {
        guard let pid = Int32(exactly: pid) else { return .dead }
        return ProcFS().isAlive(pid, startTicks: startTime, pidNamespace: pidNamespace, host: here)
    }
}

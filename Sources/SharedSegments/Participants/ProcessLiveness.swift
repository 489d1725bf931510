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
    /// Only processes of the asker's own pid namespace are judged: of another one's, a pid says nothing here, and
    /// nothing of what cannot be seen may be taken away.
    func liveness(seenFrom here: HostFacts) -> Liveness {
        guard pidNamespace == here.pidNamespace else { return .unknown }
        guard let pid = Int32(exactly: pid) else { return .dead }
        return ProcFS().isAlive(pid, startTicks: startTime, pidNamespace: pidNamespace, host: here)
    }
}

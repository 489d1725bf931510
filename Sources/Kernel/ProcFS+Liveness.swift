public import Observations

extension ProcFS {
    /// Whether the process that started as `pid` at `startTicks` is still there.
    ///
    /// A zombie is dead: it has left its memory and will not release what it holds. A process whose first thread
    /// alone has ended is alive. A process that is there, and may not be asked, is ``Liveness/unknown``.
    ///
    /// - Parameters:
    ///   - pid: in the pid namespace of this `/proc`. Any number may be given; none but positive ones are alive.
    ///   - startTicks: ``TaskFacts/startTicks``, so that another process under the same number is not mistaken.
    public func isAlive(_ pid: Int32, startTicks: UInt64) -> Liveness {
        guard pid > 0 else { return .dead }
        do {
            if let facts = try process(pid) {
                return facts.startTicks == startTicks && !facts.hasEnded ? .alive : .dead
            }
        } catch {
            return .unknown
        }
        // No entry: it ended, or `hidepid=2` keeps it from us. Asking for a signal tells one from the other.
        return taskExists?(pid) == true ? .unknown : .dead
    }

    /// The same for a process that said its pid as its *own* namespace numbers it.
    ///
    /// - Parameters:
    ///   - pidNamespace: the namespace's inode number, by which `pid` counts.
    ///   - host: this process.
    /// - Complexity: as ``isAlive(_:startTicks:)`` in this process's own namespace, else
    ///   ``process(_:inNamespace:)``.
    public func isAlive(_ pid: Int32, startTicks: UInt64, pidNamespace: UInt64, host: HostFacts) -> Liveness {
        if pidNamespace == host.pidNamespace, host.pid == host.pidInProc {
            return isAlive(pid, startTicks: startTicks)
        }
        switch process(pid, inNamespace: pidNamespace) {
        case .found(let outerPID): return isAlive(outerPID, startTicks: startTicks)
        case .absent: return .dead
        case .unknown: return .unknown
        }
    }

    /// Where a process of another pid namespace was found.
    public enum NamespaceSearch: Sendable, Hashable {
        /// Its id in the pid namespace of this `/proc`.
        case found(Int32)
        /// The namespace can be seen from here, and has no such process.
        case absent
        /// No process of that namespace can be seen from here, or some could not be asked where they live.
        case unknown
    }

    /// Looks for the process that the pid namespace `namespace` numbers `pid`.
    ///
    /// Who sees one process of a namespace sees all of them: a `/proc` shows its namespace and those within.
    /// Only `hidepid` hides some, and then the first process, which is another user's, is among the hidden.
    ///
    /// - Complexity: O(processes): one readlink(2) each, and the status of those of that namespace.
    public func process(_ pid: Int32, inNamespace namespace: UInt64) -> NamespaceSearch {
        guard let pids = try? processes() else { return .unknown }
        var seen = false
        var hiddenCount = pids.omittedCount + (pids.elements.first == 1 ? 0 : 1)
        for candidate in pids.elements {
            do {
                guard try self.namespace(.pid, of: candidate) == namespace else { continue }
                seen = true
                guard let status = try status(of: candidate) else { continue }
                if status.namespacePIDs.last == pid { return .found(candidate) }
            } catch {
                hiddenCount += 1
            }
        }
        return seen && hiddenCount == 0 ? .absent : .unknown
    }
}

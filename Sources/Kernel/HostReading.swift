import CShmlens
import Glibc
public import Observations
import SystemPackage

extension ProcFS {
    /// What does not change while this process runs. Read it once.
    ///
    /// - Throws: ``KernelError`` where `/proc` is not mounted.
    public func host() throws(KernelError) -> HostFacts {
        let own = root.appending("self")
        guard let contents = try contents(own.appending("stat")) else {
            throw KernelError(operation: "read", object: own.text, errno: .noSuchFileOrDirectory)
        }
        guard let facts = TaskFacts(stat: contents.bytes) else {
            throw KernelError(operation: "parse", object: own.appending("stat").text, errno: .badMessage)
        }
        return HostFacts(
            pageSizeBytes: sysconf(Int32(_SC_PAGESIZE)),
            ticksPerSecond: sysconf(Int32(_SC_CLK_TCK)),
            coarseResolutionNanoseconds: resolutionNanoseconds(of: CLOCK_MONOTONIC_COARSE),
            elfMachine: UInt32(SHMLENS_ELF_MACHINE),
            glibcVersion: glibcVersion(),
            pid: getpid(),
            pidInProc: facts.id,
            startTicks: facts.startTicks,
            pidNamespace: try ownNamespace(.pid),
            ipcNamespace: try ownNamespace(.ipc),
            mountNamespace: try ownNamespace(.mnt))
    }

    private func ownNamespace(_ kind: NamespaceKind) throws(KernelError) -> UInt64 {
        let folder = root.appending("self").appending("ns")
        guard let inode = try namespace(kind, folder) else {
            throw KernelError(
                operation: "readlink", object: folder.appending(kind.rawValue).text, errno: .noSuchFileOrDirectory)
        }
        return inode
    }
}

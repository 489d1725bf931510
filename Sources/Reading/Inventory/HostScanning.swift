import Diagnostics
import Kernel
import Observations
import SystemPackage

extension HostSources {
    /// Looks at the whole host: each folder, each table, each process that may use something else than it did.
    ///
    /// - Parameter before: an earlier scan. Processes that did not run since are not visited again.
    /// - Throws: ``KernelError`` where `/proc` or the folder of shared memory cannot be read at all.
    /// - Complexity: O(objects + processes + their shared mappings + their descriptors).
    func scan(after before: ScanMemory?) throws(KernelError) -> HostScan {
        var scan = HostScan()
        // Objects first, then who uses them: one that is made meanwhile is found with its maker or not at all. The other
        // way round it would seem to be left by everybody.
        let own = HostScan.Folder(
            namespace: nil, neighbour: nil, device: try folder.device(), inventory: try folder.inventory(), usage: try? folder.usage())
        scan.folders = [own]
        let pids = try proc.processes()
        scan.isWithoutOthers = pids.elements.first != 1
        addNeighbours(to: &scan, among: pids.elements)
        scan.local = LocalFileSystems(proc, scan.mountNamespaces, after: before?.local)
        let host = try? proc.host()
        scan.host = host
        scan.capabilities = proc.capabilities()
        scan.otherIPCNamespaceCount = proc.residents(of: .ipc, among: pids.elements).namespaces.keys.count { $0 != host?.ipcNamespace }
        scan.systemV = try proc.systemV()
        scan.uses = proc.useScan(of: pids, scan.useContext(after: before?.uses))
        return scan
    }

    /// Looks again at who uses what a scan found: at those who ran meanwhile, or are new.
    ///
    /// - Returns: what they use; nil where not all of them could be seen.
    func lookAgain(after scan: HostScan) throws(KernelError) -> ProcFS.LaterUses? {
        try proc.usesSince(scan.uses, scan.mounts)
    }

    /// The folders of other mount namespaces: containers have their own.
    private func addNeighbours(to scan: inout HostScan, among pids: [Int32]) {
        let residents = proc.residents(of: .mnt, among: pids)
        scan.unseenNamespacesCount = residents.refusedCount
        let host = try? proc.host()
        scan.mountNamespaces = residents.namespaces.filter { $0.key != host?.mountNamespace }
        for (namespace, pids) in scan.mountNamespaces.sorted(by: { $0.key < $1.key }) {
            guard scan.folders.count < HostScan.foldersMax else {
                scan.omittedFolderCount += 1
                continue
            }
            for pid in pids.prefix(HostScan.neighboursMax) {
                let folder = SharedFolder(ofProcess: pid, in: proc)
                do throws(KernelError) {
                    let device = try folder.device()
                    // Many services live in a namespace of their own and share the folder.
                    if !scan.folders.contains(where: { $0.device == device }) {
                        scan.folders.append(
                            HostScan.Folder(
                                namespace: namespace, neighbour: pid, device: device, inventory: try folder.inventory(),
                                usage: try? folder.usage()))
                    }
                    break
                } catch {
                    // It may have ended, or have no such folder: the next one of the namespace is asked.
                    if error.needs != nil { scan.unseenFoldersCount += 1 }
                }
            }
        }
    }

    /// What an object is, asked anew; nil where it will not be told.
    func facts(of object: HostObject, _ local: LocalFileSystems?) -> FileFacts? {
        guard let key = object.key, object.id.kind != .file || local?.contains(key.device) == true else { return nil }
        let identity = FileIdentity(device: key.device, inode: key.inode)
        for place in object.places {
            if let file = try? proc.facts(at: place, folder(of: object)), place.mayLead(to: identity, file, isStacked: object.isStacked) {
                return file
            }
        }
        return nil
    }

    /// Bytes in memory of mapped files, where they may be opened: their file system tells only what is on the disk.
    func residency(_ inventory: Inventory, _ local: LocalFileSystems?) -> [FileIdentity: Int] {
        var found: [FileIdentity: Int] = [:]
        for object in inventory.objects where object.id.kind == .file {
            guard let key = object.key, local?.contains(key.device) == true, let source = try? open(object),
                let bytes = source.residentBytes()
            else { continue }
            found[FileIdentity(source.file)] = bytes
        }
        return found
    }

    /// Who the processes act as that share an object with another, or are all that is known of one.
    ///
    /// - Parameter before: whom an earlier scan found; still right of processes that did not run since.
    func users(_ inventory: Inventory, _ scan: HostScan, _ before: [Int32: UInt32]) -> [Int32: UInt32] {
        var found: [Int32: UInt32] = [:]
        for object in inventory.objects where object.mappers.count > 1 || object.isUnseen {
            for mapper in object.mappers where found[mapper.pid] == nil {
                let known = scan.uses.renewed.contains(mapper.pid) ? before[mapper.pid] : nil
                found[mapper.pid] = known ?? proc.effectiveUser(of: mapper.pid)
            }
        }
        return found
    }

    /// The names of users and groups: those of the host's first process where this one lives in a container and sees it.
    func loadAccounts() -> Accounts {
        guard let own = try? proc.host().mountNamespace, let first = try? proc.namespace(.mnt, of: 1), first != own else {
            return accounts.load()
        }
        let host = accounts.asSeen(by: 1, in: proc).load()
        return host.userNames.isEmpty ? accounts.load() : host
    }

    /// The folder that an object's name is of.
    func folder(of object: HostObject) -> SharedFolder {
        object.neighbour.map { SharedFolder(ofProcess: $0, in: proc) } ?? folder
    }

    /// Opens an object, at the first place that lets it.
    ///
    /// - Throws: ``KernelError``: what the last place said.
    func open(_ object: HostObject) throws(KernelError) -> DescriptorSource {
        let identity = object.key.map { FileIdentity(device: $0.device, inode: $0.inode) }
        var refusal = KernelError(
            operation: "open", object: object.name.text, errno: .noSuchFileOrDirectory, needs: nil)
        for place in object.places {
            do throws(KernelError) {
                return try DescriptorSource.open(place, in: proc, folder(of: object), expecting: identity, isStacked: object.isStacked)
            } catch {
                // Being refused says more than being gone.
                if refusal.needs == nil { refusal = error }
            }
        }
        throw refusal
    }
}

extension HostScan {
    /// Folders looked into: one for each container that has its own.
    static let foldersMax = 4_096
    /// Processes of a namespace that are asked to show its folder: where these refuse or have ended, others do too.
    static let neighboursMax = 4

    /// What tells of which file system an open file is.
    fileprivate var mounts: ProcFS.Mounts {
        var mounts = ProcFS.Mounts()
        mounts.devices = local?.devicesOfMounts ?? [:]
        mounts.shared = Set(folders.map(\.device))
        return mounts
    }

    /// What a look at the uses of objects is told: the names of files, in the folders that were listed.
    fileprivate func useContext(after before: UseScan?) -> ProcFS.UseContext {
        var context = ProcFS.UseContext()
        context.before = before
        context.mounts = mounts
        for folder in folders {
            context.listed.reserveCapacity(context.listed.count + folder.inventory.files.elements.count)
            for file in folder.inventory.files.elements { context.listed[file.file.key] = file.name }
        }
        return context
    }

    /// Whether there may be processes that were not seen at all.
    private var missesProcesses: Bool {
        guard let host else { return isWithoutOthers }
        // Who lives in a pid namespace of its own and in the IPC namespace of the host shares memory with processes that
        // it cannot see. Where both are its own the memory is too, as far as it can tell.
        return isWithoutOthers || (!host.seesAllProcesses && host.seesAllIPC)
    }

    /// Whether the mappings, and the descriptors, of all processes were seen. What is refused to who has all rights is kept
    /// from everybody, as the first process of some systems keeps itself: no look from anywhere would be better.
    var seesAllMappings: Bool { !missesProcesses && uses.mappers.hidden.allSatisfy { capabilities.cover($0.needs) } }
    var seesAllDescriptors: Bool { !missesProcesses && uses.holders.hidden.allSatisfy { capabilities.cover($0.needs) } }

    func hidden(_ inventory: Inventory) -> [Hidden] {
        var hidden = folders.flatMap(\.inventory.hidden) + uses.mappers.hidden + uses.holders.hidden + systemV.hidden
        func hide(_ what: String, _ count: Int, _ needs: String) {
            if count > 0 { hidden.append(Hidden(what: what, count: count, needs: needs)) }
        }
        hide("lists of processes, with other users' left out (hidepid)", isWithoutOthers ? 1 : 0, "a /proc that shows them")
        if let host {
            hide("outer pid namespaces, whose processes may map what is seen", host.seesAllProcesses ? 0 : 1, "the host's (docker run --pid=host)")
            hide("outer IPC namespaces, whose System V objects are not seen", host.seesAllIPC ? 0 : 1, "the host's (docker run --ipc=host)")
        }
        hide(
            "other IPC namespaces, whose System V objects are seen only where they are attached", otherIPCNamespaceCount,
            "a look from inside (nsenter --ipc)")
        hide("namespaces of processes", unseenNamespacesCount, "CAP_SYS_PTRACE")
        hide("folders of shared memory of other mount namespaces", unseenFoldersCount, "CAP_SYS_PTRACE")
        hide("folders of shared memory of other mount namespaces", omittedFolderCount, "a higher limit of folders")
        hide("objects whose identifier another object has", inventory.ambiguousCount, "another look")
        hide(
            "objects whose size and owner could not be seen",
            inventory.objects.count(where: \.isUnseen),
            "CAP_CHECKPOINT_RESTORE and CAP_SYS_PTRACE")
        // What the system keeps from everybody is not to be had by asking for a right that is there.
        return hidden.map {
            capabilities.cover($0.needs) ? Hidden(what: $0.what, count: $0.count, needs: "no further right") : $0
        }
    }
}

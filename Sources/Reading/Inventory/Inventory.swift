public import Diagnostics
import Kernel
public import Observations

/// What the parts of a scan found.
struct HostScan: Sendable {
    /// A folder of shared memory, in whatever mount namespace.
    struct Folder: Sendable {
        /// nil for the observer's own.
        var namespace: UInt64?
        /// A process that sees it.
        var neighbour: Int32?
        var device: DeviceNumber
        var inventory: SharedFileInventory
        /// nil where it would not tell.
        var usage: FileSystemUsage?
    }

    /// nil where `/proc` would not tell.
    var host: HostFacts?
    /// What the observer may do.
    var capabilities = Capabilities(mask: 0)
    /// Whether `/proc` shows not even the first process.
    var isWithoutOthers = false
    /// IPC namespaces of processes, the observer's own not counted.
    var otherIPCNamespaceCount = 0
    /// The observer's own first.
    var folders: [Folder] = []
    /// Who uses what.
    var uses = UseScan()
    /// The file systems that may be asked; nil where nobody looked for them.
    var local: LocalFileSystems?
    var systemV = SystemVInventory()
    /// The mount namespaces other than the observer's, with their processes.
    var mountNamespaces: [UInt64: [Int32]] = [:]
    /// Processes whose namespaces, and namespaces whose folder, could not be seen; folders beyond the limit.
    var unseenNamespacesCount = 0
    var unseenFoldersCount = 0
    var omittedFolderCount = 0
}

/// What a scan leaves to the next one.
struct ScanMemory: Sendable {
    let uses: UseScan
    let local: LocalFileSystems?

    init(_ scan: HostScan) {
        uses = scan.uses.forNext
        local = scan.local
    }
}

/// All shared objects of the host, one of each.
public struct Inventory: Sendable {
    /// In the order of their ids.
    public private(set) var objects: [HostObject] = []
    private var indices: [SegmentIdentifier: Int] = [:]
    private var indicesByKey: [ObjectKey: Int] = [:]
    /// Objects whose id was another's already.
    private(set) var ambiguousCount = 0

    public init() {}

    public subscript(id: SegmentIdentifier) -> HostObject? { indices[id].map { objects[$0] } }

    /// The object of a file, whatever it is called.
    public subscript(key: ObjectKey) -> HostObject? { indicesByKey[key].map { objects[$0] } }

    /// Joins what was found on kind, device and inode number.
    ///
    /// - Parameter facts: what an object is, asked of those that no folder shows, and of those that seem to be shorter than
    ///   a mapping of them: they may have grown since the folder was read; nil where it will not be told.
    init(_ scan: HostScan, facts: (HostObject) -> FileFacts?) {
        var found = InventoryJoin.objects(of: scan)
        for index in found.indices {
            if let key = found[index].key, scan.local?.isStacked(key.device) == true { found[index].isStacked = true }
            if found[index].wantsFacts { found[index].file = facts(found[index]) ?? found[index].file }
            found[index].settleDeletion()
        }
        found.removeAll { !$0.isSharedMemory }
        // Of two of one id, which was removed and made anew meanwhile, the one that is used is shown.
        found.sort { $0.id == $1.id ? $0.isUsed && !$1.isUsed : $0.id < $1.id }
        indices.reserveCapacity(found.count)
        indicesByKey.reserveCapacity(found.count)
        if found.indices.dropFirst().contains(where: { found[$0].id == found[$0 - 1].id }) {
            for object in found { add(object) }
        } else {
            objects = found
            for index in found.indices { note(index) }
        }
    }

    private mutating func add(_ object: HostObject) {
        guard indices[object.id] == nil else {
            ambiguousCount += 1
            return
        }
        objects.append(object)
        note(objects.count - 1)
    }

    private mutating func note(_ index: Int) {
        indices[objects[index].id] = index
        if let key = objects[index].key { indicesByKey[key] = index }
    }
}

extension HostObject {
    fileprivate var isUsed: Bool { !mappers.isEmpty || !holders.isEmpty }

    /// Whether nothing tells what it is, or what does is older than its mappings.
    fileprivate var wantsFacts: Bool {
        systemV == nil && semaphores == nil && file.map { $0.sizeBytes < mappedBytes } ?? true
    }

    /// A name can end like those of what has none any more: the count of its names decides, where that is known.
    fileprivate mutating func settleDeletion() {
        guard let file, id.kind == .posix || id.kind == .semaphore || id.kind == .file else { return }
        isDeleted = file.linkCount == 0
    }

    /// Devices and the kernel's own rings can be mapped shared too.
    fileprivate var isSharedMemory: Bool {
        guard case .file = id.object else { return true }
        if let file { return file.isRegular }
        return !name.hasPrefix("/dev/") && !name.hasPrefix("/[")
    }
}

/// Joins the parts of a scan.
private struct InventoryJoin {
    private let scan: HostScan
    /// Files of folders first, in the order of their names.
    private var objects: [HostObject] = []
    /// By the file that they are; what is no file by a key of its own.
    private var indices: [Key: Int] = [:]
    private let folderDevices: [DeviceNumber: Int]
    /// Of processes in other mount namespaces than the observer's.
    private let mountNamespaces: [Int32: UInt64]

    enum Key: Hashable {
        case file(ObjectKey)
        case systemV(Int32)
        case semaphores(Int32)
    }

    /// Each object once.
    static func objects(of scan: HostScan) -> [HostObject] {
        var join = InventoryJoin(scan)
        join.addFolders()
        join.addSystemV()
        join.addMapped()
        join.addHeld()
        return join.objects
    }

    private init(_ scan: HostScan) {
        self.scan = scan
        var devices: [DeviceNumber: Int] = [:]
        for (index, folder) in scan.folders.enumerated() where devices[folder.device] == nil {
            devices[folder.device] = index
        }
        folderDevices = devices
        var namespaces: [Int32: UInt64] = [:]
        for (namespace, pids) in scan.mountNamespaces {
            for pid in pids { namespaces[pid] = namespace }
        }
        mountNamespaces = namespaces
    }

    /// - Returns: its index.
    private mutating func add(_ object: HostObject, _ key: Key) -> Int {
        indices[key] = objects.count
        objects.append(object)
        return objects.count - 1
    }

    mutating func addFolders() {
        for (number, folder) in scan.folders.enumerated() where folderDevices[folder.device] == number {
            objects.reserveCapacity(objects.count + folder.inventory.files.elements.count)
            indices.reserveCapacity(indices.count + folder.inventory.files.elements.count)
            for file in folder.inventory.files.elements {
                let key = file.file.key
                // Of several names of one file the first is its id.
                guard indices[.file(key)] == nil else { continue }
                var object = HostObject(id: Self.id(file, folder.namespace), name: Self.name(file), key: key)
                object.file = file.file
                object.neighbour = folder.neighbour
                _ = add(object, .file(key))
            }
        }
    }

    private static func name(_ file: SharedFile) -> ByteString {
        file.isSemaphore ? file.name.dropping(SharedFile.semaphorePrefix) : file.name
    }

    private static func id(_ file: SharedFile, _ namespace: UInt64?) -> SegmentIdentifier {
        SegmentIdentifier(file.isSemaphore ? .semaphore(name(file)) : .posix(file.name), namespace: namespace)
    }

    mutating func addSystemV() {
        for segment in scan.systemV.segments.elements {
            var object = HostObject(id: SegmentIdentifier(.sysv(segment.id)), name: Self.name(key: segment.key))
            object.systemV = segment
            object.isDeleted = segment.isRemoved
            _ = add(object, .systemV(segment.id))
        }
        for set in scan.systemV.semaphoreSets.elements {
            var object = HostObject(id: SegmentIdentifier(.sysvSemaphore(set.id)), name: Self.name(key: set.key))
            object.semaphores = set
            _ = add(object, .semaphores(set.id))
        }
    }

    /// What `ipcs` shows of them: they have no other name.
    private static func name(key: Int32) -> ByteString {
        let digits = String(UInt32(bitPattern: key), radix: 16)
        return ByteString(Array(("0x" + String(repeating: "0", count: 8 - digits.count) + digits).utf8))
    }

    mutating func addMapped() {
        for mapped in scan.uses.mappers.objects.values {
            let key = joinKey(mapped.key)
            let index = indices[key] ?? add(made(mapped), key)
            objects[index].key = mapped.key
            objects[index].mappers = mapped.mappers
        }
    }

    mutating func addHeld() {
        for held in scan.uses.holders.objects.values {
            let key = joinKey(held.key)
            let index = indices[key] ?? add(made(held), key)
            // Newer than a folder's listing.
            if let file = held.file { objects[index].file = file }
            objects[index].holders = held.holders
        }
    }

    private func made(_ mapped: MappedObject) -> HostObject {
        var object = HostObject(
            id: id(mapped.kind, mapped.key, mapped.name, isDeleted: mapped.isDeleted, pids: mapped.mappers.map(\.pid)),
            name: Self.name(mapped.kind, mapped.name), key: mapped.key)
        object.isDeleted = mapped.isDeleted && mapped.kind.canBeDeleted
        // It came after its folder was read: who sees the folder sees it.
        if object.id.namespace != nil { object.neighbour = folderDevices[mapped.key.device].flatMap { scan.folders[$0].neighbour } }
        return object
    }

    private func made(_ held: HeldObject) -> HostObject {
        var object = HostObject(
            id: id(held.kind, held.key, held.name, isDeleted: held.isDeleted, pids: held.holders.map(\.pid)),
            name: Self.name(held.kind, held.name), key: held.key)
        object.isDeleted = held.isDeleted && held.kind.canBeDeleted
        return object
    }

    /// A System V segment of the observer's namespace is known by its number alone.
    private func joinKey(_ key: ObjectKey) -> Key {
        guard key.space == .sysv, key.namespace == 0, let id = Int32(exactly: key.inode) else { return .file(key) }
        return .systemV(id)
    }

    private func id(
        _ kind: ObjectKind, _ key: ObjectKey, _ name: ByteString, isDeleted: Bool, pids: [Int32]
    ) -> SegmentIdentifier {
        let file = SegmentIdentifier(.file(device: key.device, inode: key.inode))
        switch kind {
        case .memfd: return SegmentIdentifier(.memfd(inode: key.inode))
        case .anonymous: return SegmentIdentifier(.anonymous(inode: key.inode))
        case .sysv:
            guard let id = Int32(exactly: key.inode) else { return file }
            return SegmentIdentifier(.sysv(id), namespace: key.namespace == 0 ? nil : key.namespace)
        case .file: return file
        case .posix, .semaphore:
            if isDeleted { return SegmentIdentifier(.deleted(device: key.device, inode: key.inode)) }
            // What is the observer's own is nil, and so is not what is not known.
            guard let namespace = namespace(of: key.device, pids) else { return file }
            return Self.id(name.dropping("/dev/shm/"), kind, namespace)
        }
    }

    private static func id(_ name: ByteString, _ kind: ObjectKind, _ namespace: UInt64?) -> SegmentIdentifier {
        kind == .semaphore
            ? SegmentIdentifier(.semaphore(name.dropping(SharedFile.semaphorePrefix)), namespace: namespace)
            : SegmentIdentifier(.posix(name), namespace: namespace)
    }

    /// The mount namespace in which a name means an object of a device; nil where that is not known.
    private func namespace(of device: DeviceNumber, _ pids: [Int32]) -> UInt64?? {
        if let index = folderDevices[device] { return .some(scan.folders[index].namespace) }
        return pids.compactMap { mountNamespaces[$0] }.min().map { .some($0) } ?? nil
    }

    private static func name(_ kind: ObjectKind, _ name: ByteString) -> ByteString {
        switch kind {
        case .memfd: name.dropping("/memfd:")
        case .posix: name.dropping("/dev/shm/")
        case .semaphore: name.dropping("/dev/shm/").dropping(SharedFile.semaphorePrefix)
        case .sysv: "0x" + name.dropping("/SYSV")
        case .anonymous: name.hasPrefix("[anon_shmem:") ? ByteString(Array(name.bytes.dropFirst(12).dropLast())) : ""
        case .file: name
        }
    }
}

extension ObjectKind {
    /// Whether an object of this kind ever had a name that can be gone.
    fileprivate var canBeDeleted: Bool {
        switch self {
        case .posix, .semaphore, .file: true
        case .sysv, .memfd, .anonymous: false
        }
    }
}

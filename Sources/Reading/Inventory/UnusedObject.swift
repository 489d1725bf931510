import Diagnostics
import Observations

/// An object that nobody maps or has open, told from one that was made anew under its name.
struct UnusedObject: Hashable, Sendable {
    let id: SegmentIdentifier
    let inode: UInt64?
    let createdAt: WallTime?

    init(_ object: HostObject) {
        id = object.id
        inode = object.key?.inode
        createdAt = object.file?.createdAt ?? object.systemV?.changedAt
    }

    /// Those of an inventory, each with when it was first seen to be unused: `before` where that knows it.
    static func all(
        of inventory: Inventory, _ scan: HostScan, since now: WallTime, _ before: [UnusedObject: WallTime]
    ) -> [UnusedObject: WallTime] {
        var found: [UnusedObject: WallTime] = [:]
        for object in inventory.objects where object.isUnused(scan) {
            let key = UnusedObject(object)
            found[key] = before[key] ?? now
        }
        return found
    }
}

extension HostObject {
    /// Whether it is certain that nobody uses it.
    fileprivate func isUnused(_ scan: HostScan) -> Bool {
        if semaphores != nil { return false }
        // The kernel counts attachments of all namespaces.
        if let systemV { return systemV.attachCount == 0 }
        return scan.seesAllMappings && scan.seesAllDescriptors && mappers.isEmpty && holders.isEmpty
    }
}

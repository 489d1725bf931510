import Diagnostics
import Kernel
import Observations

/// An object that nobody maps or has open, told from one that was made anew in its place.
struct UnusedObject: Hashable, Sendable {
    private enum Key: Hashable, Sendable {
        case file(ObjectKey)
        case systemV(Int32)
    }

    private let key: Key
    private let bornAt: WallTime?

    /// - Returns: nil of what is neither a file nor a System V segment.
    init?(_ object: HostObject) {
        if let segment = object.systemV {
            self.init(.systemV(segment.id), bornAt: segment.changedAt)
        } else if let key = object.key {
            self.init(.file(key), bornAt: object.file?.createdAt)
        } else {
            return nil
        }
    }

    private init(_ key: Key, bornAt: WallTime?) {
        self.key = key
        self.bornAt = bornAt
    }

    /// Whether one look is enough: the kernel counts attachments of System V segments itself, those of all namespaces.
    var isCounted: Bool {
        if case .systemV = key { true } else { false }
    }

    /// Of a file, what names it.
    var fileKey: ObjectKey? {
        if case .file(let key) = key { key } else { nil }
    }

    /// Those of an inventory, each with when it was first seen to be unused: `before` where that knows it.
    static func all(
        of inventory: Inventory, _ scan: HostScan, since now: WallTime, _ before: [UnusedObject: WallTime]
    ) -> [UnusedObject: WallTime] {
        var found: [UnusedObject: WallTime] = [:]
        let seesAll = scan.seesAllMappings && scan.seesAllDescriptors
        for object in inventory.objects where object.isUnused(seesAll: seesAll) {
            guard let key = UnusedObject(object) else { continue }
            found[key] = before[key] ?? now
        }
        return found
    }
}

extension HostObject {
    /// Whether it is certain that nobody uses it.
    fileprivate func isUnused(seesAll: Bool) -> Bool {
        if semaphores != nil { return false }
        if let systemV { return systemV.attachCount == 0 }
        return seesAll && mappers.isEmpty && holders.isEmpty
    }
}

import Kernel
import Observations

/// The file systems that answer at once, as far as the mounts of the namespaces tell that processes live in. One on a
/// network, or one that a process serves, may keep whoever opens a file of it, or asks for its facts, waiting for ever:
/// files on those are not asked.
struct LocalFileSystems: Sendable {
    private struct Known: Sendable {
        let mounts: Mounts
        /// CLOCK_MONOTONIC.
        let readAt: Int64
    }

    /// How long the mounts of another namespace are taken to be what they were. There may be hundreds of containers with
    /// hundreds of mounts.
    private static let servesNanoseconds: Int64 = 2_000_000_000
    /// Processes of a namespace that are asked: where one refuses or has ended, others do too.
    private static let neighboursMax = 4

    private struct Mounts: Sendable {
        var devices: Set<DeviceNumber> = []
        /// Where file systems on memory are mounted.
        var places: [DeviceNumber: Set<ByteString>] = [:]

        mutating func add(_ other: Mounts) {
            devices.formUnion(other.devices)
            places.merge(other.places) { $0.union($1) }
        }
    }

    /// By the inode number of the mount namespace.
    private var others: [UInt64: Known] = [:]
    private let all: Mounts

    /// - Parameters:
    ///   - namespaces: the processes of other mount namespaces.
    ///   - before: what an earlier scan knew.
    init(_ proc: ProcFS, _ namespaces: [UInt64: [Int32]] = [:], after before: LocalFileSystems? = nil) {
        var all = Self.mounts(proc, nil) ?? Mounts()
        let now = Clocks.monotonicNanoseconds()
        for (namespace, pids) in namespaces {
            if let known = before?.others[namespace], now - known.readAt < Self.servesNanoseconds {
                others[namespace] = known
            } else if let mounts = pids.prefix(Self.neighboursMax).lazy.compactMap({ Self.mounts(proc, $0) }).first {
                others[namespace] = Known(mounts: mounts, readAt: now)
            }
        }
        for other in others.values { all.add(other.mounts) }
        self.all = all
    }

    private static func mounts(_ proc: ProcFS, _ pid: Int32?) -> Mounts? {
        guard let found = try? proc.mounts(of: pid, where: { types.contains($0.type) }) else { return nil }
        var mounts = Mounts()
        for mount in found.elements {
            mounts.devices.insert(mount.device)
            if mount.type == "tmpfs" { mounts.places[mount.device, default: []].insert(mount.path) }
        }
        return mounts
    }

    /// On memory, on disks of this machine, or on others of these.
    private static let types: Set<ByteString> = [
        "tmpfs", "ramfs", "hugetlbfs", "devtmpfs", "rootfs", "overlay", "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs",
        "zfs", "bcachefs", "jfs", "nilfs2", "squashfs", "erofs", "iso9660", "udf", "vfat", "exfat", "ntfs3",
    ]

    func contains(_ device: DeviceNumber) -> Bool { all.devices.contains(device) }

    /// The folders that a file system on memory is mounted on, in whatever namespace.
    func places(of device: DeviceNumber) -> Set<ByteString> { all.places[device] ?? [] }
}

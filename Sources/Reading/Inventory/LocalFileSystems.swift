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
        /// Those that answer.
        var devices: Set<DeviceNumber> = []
        /// Those that are made of others, by other device numbers than statx(2) tells of their files.
        var stacked: Set<DeviceNumber> = []
        /// All, by their numbers.
        var all: [UInt64: DeviceNumber] = [:]

        mutating func add(_ other: Mounts) {
            devices.formUnion(other.devices)
            stacked.formUnion(other.stacked)
            all.merge(other.all) { first, _ in first }
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
            } else if let mounts = Self.mounts(proc, ofOneOf: pids.prefix(Self.neighboursMax)) {
                others[namespace] = Known(mounts: mounts, readAt: now)
            }
        }
        for other in others.values { all.add(other.mounts) }
        self.all = all
    }

    /// Those of the first process that tells them. Each is asked once: by the next question it may have ended.
    private static func mounts(_ proc: ProcFS, ofOneOf pids: ArraySlice<Int32>) -> Mounts? {
        for pid in pids { if let mounts = mounts(proc, pid) { return mounts } }
        return nil
    }

    /// - Parameter pid: nil for this process's own.
    private static func mounts(_ proc: ProcFS, _ pid: Int32?) -> Mounts? {
        guard let found = try? proc.mounts(of: pid) else { return nil }
        // Who mounts in a user namespace of their own may put one file system over another that answers when they please.
        let isTrusted = pid.map { isOfOwnUsers(proc, $0) } ?? true
        var mounts = Mounts()
        for mount in found.elements {
            mounts.all[mount.id] = mount.device
            if types.contains(mount.type), isTrusted || mount.type == "tmpfs" { mounts.devices.insert(mount.device) }
            if stackedTypes.contains(mount.type) { mounts.stacked.insert(mount.device) }
        }
        return mounts
    }

    private static func isOfOwnUsers(_ proc: ProcFS, _ pid: Int32) -> Bool {
        guard let own = try? proc.host().pidInProc, let mine = try? proc.namespace(.user, of: own) else { return false }
        return (try? proc.namespace(.user, of: pid)) == mine
    }

    /// On memory, on disks of this machine, or on others of these.
    private static let types: Set<ByteString> = [
        "tmpfs", "ramfs", "hugetlbfs", "devtmpfs", "rootfs", "overlay", "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs",
        "zfs", "bcachefs", "jfs", "nilfs2", "squashfs", "erofs", "iso9660", "udf", "vfat", "exfat", "ntfs3",
    ]

    private static let stackedTypes: Set<ByteString> = ["overlay", "btrfs", "bcachefs"]

    func contains(_ device: DeviceNumber) -> Bool { all.devices.contains(device) }

    /// Whether statx(2) may tell another device of its files than maps does.
    func isStacked(_ device: DeviceNumber) -> Bool { all.stacked.contains(device) }

    /// Each mount's device.
    var devicesOfMounts: [UInt64: DeviceNumber] { all.all }
}

import Kernel
import Observations

/// The file systems that answer at once, as far as this process's mounts tell. One on a network, or one that a process
/// serves, may keep whoever opens a file of it, or asks for its facts, waiting for ever: files on those are not asked.
struct LocalFileSystems: Sendable {
    private let devices: Set<DeviceNumber>

    init(_ proc: ProcFS) {
        let mounts = (try? proc.mounts { Self.types.contains($0.type) }) ?? BoundedList()
        devices = Set(mounts.elements.map(\.device))
    }

    /// On memory, on disks of this machine, or on others of these.
    private static let types: Set<ByteString> = [
        "tmpfs", "ramfs", "hugetlbfs", "devtmpfs", "rootfs", "overlay", "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs",
        "zfs", "bcachefs", "jfs", "nilfs2", "squashfs", "erofs", "iso9660", "udf", "vfat", "exfat", "ntfs3",
    ]

    func contains(_ device: DeviceNumber) -> Bool { devices.contains(device) }
}

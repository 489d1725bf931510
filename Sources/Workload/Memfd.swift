import CShmlens
import Glibc
public import SystemPackage

/// The unnamed segment that a supervisor hands to its worker.
public enum Memfd {
    /// A descriptor of the standard input's file, closed on exec, where that is the memfd of this inode number.
    ///
    /// - Returns: nil where the standard input is anything else, or nothing.
    public static func handedOver(inode: UInt64) -> FileDescriptor? {
        let input = FileDescriptor.standardInput.rawValue
        var file = shmlens_file()
        guard unsafe shmlens_statx(input, "", &file) == 0, file.inode == inode else { return nil }
        // Inode numbers are another file system's too. Seals are what only a memfd has, and files like it.
        var seals: Int32 = 0
        guard unsafe shmlens_get_seals(input, &seals) == 0 else { return nil }
        let number = fcntl(input, F_DUPFD_CLOEXEC, 3)
        return number < 0 ? nil : FileDescriptor(rawValue: number)
    }
}

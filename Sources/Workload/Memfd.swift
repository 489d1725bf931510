import CShmlens
import Glibc
import Kernel
import Observations
public import SystemPackage

/// Opening an unnamed segment by its inode number.
public enum Memfd {
    /// Opens a memfd for reading and writing: the standard input where that is it, as a supervisor hands it over, and
    /// else what any process has open of it, through /proc.
    ///
    /// - Returns: nil where it is not there, or no process that may be looked at has it open.
    /// - Throws: ``WorkloadError/system(operation:object:_:)`` where it is there and may not be opened.
    public static func open(inode: UInt64) throws(WorkloadError) -> FileDescriptor? {
        if let descriptor = standardInput(inode: inode) { return descriptor }
        guard let identity = try identity(inode: inode) else { return nil }
        let place: ObjectPlace?
        do throws(KernelError) {
            place = try ProcFS().findMemfd(identity).place
        } catch {
            throw .system(operation: error.operation, object: error.object, error.errno)
        }
        guard case .descriptor(let pid, let number) = place else { return nil }
        let path = FilePath("/proc/\(pid)/fd/\(number)")
        do {
            let descriptor = try FileDescriptor.open(path, .readWrite, options: .closeOnExec)
            // The process may have put another file under the number since.
            guard fileIdentity(descriptor) == identity else {
                try? descriptor.close()
                return nil
            }
            return descriptor
        } catch {
            throw .system(operation: "open", object: path.string, error as? Errno ?? .ioError)
        }
    }

    private static func standardInput(inode: UInt64) -> FileDescriptor? {
        guard fileIdentity(.standardInput)?.inode == inode, isMemfd(.standardInput) else { return nil }
        let number = fcntl(FileDescriptor.standardInput.rawValue, F_DUPFD_CLOEXEC, 3)
        return number < 0 ? nil : FileDescriptor(rawValue: number)
    }

    /// A memfd's inode number is one of a file system of the kernel's own, which has no name: every memfd is on it, so
    /// one that is made and dropped again tells its device.
    private static func identity(inode: UInt64) throws(WorkloadError) -> FileIdentity? {
        var number: Int32 = -1
        let error = unsafe shmlens_memfd_create("shmlens", UInt32(SHMLENS_MFD_CLOEXEC), &number)
        guard error == 0 else {
            throw .system(operation: "memfd_create", object: "memfd:\(inode)", Errno(rawValue: error))
        }
        defer { close(number) }
        return fileIdentity(FileDescriptor(rawValue: number)).map { FileIdentity(device: $0.device, inode: inode) }
    }

    private static func fileIdentity(_ descriptor: FileDescriptor) -> FileIdentity? {
        var file = shmlens_file()
        guard unsafe shmlens_statx(descriptor.rawValue, "", &file) == 0 else { return nil }
        return FileIdentity(
            device: DeviceNumber(major: file.device_major, minor: file.device_minor), inode: file.inode)
    }

    /// Only memfds can have seals, beside files that another program made with the same call.
    private static func isMemfd(_ descriptor: FileDescriptor) -> Bool {
        var seals: Int32 = 0
        return unsafe shmlens_get_seals(descriptor.rawValue, &seals) == 0
    }
}

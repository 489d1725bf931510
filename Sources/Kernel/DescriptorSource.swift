import CShmlens
import Glibc
public import Observations
import SystemPackage

/// An open shared-memory object that bytes are copied out of.
///
/// Reading it through a descriptor leaves it as it was: a hole stays a hole, where a mapping would have it filled,
/// and the time of the last access stays, where the system allows that. The object may be written, cut or deleted
/// meanwhile: a read copies what there is, and is short where the object ends by then.
///
/// May be used from any thread. The descriptor is closed when the last reference to this goes.
public final class DescriptorSource: ByteSource {
    /// The most that one read copies.
    public static let readBytesMax = 268_435_456

    /// What the object was when it was opened.
    public let file: FileFacts
    /// Where it was opened, for messages.
    public let object: String
    /// Whether reading leaves the time of the last access alone, which only the owner and who has CAP_FOWNER may
    /// ask for.
    public let leavesAccessTime: Bool

    let descriptor: Descriptor

    private init(_ descriptor: consuming Descriptor, file: FileFacts, object: String, leavesAccessTime: Bool) {
        self.descriptor = descriptor
        self.file = file
        self.object = object
        self.leavesAccessTime = leavesAccessTime
    }

    /// What it was promised not to become; nil where it is of a kind that has no seals.
    public func seals() -> Seals? { try? Kernel.seals(of: descriptor) }

    public func size() throws(ReadFailure) -> Int { try currentFile().sizeBytes }

    /// What the object is now.
    public func currentFile() throws(ReadFailure) -> FileFacts {
        do throws(Errno) {
            return try fileFacts(.itself, under: descriptor.number)
        } catch {
            throw ReadFailure(operation: "statx", object: object, errorNumber: error.rawValue)
        }
    }

    /// - Parameter count: at most ``readBytesMax``; more is refused with EINVAL rather than cut short, since a
    ///   short answer means that the object ends.
    public func read(at offset: Int, count: Int) throws(ReadFailure) -> [UInt8] {
        guard offset >= 0, count >= 0, count <= Self.readBytesMax, offset <= .max - count else {
            throw ReadFailure(operation: "pread", object: object, errorNumber: EINVAL)
        }
        do throws(Errno) {
            return try readFully(descriptor, at: offset, count: count)
        } catch {
            throw ReadFailure(operation: "pread", object: object, errorNumber: error.rawValue)
        }
    }
}

extension DescriptorSource {
    /// Opens an object to be read.
    ///
    /// Only a regular file is ever opened: what stands at `place` is looked at first, without opening it, and what
    /// was looked at is what is then opened, whatever is put in its place meanwhile. That goes through
    /// `/proc/self/fd`, so `/proc` has to be mounted.
    ///
    /// - Parameters:
    ///   - place: where to find it.
    ///   - proc: where processes are looked up.
    ///   - folder: where names are looked up.
    ///   - expected: what the object must be, as a listing had it; nil takes what is there.
    ///   - isStacked: as ``ObjectPlace/mayLead(to:_:isStacked:)`` has it.
    /// - Throws: ``KernelError``: ESTALE where it is another object than expected, EINVAL where it is not a regular
    ///   file or the name is none, else what the system says.
    public static func open(
        _ place: ObjectPlace, in proc: ProcFS = ProcFS(), _ folder: SharedFolder = SharedFolder(),
        expecting expected: FileIdentity? = nil, isStacked: Bool = false
    ) throws(KernelError) -> DescriptorSource {
        let name = place.path(in: proc, folder).text
        do throws(Errno) {
            let handle = try place.handle(in: proc, folder)
            let file = try fileFacts(.itself, under: handle.number)
            guard file.mode & S_IFMT == S_IFREG else { throw Errno.invalidArgument }
            if let expected, !place.mayLead(to: expected, file, isStacked: isStacked) { throw Errno.staleNFSFileHandle }
            return try reopen(handle, file: file, object: name)
        } catch {
            throw KernelError(operation: "open", object: name, errno: error, needs: place.needs)
        }
    }

    /// Opens a System V segment that nobody has attached, by attaching it, read-only and for a moment: there is no other
    /// way to it. That moves its times of attachment and detachment and its last process, and nothing else; no page is
    /// touched.
    ///
    /// - Parameter proc: where this process sees its own mappings.
    /// - Throws: ``KernelError``: what shmat(2) says, or that its mapping may not be opened.
    public static func attaching(_ id: Int32, in proc: ProcFS = ProcFS()) throws(KernelError) -> DescriptorSource {
        let name = "System V segment \(id)"
        // There, the segment would be gone with the detachment (ipc/shm.c, shm_may_destroy).
        guard !proc.removesUnattached() else {
            throw KernelError(
                operation: "shmat", object: name, errno: .notPermitted,
                needs: "kernel.shm_rmid_forced to be 0: a segment goes with its last attachment")
        }
        // What would be refused afterwards is tried first on memory of this process's own, which leaves no trace.
        try tryOwnMapping(in: proc)
        let failed = unsafe UnsafeMutableRawPointer(bitPattern: -1)
        guard let address = unsafe shmat(id, nil, Int32(SHM_RDONLY)), unsafe address != failed else {
            throw KernelError(operation: "shmat", object: name, errno: Errno(rawValue: errno), needs: "CAP_IPC_OWNER")
        }
        defer { _ = unsafe shmdt(address) }
        return try unsafe ownMapping(at: address, in: proc)
    }

    private static func tryOwnMapping(in proc: ProcFS) throws(KernelError) {
        let length = sysconf(Int32(_SC_PAGESIZE))
        let address = unsafe mmap(nil, length, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
        guard let base = unsafe address, unsafe base != MAP_FAILED else {
            throw KernelError(operation: "mmap", object: "a page", errno: Errno(rawValue: errno))
        }
        defer { _ = unsafe munmap(base, length) }
        _ = try unsafe ownMapping(at: base, in: proc)
    }

    /// Opens what this process has mapped at an address.
    private static func ownMapping(at address: UnsafeMutableRawPointer, in proc: ProcFS) throws(KernelError) -> DescriptorSource {
        let start = UInt64(UInt(bitPattern: address))
        let own = try proc.host().pidInProc
        guard let range = try proc.mappings(of: own, sharedOnly: true)?.elements.first(where: { $0.range.start == start })?.range
        else { throw KernelError(operation: "open", object: "a mapping of this process", errno: .noSuchFileOrDirectory) }
        return try open(.mapping(pid: own, start: range.start, end: range.end), in: proc)
    }

    /// Opens for reading what `handle` only points at.
    private static func reopen(
        _ handle: borrowing Descriptor, file: FileFacts, object: String
    ) throws(Errno) -> DescriptorSource {
        let path = SystemPath("/proc/self/fd").appending(handle.number)
        do throws(Errno) {
            let descriptor = try openDescriptor(path, OpenFlags.file | Int32(SHMLENS_O_NOATIME))
            return DescriptorSource(descriptor, file: file, object: object, leavesAccessTime: true)
        } catch {
            guard error == .notPermitted else { throw error }
        }
        let descriptor = try openDescriptor(path, OpenFlags.file)
        return DescriptorSource(descriptor, file: file, object: object, leavesAccessTime: false)
    }
}

import CShmlens
import Glibc

/// An open object of shared memory of this test's own.
public final class SharedObject {
    public let descriptor: Int32
    /// Below `/dev/shm`; nil of a memfd.
    public let name: String?
    private var mappings: [(address: UInt, count: Int)] = []

    /// A POSIX object, removed when this goes.
    public init(named name: String, bytes: Int) {
        descriptor = unsafe shm_open("/" + name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        precondition(descriptor >= 0, "shm_open \(name)")
        self.name = name
        resize(bytes)
    }

    /// A memfd.
    public init(memfd name: String, bytes: Int) {
        var number: Int32 = -1
        let flags = UInt32(SHMLENS_MFD_CLOEXEC | SHMLENS_MFD_ALLOW_SEALING)
        precondition(unsafe shmlens_memfd_create(name, flags, &number) == 0, "memfd_create")
        descriptor = number
        self.name = nil
        resize(bytes)
    }

    deinit {
        for (address, count) in mappings { unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), count) }
        close(descriptor)
        if let name { unsafe shm_unlink("/" + name) }
    }

    public func resize(_ bytes: Int) {
        precondition(ftruncate(descriptor, bytes) == 0, "ftruncate")
    }

    public func write(_ bytes: [UInt8], at offset: Int) {
        precondition(unsafe pwrite(descriptor, bytes, bytes.count, offset) == bytes.count, "pwrite")
    }

    /// Maps its first bytes, shared, until this goes; answers the address.
    @discardableResult
    public func map(_ count: Int, writable: Bool = true) -> UInt {
        let protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
        let address = unsafe mmap(nil, count, protection, MAP_SHARED, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { preconditionFailure("mmap") }
        let mapping = (address: UInt(bitPattern: address), count: count)
        mappings.append(mapping)
        return mapping.address
    }
}

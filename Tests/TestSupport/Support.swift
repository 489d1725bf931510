import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Names for shared-memory objects that no other test and no other run uses.
public enum Unique {
    private static let counter = Atomic<Int>(0)

    /// A name made of the test's, the process' number and a count.
    public static func name(_ stem: String = "test") -> String {
        "shmlens-\(stem)-\(getpid())-\(counter.wrappingAdd(1, ordering: .relaxed).newValue)"
    }
}

/// A seeded source of random numbers (SplitMix64), so that a failure can be run again.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// Whether a sanitizer stands between the tests and the C library: AddressSanitizer and ThreadSanitizer answer mlock(2)
/// and munlock(2) themselves, without locking anything.
public let replacesLockingOfMemory = unsafe getenv("SHMLENS_SANITIZER") != nil

/// Whether ThreadSanitizer watches. It stores atomically inside of a lock of its own, so that a handler of a fault in such a
/// store waits for ever.
public let hasThreadSanitizer = unsafe getenv("SHMLENS_SANITIZER").map { unsafe String(cString: $0) } == "thread"

/// Removes a shared-memory object's name, whatever it is.
public func removeObject(_ name: String) {
    _ = unsafe unlink("/dev/shm/\(name)")
}

/// Makes an object in /dev/shm that is not a segment.
public func makeObject(_ name: String, bytes: [UInt8]) {
    let descriptor = unsafe open("/dev/shm/\(name)", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0, "the name is unique")
    let written = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
    precondition(written == bytes.count, "there is room for a few bytes")
    close(descriptor)
}

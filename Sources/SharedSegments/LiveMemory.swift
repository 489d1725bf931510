import Synchronization

/// The mapped bytes of a segment, as 64-bit words that other processes may change at any moment.
///
/// This is the only place where mapped memory is touched word by word. Every access is one atomic load or store of
/// an aligned word, so a value is read exactly once and never torn; every offset is held against the mapping's size
/// first, and a wrong one traps: callers check what comes out of the segment before they use it as an offset.
///
/// Stores release. A process may be killed between any two instructions, and what it has stored by then stays in
/// the page cache: recovery relies on the stores of one thread having happened in program order. A releasing store
/// keeps the compiler from moving earlier stores behind it (on x86-64 it is a plain move), and gives observers on
/// other processors the same order where the processor itself does not.
///
/// Safe to use from any thread. Whoever made the mapping must keep it for as long as this value is used.
@safe
struct LiveMemory: @unchecked Sendable {
    // Unchecked because of the pointer: the memory is shared between processes by its nature, and every access
    // through it is atomic.
    let base: UnsafeMutableRawPointer
    let count: Int

    init(base: UnsafeMutableRawPointer, count: Int) {
        unsafe self.base = unsafe base
        self.count = count
    }

    @inline(__always)
    private func word(_ offset: Int) -> UnsafePointer<Atomic<UInt64>> {
        precondition(offset & 7 == 0 && offset >= 0 && offset <= count &- 8, "an offset outside the mapping")
        return unsafe UnsafePointer((base + offset).assumingMemoryBound(to: Atomic<UInt64>.self))
    }

    @inline(__always)
    func load(_ offset: Int) -> UInt64 {
        unsafe word(offset).pointee.load(ordering: .relaxed)
    }

    @inline(__always)
    func loadAcquiring(_ offset: Int) -> UInt64 {
        unsafe word(offset).pointee.load(ordering: .acquiring)
    }

    @inline(__always)
    func store(_ offset: Int, _ value: UInt64) {
        unsafe word(offset).pointee.store(value, ordering: .releasing)
    }

    /// The 32-bit half of a word: `offset` is a multiple of 4.
    @inline(__always)
    func loadHalf(_ offset: Int) -> UInt32 {
        UInt32(truncatingIfNeeded: load(offset & ~7) >> UInt64((offset & 4) * 8))
    }

    /// Adds to a word that only the calling thread writes. Not atomic as a whole.
    @inline(__always)
    func increment(_ offset: Int, by amount: UInt64 = 1) {
        store(offset, load(offset) &+ amount)
    }

    /// Copies bytes out. Bytes that another process writes meanwhile may be old, new or mixed.
    func copyOut(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range outside the mapping")
        return unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
            unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(
                from: UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
            initialized = range.count
        }
    }

    /// Copies bytes in, without any order among them.
    func copyIn(_ bytes: RawSpan, at offset: Int) {
        precondition(offset >= 0 && offset <= count - bytes.byteCount, "a range outside the mapping")
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(start: base + offset, count: source.count).copyMemory(from: source)
        }
    }

    /// Copies within the mapping; the ranges may overlap.
    func move(from source: Int, to target: Int, count length: Int) {
        precondition(
            source >= 0 && target >= 0 && length >= 0 && source <= count - length && target <= count - length,
            "a range outside the mapping")
        unsafe (base + target).copyMemory(from: base + source, byteCount: length)
    }
}

import CShmlens
import Glibc
import Observations
package import SystemPackage

/// How often a call is begun again that a signal interrupted, before EINTR is what the caller gets: a signal that
/// comes faster than the call can finish must not hold a thread for ever.
package let interruptionsMax = 1_000

/// The room's one loop around interrupted calls.
package func retryingInterrupted<Value>(_ call: () throws(Errno) -> Value) throws(Errno) -> Value {
    for _ in 0..<interruptionsMax {
        do throws(Errno) {
            return try call()
        } catch {
            guard error == .interrupted else { throw error }
        }
    }
    throw .interrupted
}

/// A call that returns its error number, 0 where it succeeded.
@inline(__always)
private func checked(_ errorNumber: Int32) throws(Errno) {
    guard errorNumber == 0 else { throw Errno(rawValue: errorNumber) }
}

/// A call that returns -1 and sets errno.
@inline(__always)
private func counted(_ result: Int) throws(Errno) -> Int {
    guard result >= 0 else { throw Errno(rawValue: errno) }
    return result
}

/// An open descriptor, closed once, when its owner goes.
struct Descriptor: ~Copyable, Sendable {
    let number: Int32

    /// - Parameter number: an open descriptor that nobody else closes.
    init(owning number: Int32) { self.number = number }

    /// Linux frees the number even where close(2) reports an error, so it is never called again; and what was
    /// only read has nothing left to report.
    deinit { _ = Glibc.close(number) }
}

/// open(2), always with O_CLOEXEC.
func openDescriptor(
    _ path: SystemPath, _ flags: Int32, under directory: Int32 = Int32(SHMLENS_AT_FDCWD)
) throws(Errno) -> Descriptor {
    var number: Int32 = -1
    try retryingInterrupted { () throws(Errno) in
        try unsafe checked(shmlens_openat(directory, path.terminated, flags | O_CLOEXEC, 0, &number))
    }
    return Descriptor(owning: number)
}

/// read(2) into `buffer` from `start` on; 0 at the end of the file.
func read(_ descriptor: borrowing Descriptor, into buffer: inout [UInt8], from start: Int) throws(Errno) -> Int {
    precondition(start >= 0 && start <= buffer.count, "reads stay inside their buffer")
    let number = descriptor.number
    return try retryingInterrupted { () throws(Errno) in
        try unsafe counted(
            buffer.withUnsafeMutableBytes { bytes in
                unsafe Glibc.read(number, bytes.baseAddress.map { unsafe $0 + start }, bytes.count - start)
            })
    }
}

/// What one read(2) gives, at most `bytesMax` bytes.
func readOnce(_ descriptor: borrowing Descriptor, bytesMax: Int) throws(Errno) -> [UInt8] {
    let number = descriptor.number
    var failure: Errno?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, filled in
        do throws(Errno) {
            filled = try retryingInterrupted { () throws(Errno) in
                try unsafe counted(Glibc.read(number, buffer.baseAddress, bytesMax))
            }
        } catch {
            filled = 0
            failure = error
        }
    }
    if let failure { throw failure }
    return bytes
}

/// pread(2) of as many bytes as the file has from `offset` on, at most `count`.
func readFully(_ descriptor: borrowing Descriptor, at offset: Int, count: Int) throws(Errno) -> [UInt8] {
    let number = descriptor.number
    var failure: Errno?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        do throws(Errno) {
            filled = try fill(count) { (done) throws(Errno) in
                guard let base = buffer.baseAddress else { return 0 }
                return try unsafe counted(Glibc.pread(number, base + done, count - done, off_t(offset + done)))
            }
        } catch {
            filled = 0
            failure = error
        }
    }
    if let failure { throw failure }
    return bytes
}

/// Calls `step` with the bytes there are so far until it has `count` of them or gets none: a call may return
/// fewer than asked for long before the end, and then the rest is asked for again.
package func fill(_ count: Int, by step: (Int) throws(Errno) -> Int) throws(Errno) -> Int {
    var done = 0
    while done < count {
        let got = try retryingInterrupted { () throws(Errno) in try step(done) }
        guard got > 0 else { break }
        done += got
    }
    return done
}

/// readlink(2), at most `bytesMax` bytes of the target.
func readLink(_ path: SystemPath, bytesMax: Int = 4_096) throws(Errno) -> [UInt8] {
    var failure: Errno?
    let target = unsafe [UInt8](unsafeUninitializedCapacity: bytesMax) { buffer, filled in
        do throws(Errno) {
            filled = try retryingInterrupted { () throws(Errno) in
                guard let base = buffer.baseAddress else { return 0 }
                return try unsafe base.withMemoryRebound(to: CChar.self, capacity: bytesMax) { target throws(Errno) in
                    try unsafe counted(Glibc.readlink(path.terminated, target, bytesMax))
                }
            }
        } catch {
            filled = 0
            failure = error
        }
    }
    if let failure { throw failure }
    return target
}

/// readlinkat(2) into `buffer`; how many bytes the target has, the buffer's at most.
func readLink(_ path: SystemPath, under directory: Int32, into buffer: inout [UInt8]) throws(Errno) -> Int {
    try retryingInterrupted { () throws(Errno) in
        try unsafe counted(
            buffer.withUnsafeMutableBytes { bytes in
                unsafe Glibc.readlinkat(
                    directory, path.terminated, bytes.assumingMemoryBound(to: CChar.self).baseAddress!, bytes.count)
            })
    }
}

/// The ioctl PROCMAP_QUERY, for a shared mapping; its name, without a zero, goes to `name` where there is one.
func nextSharedMap(
    _ maps: Int32, _ address: UInt64, _ map: inout shmlens_map, _ name: inout [CChar], capacity: Int
) throws(Errno) {
    precondition(capacity <= name.count, "a name stays inside its buffer")
    try retryingInterrupted { () throws(Errno) in
        try unsafe checked(
            name.withUnsafeMutableBufferPointer { bytes in
                unsafe shmlens_next_shared_map(maps, address, &map, bytes.baseAddress, UInt32(capacity))
            })
    }
}

/// The ioctl PAGEMAP_SCAN, for pages that are of some categories.
func pageRegions(
    _ pagemap: Int32, _ addresses: Range<UInt64>, _ categories: Int, _ regions: inout [shmlens_region], _ count: inout Int,
    _ next: inout UInt64
) throws(Errno) {
    try retryingInterrupted { () throws(Errno) in
        try unsafe checked(
            regions.withUnsafeMutableBufferPointer { buffer in
                unsafe shmlens_page_regions(
                    pagemap, addresses.lowerBound, addresses.upperBound, UInt64(categories), buffer.baseAddress, buffer.count,
                    &count, &next)
            })
    }
    precondition(count <= regions.count, "the kernel keeps to the room it is given")
}

/// move_pages(2) that moves none: the memory node of each page, negative where it has none.
func pageNodes(of pid: Int32, _ addresses: [UInt64]) throws(Errno) -> [Int32] {
    var nodes = [Int32](repeating: -ENOENT, count: addresses.count)
    try retryingInterrupted { () throws(Errno) in
        try unsafe checked(
            nodes.withUnsafeMutableBufferPointer { nodes in
                unsafe shmlens_page_nodes(pid, addresses, addresses.count, nodes.baseAddress)
            })
    }
    return nodes
}

/// What a call is named in which a thread may sleep, and whether its first argument is a descriptor; nil of any other.
func nameOfCall(_ number: Int) -> (name: String, takesDescriptor: Bool)? {
    var takesDescriptor: Int32 = 0
    guard let name = unsafe shmlens_call_name(Int64(number), &takesDescriptor) else { return nil }
    return unsafe (String(cString: name), takesDescriptor == 1)
}

/// get_robust_list(2): where a thread's list begins; 0 where it has none.
func robustListHead(of tid: Int32) throws(Errno) -> UInt64 {
    var head: UInt64 = 0
    try unsafe checked(shmlens_robust_list(tid, &head))
    return head
}

/// semctl(2), of one semaphore.
func semaphoreNow(_ set: Int32, _ index: Int32) throws(Errno) -> shmlens_semaphore {
    var semaphore = shmlens_semaphore()
    try unsafe checked(shmlens_semaphore_now(set, index, &semaphore))
    return semaphore
}

/// process_vm_readv(2), of `count` bytes at most.
func readMemory(of pid: Int32, at address: UInt64, count: Int) throws(Errno) -> [UInt8] {
    var failure: Errno?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        do throws(Errno) {
            try unsafe checked(shmlens_read_memory(pid, address, buffer.baseAddress, count, &filled))
        } catch {
            filled = 0
            failure = error
        }
    }
    if let failure { throw failure }
    return bytes
}

/// Whether a file is of hugetlbfs, all of whose pages are huge; fstatfs(2).
func isOfHugePages(_ descriptor: borrowing Descriptor) throws(Errno) -> Bool {
    var answer: Int32 = 0
    let number = descriptor.number
    try retryingInterrupted { () throws(Errno) in try unsafe checked(shmlens_is_of_huge_pages(number, &answer)) }
    return answer == 1
}

/// openat2(2), as far as the kernel has the path in memory; as far as it goes on kernels that cannot be asked like this.
func openCached(_ path: SystemPath, _ flags: Int32) throws(Errno) -> Descriptor {
    var number: Int32 = -1
    do throws(Errno) {
        try retryingInterrupted { () throws(Errno) in
            try unsafe checked(shmlens_open_cached(path.terminated, flags | O_CLOEXEC, &number))
        }
    } catch {
        guard error == .noFunction || error == .invalidArgument else { throw error }
        return try openDescriptor(path, flags)
    }
    return Descriptor(owning: number)
}

/// openat2(2), as a process does whose root is `root`.
func openDescriptor(_ path: SystemPath, _ flags: Int32, inRoot root: Int32) throws(Errno) -> Descriptor {
    var number: Int32 = -1
    try retryingInterrupted { () throws(Errno) in
        try unsafe checked(shmlens_open_in_root(root, path.terminated, flags | O_CLOEXEC, &number))
    }
    return Descriptor(owning: number)
}

/// Whether statx(2) goes through a last symbolic link.
enum LinkRule {
    case follow, stay
}

/// statx(2).
func fileFacts(
    _ path: SystemPath, under directory: Int32 = Int32(SHMLENS_AT_FDCWD), links: LinkRule = .stay
) throws(Errno) -> FileFacts {
    var file = shmlens_file()
    try retryingInterrupted { () throws(Errno) in
        switch links {
        case .follow: try unsafe checked(shmlens_statx_following(directory, path.terminated, &file))
        case .stay: try unsafe checked(shmlens_statx(directory, path.terminated, &file))
        }
    }
    return FileFacts(
        device: DeviceNumber(major: file.device_major, minor: file.device_minor),
        inode: file.inode,
        sizeBytes: Int(clamping: file.size),
        allocatedBytes: Int(clamping: file.allocated),
        mode: file.mode,
        uid: file.uid,
        gid: file.gid,
        linkCount: file.link_count,
        modifiedAt: WallTime(nanoseconds: file.modification),
        changedAt: WallTime(nanoseconds: file.change),
        createdAt: file.has_birth == 1 ? WallTime(nanoseconds: file.birth) : nil)
}

/// getdents64(2) into `buffer`, from its first byte on; 0 at the end of the folder.
func readEntries(_ directory: borrowing Descriptor, into buffer: inout [UInt8]) throws(Errno) -> Int {
    let number = directory.number
    var count = 0
    try retryingInterrupted { () throws(Errno) in
        try unsafe checked(
            buffer.withUnsafeMutableBytes { bytes in
                unsafe shmlens_getdents(number, bytes.baseAddress, bytes.count, &count)
            })
    }
    return count
}

/// statvfs(3). Any number that the file system gives is taken; what does not fit is the largest that does.
func fileSystemUsage(at path: SystemPath) throws(Errno) -> FileSystemUsage {
    var found = statvfs()
    _ = try retryingInterrupted { () throws(Errno) in
        try unsafe counted(Int(statvfs(path.terminated, &found)))
    }
    func bytes(_ blocks: fsblkcnt_t) -> Int {
        let (product, overflow) = UInt64(blocks).multipliedReportingOverflow(by: UInt64(found.f_frsize))
        return overflow ? .max : Int(clamping: product)
    }
    return FileSystemUsage(
        sizeBytes: bytes(found.f_blocks),
        usedBytes: bytes(found.f_blocks >= found.f_bfree ? found.f_blocks - found.f_bfree : 0),
        availableBytes: bytes(found.f_bavail))
}

/// Whether a process or thread of this number exists in the caller's pid namespace, whoever owns it; kill(2) with
/// signal 0 sends nothing.
@Sendable
func answersToSignal(_ id: Int32) -> Bool {
    guard id > 0 else { return false }
    return kill(id, 0) == 0 || errno != ESRCH
}

/// A clock's time in nanoseconds. The clocks of ``Clocks`` are there on every kernel since 2.6.39, so that a
/// failure is a mistake here.
func nanoseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    precondition(unsafe clock_gettime(clock, &time) == 0, "clock_gettime knows the clock")
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// How far apart two different times of a clock are at least, in nanoseconds.
func resolutionNanoseconds(of clock: clockid_t) -> Int64 {
    var step = timespec()
    precondition(unsafe clock_getres(clock, &step) == 0, "clock_getres knows the clock")
    return Int64(step.tv_sec) * 1_000_000_000 + Int64(step.tv_nsec)
}

/// The C library's version, where it is glibc.
func glibcVersion() -> String? {
    guard let version = unsafe shmlens_glibc_version() else { return nil }
    return unsafe String(cString: version)
}

/// lseek(2): where data or a hole begins, from an offset on. The descriptor's own position means nothing here.
func position(in descriptor: borrowing Descriptor, from offset: Int, _ kind: Int32) throws(Errno) -> Int {
    let number = descriptor.number
    return try retryingInterrupted { () throws(Errno) in try counted(Int(lseek(number, off_t(offset), kind))) }
}

/// fcntl(2) F_GET_SEALS.
func seals(of descriptor: borrowing Descriptor) throws(Errno) -> Seals {
    var found: Int32 = 0
    let number = descriptor.number
    try retryingInterrupted { () throws(Errno) in try unsafe checked(shmlens_get_seals(number, &found)) }
    return Seals(rawValue: found)
}

/// cachestat: how many pages of a file are in memory.
func cachedPages(of descriptor: borrowing Descriptor) throws(Errno) -> Int {
    var pages: UInt64 = 0
    let number = descriptor.number
    try retryingInterrupted { () throws(Errno) in try unsafe checked(shmlens_cached_pages(number, &pages)) }
    return Int(clamping: pages)
}

/// mincore(2) of a range of a file: a byte for each page, bit 0 set where it is in memory. The range is mapped without
/// any access, so that no page is touched, and unmapped again. Nothing is set aside for it: a mapping of huge pages would
/// take them from others, and keep them.
func residency(of descriptor: borrowing Descriptor, _ range: Range<Int>, page: Int) throws(Errno) -> [UInt8] {
    let address = unsafe mmap(
        nil, range.count, PROT_NONE, MAP_SHARED | MAP_NORESERVE, descriptor.number, off_t(range.lowerBound))
    guard let base = unsafe address, unsafe base != MAP_FAILED else { throw Errno(rawValue: errno) }
    defer { _ = unsafe munmap(base, range.count) }
    var found = [UInt8](repeating: 0, count: (range.count + page - 1) / page)
    try unsafe checked(found.withUnsafeMutableBytes { bytes in
        unsafe shmlens_mincore(base, range.count, bytes.bindMemory(to: UInt8.self).baseAddress)
    })
    return found
}

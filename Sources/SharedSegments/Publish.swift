import CShmlens
import Glibc
import SegmentFormat
import SystemPackage

/// Making a segment whole before anyone can see it.
enum Publisher {
    /// Makes an unnamed object in the folder of shared memory, fills it, gives it its mode and then its name, and opens
    /// it by that.
    ///
    /// - Throws: ``SegmentError/exists(name:)`` where the name is taken; whatever fails, nothing is left behind.
    static func publish(
        name: String, options: SegmentOptions, maker: ProcessIdentity, folder: FilePath
    ) throws(SegmentError) -> Segment {
        let layout = try options.layout()
        let descriptor = try system("open", folder.string) { () throws(Errno) in
            try open(folder.string, flags: Int32(SHMLENS_O_TMPFILE) | O_RDWR | O_CLOEXEC)
        }
        defer { try? descriptor.close() }
        try requireSpace(layout.poolBytes, in: descriptor, folder: folder)
        try fill(descriptor, layout: layout, name: name, maker: maker)
        // The maker opens it once more by its name, which a mode may deny even its owner: such a mode comes last.
        try setMode(options.mode | 0o600, of: descriptor, name: name)
        let inode = try inode(of: descriptor, name: name)
        try link(descriptor, name: name, folder: folder)
        do throws(SegmentError) {
            let segment = try Segment.open(name: name, folder: folder)
            // Somebody may have removed it already, and made another of that name.
            guard segment.inode == UInt64(inode) else { throw .notFound(name: name) }
            if options.mode & 0o600 != 0o600 { try setMode(options.mode, of: descriptor, name: name) }
            return segment
        } catch {
            withdraw(name, inode: inode, folder: folder)
            throw error
        }
    }

    private static func setMode(_ mode: UInt32, of descriptor: FileDescriptor, name: String) throws(SegmentError) {
        guard fchmod(descriptor.rawValue, mode_t(mode)) == 0 else {
            throw .system(operation: "fchmod", object: name, Errno(rawValue: errno))
        }
    }

    private static func inode(of descriptor: FileDescriptor, name: String) throws(SegmentError) -> ino_t {
        var status = stat()
        guard unsafe fstat(descriptor.rawValue, &status) == 0 else {
            throw .system(operation: "fstat", object: name, Errno(rawValue: errno))
        }
        return status.st_ino
    }

    /// Takes a name back where it still names what was made.
    private static func withdraw(_ name: String, inode: ino_t, folder: FilePath) {
        var status = stat()
        let path = folder.appending(name).string
        guard unsafe lstat(path, &status) == 0, status.st_ino == inode else { return }
        _ = unsafe unlink(path)
    }

    /// Makes a segment that has no name: a memfd that cannot be cut short.
    static func publishUnnamed(
        label: String, options: SegmentOptions, maker: ProcessIdentity
    ) throws(SegmentError) -> FileDescriptor {
        let layout = try options.layout()
        var raw: Int32 = -1
        let flags = UInt32(SHMLENS_MFD_CLOEXEC | SHMLENS_MFD_ALLOW_SEALING)
        let error = unsafe shmlens_memfd_create(label, flags, &raw)
        guard error == 0 else { throw .system(operation: "memfd_create", object: label, Errno(rawValue: error)) }
        let descriptor = FileDescriptor(rawValue: raw)
        do throws(SegmentError) {
            try fill(descriptor, layout: layout, name: label, maker: maker)
            guard fchmod(raw, mode_t(options.mode)) == 0 else {
                throw .system(operation: "fchmod", object: label, Errno(rawValue: errno))
            }
            let sealed = shmlens_add_seals(raw, Int32(SHMLENS_SEAL_SHRINK | SHMLENS_SEAL_SEAL))
            guard sealed == 0 else { throw .system(operation: "F_ADD_SEALS", object: label, Errno(rawValue: sealed)) }
        } catch {
            try? descriptor.close()
            throw error
        }
        return descriptor
    }

    private static func open(_ path: String, flags: Int32) throws(Errno) -> FileDescriptor {
        var raw: Int32 = -1
        let error = unsafe shmlens_openat(Int32(SHMLENS_AT_FDCWD), path, flags, 0o600, &raw)
        guard error == 0 else { throw Errno(rawValue: error) }
        return FileDescriptor(rawValue: raw)
    }

    private static func link(_ descriptor: FileDescriptor, name: String, folder: FilePath) throws(SegmentError) {
        let directory = try system("open", folder.string) { () throws(Errno) in
            try open(folder.string, flags: O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        defer { try? directory.close() }
        let error = unsafe shmlens_link_descriptor(descriptor.rawValue, directory.rawValue, name)
        guard error != EEXIST else { throw .exists(name: name) }
        guard error == 0 else { throw .system(operation: "linkat", object: name, Errno(rawValue: error)) }
    }

    /// Refuses a pool that the tmpfs could not back any more.
    private static func requireSpace(
        _ bytes: Int, in descriptor: FileDescriptor, folder: FilePath
    ) throws(SegmentError) {
        var status = statvfs()
        guard unsafe fstatvfs(descriptor.rawValue, &status) == 0 else {
            throw .system(operation: "fstatvfs", object: folder.string, Errno(rawValue: errno))
        }
        // A tmpfs without a limit reports no blocks at all.
        guard status.f_blocks > 0 else { return }
        let (available, overflow) = Int(clamping: status.f_bavail).multipliedReportingOverflow(by: Int(status.f_frsize))
        guard overflow || bytes <= available else { throw .noSpace(wantedBytes: bytes, availableBytes: available) }
    }

    /// Gives an object its size and writes everything that a segment begins with.
    private static func fill(
        _ descriptor: FileDescriptor, layout: SegmentLayout, name: String, maker: ProcessIdentity
    ) throws(SegmentError) {
        guard ftruncate(descriptor.rawValue, layout.totalBytes) == 0 else {
            throw .system(operation: "ftruncate", object: name, Errno(rawValue: errno))
        }
        try reserve(descriptor, layout: layout, name: name)
        let duplicate = try system("dup", name) { () throws(Errno) in
            do { return try descriptor.duplicate() } catch { throw error as? Errno ?? .badFileDescriptor }
        }
        let mapping = try Mapping(descriptor: duplicate, count: layout.totalBytes, name: name)
        let core = SegmentCore(memory: mapping.memory, layout: layout)
        try writeHeader(core, name: name, maker: maker)
        try initializeLock(mapping.memory, name: name)
        try core.initializeHeap()
    }

    /// Has the tmpfs back the pages that are written now: where it is full, a store into one of them would end the
    /// process with SIGBUS.
    private static func reserve(
        _ descriptor: FileDescriptor, layout: SegmentLayout, name: String
    ) throws(SegmentError) {
        let firstSlotEnd = layout.participantsOffset + shmlens_participant_bytes
        let sequencesEnd = layout.sequencesOffset + (layout.firstBlockSequence + 1) * 8
        var ranges = [0..<firstSlotEnd, layout.indexOffset..<sequencesEnd]
        for offset in layout.startsOffsets + [layout.mapOffset] { ranges.append(offset..<offset + 8) }
        ranges.append(layout.blocksOffset..<layout.blocksOffset + shmlens_block_bytes)
        for range in ranges {
            let error = posix_fallocate(descriptor.rawValue, range.lowerBound, range.count)
            guard error != ENOSPC else { throw .noSpace(wantedBytes: layout.poolBytes, availableBytes: 0) }
            guard error == 0 else {
                throw .system(operation: "posix_fallocate", object: name, Errno(rawValue: error))
            }
        }
    }

    private static func writeHeader(
        _ core: SegmentCore, name: String, maker: ProcessIdentity
    ) throws(SegmentError) {
        var header = [UInt8](repeating: 0, count: shmlens_header_offset_lock_mutex)
        func set(_ offset: Int, _ value: UInt64, bytes: Int) {
            for index in 0..<bytes { header[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
        }
        let layout = core.layout
        header.replaceSubrange(0..<8, with: Array("SHMLENS".utf8) + [0])
        set(shmlens_header_offset_version, UInt64(shmlens_format_version), bytes: 4)
        set(shmlens_header_offset_header_bytes, UInt64(shmlens_header_bytes), bytes: 4)
        set(shmlens_header_offset_architecture, UInt64(Platform.architecture), bytes: 4)
        set(shmlens_header_offset_libc, UInt64(Platform.libc), bytes: 4)
        set(shmlens_header_offset_libc_version, UInt64(Platform.libcVersion), bytes: 4)
        set(shmlens_header_offset_page_bytes, UInt64(layout.pageBytes), bytes: 4)
        header.replaceSubrange(
            shmlens_header_offset_uuid..<shmlens_header_offset_uuid + 16, with: Platform.uuid())
        set(shmlens_header_offset_created_at_ns, Clock.realtime(), bytes: 8)
        set(shmlens_header_offset_creator_pid, UInt64(maker.pid), bytes: 4)
        set(shmlens_header_offset_creator_uid, UInt64(maker.uid), bytes: 4)
        set(shmlens_header_offset_creator_pid_namespace, maker.pidNamespace, bytes: 8)
        set(shmlens_header_offset_creator_start_time, maker.startTime, bytes: 8)
        let program = FixedText.field(
            FixedText.truncated(Platform.programName(), size: shmlens_name_bytes), size: shmlens_name_bytes)
        header.replaceSubrange(
            shmlens_header_offset_creator_name..<shmlens_header_offset_creator_name + shmlens_name_bytes,
            with: program ?? [UInt8](repeating: 0, count: shmlens_name_bytes))
        set(shmlens_header_offset_total_bytes, UInt64(layout.totalBytes), bytes: 8)
        set(shmlens_header_offset_coarse_clock_resolution_ns, Clock.coarseResolution(), bytes: 8)
        set(shmlens_header_offset_participants_offset, UInt64(layout.participantsOffset), bytes: 8)
        set(shmlens_header_offset_participant_count, UInt64(layout.participantCount), bytes: 4)
        set(shmlens_header_offset_participant_bytes, UInt64(shmlens_participant_bytes), bytes: 4)
        set(shmlens_header_offset_events_offset, UInt64(layout.eventsOffset), bytes: 8)
        set(shmlens_header_offset_event_count, UInt64(layout.eventCount), bytes: 4)
        set(shmlens_header_offset_event_bytes, UInt64(shmlens_event_bytes), bytes: 4)
        set(shmlens_header_offset_index_offset, UInt64(layout.indexOffset), bytes: 8)
        set(shmlens_header_offset_index_bytes, UInt64(layout.indexBytes), bytes: 8)
        set(shmlens_header_offset_blocks_offset, UInt64(layout.blocksOffset), bytes: 8)
        set(shmlens_header_offset_block_capacity, UInt64(layout.blockCapacity), bytes: 4)
        set(shmlens_header_offset_block_bytes, UInt64(shmlens_block_bytes), bytes: 4)
        set(shmlens_header_offset_pool_offset, UInt64(layout.poolOffset), bytes: 8)
        set(shmlens_header_offset_pool_bytes, UInt64(layout.poolBytes), bytes: 8)
        set(shmlens_header_offset_granule_bytes, UInt64(shmlens_granule_bytes), bytes: 4)
        set(shmlens_header_offset_sequence_count, UInt64(layout.sequenceCount), bytes: 4)
        unsafe core.memory.copyIn(header.span.bytes, at: 0)
    }

    /// Initialises mutex and condition in the unnamed object, through the mapping.
    private static func initializeLock(_ memory: LiveMemory, name: String) throws(SegmentError) {
        let mutex = unsafe (memory.base + shmlens_header_offset_lock_mutex)
            .assumingMemoryBound(to: pthread_mutex_t.self)
        try unsafe SegmentLock.initialize(mutex, name: name)
        try ClassicCondition.initialize(in: memory, name: name)
    }
}

extension SegmentCore {
    /// One free block over the whole pool, and empty bins beside its own. Before anybody else can see the segment.
    func initializeHeap() throws(SegmentError) {
        let index = layout.indexOffset
        raw(
            index + shmlens_index_header_offset_table_high_water,
            BlockDescriptor.pack(0, Self.none))
        let binBytes = (shmlens_small_bins + shmlens_tree_bins) * 4
        for offset in stride(from: 0, to: binBytes, by: 8) {
            raw(index + shmlens_index_header_offset_small_bins + offset, .max)
        }
        raw(shmlens_header_offset_next_generation, 1)
        raw(
            layout.participantOffset(0) + shmlens_participant_offset_state,
            UInt64(shmlens_participant_external))
        let external = FixedText.field("external", size: 8) ?? []
        raw(layout.participantOffset(0) + shmlens_participant_offset_name, Words.word(external[...]))
        begin()
        _ = try makeFree(
            spanOffset: layout.poolOffset, spanBytes: layout.poolBytes, previous: Self.none, next: Self.none)
        try book(usedBytes: 0, usedBlocks: 0, freeBlocks: 1)
        closeQuietly()
    }
}

/// Runs a system call's wrapper and gives its error the segment's type.
func system<Result>(
    _ operation: String, _ object: String, _ body: () throws(Errno) -> Result
) throws(SegmentError) -> Result {
    do throws(Errno) {
        return try body()
    } catch {
        throw .system(operation: operation, object: object, error)
    }
}

import CShmlens
public import Observations
import SystemPackage

extension ProcFS {
    /// System V objects kept of each sort. A namespace has at most 32,768 of a sort unless the kernel was started with
    /// `ipcmni_extend`, which makes 16,777,216 of it.
    public static let systemVObjects = 65_536
    /// Bytes of one table: a line of shm has about 200.
    private static let tableBytes = 33_554_432

    /// The System V segments and semaphore sets of the IPC namespace that this process lives in.
    ///
    /// A kernel without System V IPC has no such tables: then there is nothing, and nothing is hidden.
    ///
    /// - Throws: ``KernelError`` where a table is there and cannot be read.
    /// - Complexity: O(objects); attaches nothing, and needs no right: the tables show objects that may not be read.
    public func systemV(limit: Int = ProcFS.systemVObjects) throws(KernelError) -> SystemVInventory {
        var found = SystemVInventory()
        var malformedCount = 0
        try table("shm", malformed: &malformedCount) { line in
            guard let segment = SystemVSegment(line: line) else { return false }
            found.segments.append(segment, limit: limit)
            return true
        }
        try table("sem", malformed: &malformedCount) { line in
            guard let set = SystemVSemaphoreSet(line: line) else { return false }
            found.semaphoreSets.append(set, limit: limit)
            return true
        }
        func hide(_ what: String, _ count: Int, _ needs: String) {
            if count > 0 { found.hidden.append(Hidden(what: what, count: count, needs: needs)) }
        }
        hide("System V segments", found.segments.omittedCount, "a higher limit of System V objects")
        hide("System V semaphore sets", found.semaphoreSets.omittedCount, "a higher limit of System V objects")
        hide("lines of sysvipc that were not understood", malformedCount, "a program that knows this kernel")
        return found
    }

    /// Whether System V segments are removed that nobody has attached (`kernel.shm_rmid_forced`); proc_sys_kernel(5).
    public func removesUnattached() -> Bool {
        let path = root.appending("sys").appending("kernel").appending("shm_rmid_forced")
        guard let contents = try? FileContents(path, bytesMax: 16) else { return false }
        return contents.bytes.first == UInt8(ascii: "1")
    }

    /// Hands the lines of a table but its first to `take`, which says whether it understood.
    private func table(
        _ name: String, malformed: inout Int, _ take: (Span<UInt8>) -> Bool
    ) throws(KernelError) {
        let path = root.appending("sysvipc").appending(name)
        var reader = LineReader()
        var isFirst = true
        var malformedCount = 0
        do throws(Errno) {
            let descriptor = try openDescriptor(path, OpenFlags.file)
            let isWhole = try reader.forEachLine(bytesMax: Self.tableBytes) { (buffer, start) throws(Errno) in
                try read(descriptor, into: &buffer, from: start)
            } _: { line in
                if isFirst { isFirst = false } else if !take(line) { malformedCount += 1 }
            }
            if !isWhole { malformedCount += 1 }
        } catch {
            guard error.meansGone else {
                throw KernelError(operation: "read", object: path.text, errno: error)
            }
        }
        malformed += malformedCount + reader.overlongLineCount
    }
}

/// One semaphore of a System V set of this process's own IPC namespace; nil where there is none.
///
/// - Throws: ``KernelError`` where a right is missing.
public func systemVSemaphore(_ index: Int, ofSet set: Int32) throws(KernelError) -> SystemVSemaphore? {
    guard let number = Int32(exactly: index), number >= 0 else { return nil }
    do throws(Errno) {
        let now = try semaphoreNow(set, number)
        return SystemVSemaphore(
            index: index, value: Int(now.value), lastPID: now.last_pid > 0 ? now.last_pid : nil,
            raisingCount: Int(now.raising), zeroCount: Int(now.zero))
    } catch {
        if error == .invalidArgument || error == .identifierRemoved { return nil }
        throw KernelError(operation: "semctl", object: "semaphore set \(set)", errno: error, needs: "CAP_IPC_OWNER")
    }
}

extension SystemVSegment {
    /// Parses a line of `/proc/sysvipc/shm`: key, shmid, perms, size, cpid, lpid, nattch, uid, gid, cuid, cgid, atime,
    /// dtime, ctime, rss, swap (ipc/shm.c). Any bytes may be given; nil where they are not like that.
    package init?(line: Span<UInt8>) {
        var fields = Fields()
        guard let key = fields.key(line), let id = fields.number(line, Int32.self), let mode = fields.octal(line),
            let size = fields.number(line, UInt64.self), let creatorPID = fields.number(line, Int32.self),
            let lastPID = fields.number(line, Int32.self), let attachCount = fields.number(line, UInt64.self),
            let uid = fields.number(line, UInt32.self), let gid = fields.number(line, UInt32.self),
            let creatorUID = fields.number(line, UInt32.self), let creatorGID = fields.number(line, UInt32.self),
            let attached = fields.time(line), let detached = fields.time(line), let changed = fields.time(line),
            let resident = fields.number(line, UInt64.self), let swapped = fields.number(line, UInt64.self)
        else { return nil }
        self.init(
            id: id, key: key, permissions: mode & 0o777, isRemoved: mode & Self.removedBit != 0,
            sizeBytes: Int(clamping: size), residentBytes: Int(clamping: resident), swappedBytes: Int(clamping: swapped),
            creatorPID: creatorPID, lastPID: lastPID, attachCount: Int(clamping: attachCount), uid: uid, gid: gid,
            creatorUID: creatorUID, creatorGID: creatorGID, attachedAt: attached, detachedAt: detached,
            changedAt: changed ?? WallTime(nanoseconds: 0))
    }

    /// SHM_DEST, linux/shm.h.
    private static let removedBit: UInt32 = 0o1000
}

extension SystemVSemaphoreSet {
    /// Parses a line of `/proc/sysvipc/sem`: key, semid, perms, nsems, uid, gid, cuid, cgid, otime, ctime (ipc/sem.c).
    package init?(line: Span<UInt8>) {
        var fields = Fields()
        guard let key = fields.key(line), let id = fields.number(line, Int32.self), let mode = fields.octal(line),
            let count = fields.number(line, UInt32.self), let uid = fields.number(line, UInt32.self),
            let gid = fields.number(line, UInt32.self), fields.number(line, UInt32.self) != nil, fields.number(line, UInt32.self) != nil,
            let operated = fields.time(line), let changed = fields.time(line)
        else { return nil }
        self.init(
            id: id, key: key, permissions: mode & 0o777, count: Int(count), uid: uid, gid: gid, operatedAt: operated,
            changedAt: changed ?? WallTime(nanoseconds: 0))
    }
}

/// The fields of a line, taken one after the other; blanks stand between them.
private struct Fields {
    private var position = 0

    mutating func number<Number: FixedWidthInteger>(_ line: Span<UInt8>, _: Number.Type) -> Number? {
        skipBlanks(line, &position)
        return takeDecimal(line, &position).flatMap { Number(exactly: $0) }
    }

    /// A key is any 32 bits, written as a signed number.
    mutating func key(_ line: Span<UInt8>) -> Int32? {
        skipBlanks(line, &position)
        return takeSigned(line, &position).flatMap { Int32(exactly: $0) }
    }

    mutating func octal(_ line: Span<UInt8>) -> UInt32? {
        skipBlanks(line, &position)
        var value: UInt32 = 0
        let start = position
        while position < line.count, line[position] &- UInt8(ascii: "0") <= 7 {
            guard value <= .max >> 3 else { return nil }
            value = value << 3 | UInt32(line[position] - UInt8(ascii: "0"))
            position += 1
        }
        return position > start ? value : nil
    }

    /// Seconds since 1970, of which 0 says never; nil where there is no number.
    mutating func time(_ line: Span<UInt8>) -> WallTime?? {
        guard let seconds = number(line, UInt64.self) else { return nil }
        guard seconds > 0 else { return .some(nil) }
        let (nanoseconds, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return WallTime(nanoseconds: overflow ? .max : Int64(clamping: nanoseconds))
    }
}

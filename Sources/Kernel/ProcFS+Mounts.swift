public import Observations
import SystemPackage

extension ProcFS {
    /// The tmpfs mounts that this process sees, in the order in which they were mounted.
    ///
    /// One tmpfs can be mounted at several paths (the same device), and a later mount at the same path hides an
    /// earlier one.
    ///
    /// - Parameter limit: how many are kept; more are counted.
    /// - Throws: ``KernelError`` where mountinfo cannot be read. Lines that are not as proc_pid_mountinfo(5) has
    ///   them are counted as omitted.
    public func tmpfsMounts(limit: Int = 1_024) throws(KernelError) -> BoundedList<Mount> {
        try mounts(limit: limit) { $0.type == "tmpfs" }
    }

    /// The mounts of a process's mount namespace. The file systems themselves are not asked: one on a network may not
    /// answer.
    ///
    /// - Parameter pid: whose; nil for this process's own.
    public func mounts(
        of pid: Int32? = nil, limit: Int = 16_384, where wanted: (Mount) -> Bool = { _ in true }
    ) throws(KernelError) -> BoundedList<Mount> {
        let path = (pid.map { root.appending($0) } ?? root.appending("self")).appending("mountinfo")
        var reader = LineReader()
        var mounts = BoundedList<Mount>()
        do throws(Errno) {
            let descriptor = try openDescriptor(path, OpenFlags.file)
            let isWhole = try reader.forEachLine(bytesMax: Limit.mountinfoBytes) { (buffer, start) throws(Errno) in
                try read(descriptor, into: &buffer, from: start)
            } _: { line in
                guard let mount = Mount(mountinfo: line) else {
                    mounts.omittedCount += 1
                    return
                }
                if wanted(mount) { mounts.append(mount, limit: limit) }
            }
            if !isWhole { mounts.omittedCount += 1 }
        } catch {
            throw KernelError(operation: "read", object: path.text, errno: error)
        }
        mounts.omittedCount += reader.overlongLineCount
        return mounts
    }
}

/// How full the file system that holds `path` is.
///
/// - Throws: ``KernelError`` where there is no such path.
public func fileSystemUsage(at path: ByteString) throws(KernelError) -> FileSystemUsage {
    do throws(Errno) {
        guard let path = SystemPath(untrusted: path.bytes) else { throw Errno.invalidArgument }
        return try fileSystemUsage(at: path)
    } catch {
        throw KernelError(operation: "statvfs", object: path.text, errno: error, needs: Needs.otherFiles)
    }
}

extension Mount {
    /// Parses `25 24 0:23 / /dev/shm rw,relatime shared:3 - tmpfs tmpfs rw,size=24684084k`; nil where it is not
    /// like that. Any bytes may be given.
    package init?(mountinfo text: Span<UInt8>) {
        let blank = UInt8(ascii: " ")
        var position = 0
        guard let id = takeDecimal(text, &position), take(blank, text, &position),
            takeDecimal(text, &position) != nil, take(blank, text, &position),
            let major = takeDecimal(text, &position).flatMap({ UInt32(exactly: $0) }),
            take(UInt8(ascii: ":"), text, &position),
            let minor = takeDecimal(text, &position).flatMap({ UInt32(exactly: $0) }),
            take(blank, text, &position)
        else { return nil }
        _ = takeUntil(blank, text, &position)  // the mount's root in its file system
        guard take(blank, text, &position) else { return nil }
        let path = takeUntil(blank, text, &position)
        // The mount's options, then any number of optional fields, then a lone hyphen.
        var field = path
        while !equals(text, field, "-") {
            guard take(blank, text, &position) else { return nil }
            field = takeUntil(blank, text, &position)
        }
        guard take(blank, text, &position) else { return nil }
        let type = takeUntil(blank, text, &position)
        guard take(blank, text, &position) else { return nil }
        _ = takeUntil(blank, text, &position)  // the source, which a tmpfs has none of
        guard take(blank, text, &position), !path.isEmpty, !type.isEmpty else { return nil }
        let options = takeUntil(blank, text, &position)
        self.init(
            device: DeviceNumber(major: major, minor: minor), path: octalUnescaped(text, path),
            type: octalUnescaped(text, type), options: octalUnescaped(text, options))
        self.id = id
    }
}

/// mountinfo writes blank, tab, newline, backslash and `#` as a backslash and three octal digits.
private func octalUnescaped(_ text: Span<UInt8>, _ range: Range<Int>) -> ByteString {
    let digitCount = 3
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var index = range.lowerBound
    while index < range.upperBound {
        if text[index] == UInt8(ascii: "\\"), range.upperBound - index > digitCount,
            let byte = octalByte(text, index + 1)
        {
            bytes.append(byte)
            index += 1 + digitCount
        } else {
            bytes.append(text[index])
            index += 1
        }
    }
    return ByteString(bytes)
}

/// Three octal digits, at most 377.
private func octalByte(_ text: Span<UInt8>, _ start: Int) -> UInt8? {
    var value = 0
    for index in start..<(start + 3) {
        let digit = text[index] &- UInt8(ascii: "0")
        guard digit <= 7 else { return nil }
        value = value * 8 + Int(digit)
    }
    return UInt8(exactly: value)
}

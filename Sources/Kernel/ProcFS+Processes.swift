public import Observations
import SystemPackage

extension ProcFS {
    /// The name, state, parent and start of a process. The id of a thread is answered as well, with what the
    /// *thread* is called and does.
    ///
    /// - Returns: nil where there is no such process.
    /// - Throws: ``KernelError`` where the system will not say (`hidepid=1`), or says something not understood.
    public func process(_ pid: Int32) throws(KernelError) -> TaskFacts? {
        try facts(path(pid, "stat"))
    }

    /// One thread of a process. `/proc` numbers both alike, so this only adds that the thread is of this process.
    public func thread(_ tid: Int32, of pid: Int32) throws(KernelError) -> TaskFacts? {
        try facts(path(pid, "task").appending(tid).appending("stat"))
    }

    /// What a thread is doing: ``ThreadState/dead`` where it is gone, ``ThreadState/unknown`` where it is hidden.
    public func threadState(of tid: Int32) -> ThreadState {
        do {
            if let facts = try process(tid) { return facts.state }
        } catch {
            return .unknown
        }
        return taskExists?(tid) == true ? .unknown : .dead
    }

    /// The threads of a process, by ascending id; nil where there is no such process. Threads that end meanwhile
    /// are left out.
    public func threads(
        of pid: Int32, limit: Int = Limit.threads
    ) throws(KernelError) -> BoundedList<TaskFacts>? {
        guard let ids = try numbers(in: path(pid, "task"), limit: limit) else { return nil }
        var threads = BoundedList<TaskFacts>(omittedCount: ids.omittedCount)
        for id in ids.elements {
            guard let facts = try thread(id, of: pid) else { continue }
            threads.elements.append(facts)
        }
        return threads
    }

    /// Users, groups, ids in other namespaces, locked memory; nil where there is no such process.
    public func status(of pid: Int32) throws(KernelError) -> ProcessStatus? {
        let path = path(pid, "status")
        var reader = LineReader()
        var status = ProcessStatus()
        do throws(Errno) {
            let descriptor = try openDescriptor(path, OpenFlags.file)
            _ = try reader.forEachLine(bytesMax: Limit.statusBytes) { (buffer, start) throws(Errno) in
                try read(descriptor, into: &buffer, from: start)
            } _: { line in
                status.take(line: line)
            }
        } catch {
            if error.meansGone { return nil }
            throw KernelError(operation: "read", object: path.text, errno: error, needs: Needs.otherProcess)
        }
        guard !status.uids.isEmpty else {
            throw KernelError(operation: "parse", object: path.text, errno: .badMessage)
        }
        return status
    }

    /// The arguments that a process was started with; nil where there is no such process.
    ///
    /// - Parameter bytesMax: how much of them is read, ``Limit/fileBytes`` at most.
    public func commandLine(of pid: Int32, bytesMax: Int = 4_096) throws(KernelError) -> ProcessCommandLine? {
        let limit = max(0, min(bytesMax, Limit.fileBytes))
        guard let contents = try contents(path(pid, "cmdline"), bytesMax: limit) else { return nil }
        var bytes = contents.bytes[...]
        if bytes.last == 0 { bytes.removeLast() }
        guard !bytes.isEmpty else { return ProcessCommandLine(arguments: [], isTruncated: contents.isTruncated) }
        let arguments = bytes.split(separator: 0, omittingEmptySubsequences: false).map { ByteString(Array($0)) }
        return ProcessCommandLine(arguments: arguments, isTruncated: contents.isTruncated)
    }

    /// The path of a process's program, with ` (deleted)` behind it where the file is gone; nil where there is no
    /// such process, or it is a thread of the kernel.
    public func executable(of pid: Int32) throws(KernelError) -> ByteString? {
        try target(of: path(pid, "exe")).map { ByteString($0) }
    }

    /// The inode number of a namespace that a process lives in; nil where there is no such process.
    public func namespace(_ kind: NamespaceKind, of pid: Int32) throws(KernelError) -> UInt64? {
        try namespace(kind, path(pid, "ns"))
    }

    func namespace(_ kind: NamespaceKind, _ folder: SystemPath) throws(KernelError) -> UInt64? {
        let path = folder.appending(kind.rawValue)
        guard let target = try target(of: path) else { return nil }
        // `pid:[4026531836]`
        let text = target.span
        var position = kind.rawValue.utf8.count
        guard starts(text, 0..<text.count, with: kind.rawValue), take(UInt8(ascii: ":"), text, &position),
            take(UInt8(ascii: "["), text, &position), let inode = takeDecimal(text, &position),
            take(UInt8(ascii: "]"), text, &position), position == text.count
        else { throw KernelError(operation: "parse", object: path.text, errno: .badMessage) }
        return inode
    }

    /// Which processes live in which namespace.
    ///
    /// - Parameters:
    ///   - pids: who is asked.
    /// - Returns: the processes by the namespace's inode number, and how many would not say.
    /// - Complexity: O(pids): a readlink(2) each.
    public func residents(
        of kind: NamespaceKind, among pids: [Int32]
    ) -> (namespaces: [UInt64: [Int32]], refusedCount: Int) {
        var found: [UInt64: [Int32]] = [:]
        var refusedCount = 0
        for pid in pids {
            do throws(KernelError) {
                guard let inode = try namespace(kind, of: pid) else { continue }
                found[inode, default: []].append(pid)
            } catch {
                refusedCount += 1
            }
        }
        return (found, refusedCount)
    }

    /// What the object at a place is: its type, size, owner, times. Opens nothing.
    ///
    /// - Throws: ``KernelError`` where it is not there, or a right is missing.
    public func facts(at place: ObjectPlace, _ folder: SharedFolder = SharedFolder()) throws(KernelError) -> FileFacts {
        do throws(Errno) {
            return try place.facts(in: self, folder)
        } catch {
            throw KernelError(
                operation: "statx", object: place.path(in: self, folder).text, errno: error, needs: place.needs)
        }
    }

    /// The user that a process acts as; nil where there is no such process, or that will not be told.
    ///
    /// Not the owner of its files in `/proc`, which is root where the process may not be dumped.
    public func effectiveUser(of pid: Int32) -> UInt32? {
        guard let uids = try? status(of: pid)?.uids, uids.count > 1 else { return nil }
        return uids[1]
    }

    private func facts(_ path: SystemPath) throws(KernelError) -> TaskFacts? {
        guard let bytes = try piece(path) else { return nil }
        guard let facts = TaskFacts(stat: bytes) else {
            throw KernelError(operation: "parse", object: path.text, errno: .badMessage)
        }
        return facts
    }
}

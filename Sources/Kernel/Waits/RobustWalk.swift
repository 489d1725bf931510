public import Observations
import SystemPackage

extension ProcFS {
    /// Copies 64 bits out of a shared object, from an offset.
    public typealias SharedWordReader = @Sendable (ObjectKey, Int) -> UInt64?

    /// Entries of one thread's list that are followed: the list is the thread's own, and may lead in circles.
    private static let robustEntriesMax = 1_024

    /// The robust mutexes in shared memory that a thread says it holds, or is about to take or give back.
    ///
    /// Entries stand in the mutexes themselves. Those in shared objects are read out of the objects, through a descriptor:
    /// nothing is touched that was not there. Those of private memory are read out of the process, to follow the list.
    ///
    /// - Parameter entriesLeft: how many entries are followed; those that were are taken away. What is pending is told anyway.
    /// - Returns: also whether there was more in the list than was followed.
    func robustEntries(
        of tid: Int32, _ pid: Int32, _ head: ThreadRobustList, _ addresses: inout SharedAddresses, _ word: SharedWordReader,
        _ entriesLeft: inout Int
    ) throws(KernelError) -> (entries: [RobustEntry], isCut: Bool) {
        var found: [RobustEntry] = []
        func note(_ entry: UInt64, isHeld: Bool) throws(KernelError) -> (object: ObjectKey, offset: Int)? {
            guard entry != 0 else { return nil }
            let lock = entry &+ UInt64(bitPattern: head.list.wordOffset)
            if let place = try shared(lock, &addresses) {
                found.append(RobustEntry(pid: pid, tid: tid, object: place.object, offset: place.offset, isHeld: isHeld))
            }
            return try shared(entry, &addresses)
        }
        _ = try note(head.list.pending & ~1, isHeld: false)
        var entry = head.list.first & ~1
        var seen: Set<UInt64> = []
        for _ in 0..<Self.robustEntriesMax {
            guard entry != head.address, seen.insert(entry).inserted else { return (found, false) }
            guard entriesLeft > 0 else { return (found, true) }
            entriesLeft -= 1
            let place = try note(entry, isHeld: true)
            let next = if let place { word(place.object, place.offset) } else { try privateWord(of: tid, at: entry) }
            guard let next else { return (found, false) }
            entry = next & ~1
        }
        return (found, true)
    }

    private func privateWord(of tid: Int32, at address: UInt64) throws(KernelError) -> UInt64? {
        try privateBytes(of: tid, at: address, count: 8).flatMap { Image(bytes: $0).word(at: 0) }
    }

    private func shared(
        _ address: UInt64, _ addresses: inout SharedAddresses
    ) throws(KernelError) -> (object: ObjectKey, offset: Int)? {
        do throws(Errno) {
            return try addresses.place(of: address)
        } catch {
            throw KernelError(operation: "PROCMAP_QUERY", object: "a process", errno: error, needs: Needs.otherProcess)
        }
    }
}

/// Where a thread's list of robust mutexes begins, and what stands there.
struct ThreadRobustList: Sendable {
    let address: UInt64
    let list: RobustListHead
}

extension ProcFS {
    /// A thread's list where it has something in it; nil where it has nothing, or will not be told.
    func robustList(of tid: Int32) throws(KernelError) -> ThreadRobustList? {
        guard let address = try robustListAddress(of: tid),
            let bytes = try privateBytes(of: tid, at: address, count: RobustListHead.byteCount),
            let list = RobustListHead(bytes), list.first != address || list.pending != 0
        else { return nil }
        return ThreadRobustList(address: address, list: list)
    }
}

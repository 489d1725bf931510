import CShmlens
import CrashScenarios
import Glibc
import Observations
import SegmentFormat
import SystemPackage
import TestSupport
import Testing

@testable import SharedSegments

/// One after the other: what the kernel counts as locked, it counts for the whole process.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ProtectTests {
    private static let page = sysconf(Int32(_SC_PAGESIZE))

    private func range(
        _ segment: Segment, _ page: Int, _ count: Int = 1, _ access: ProtectedRange.Access,
        _ locked: ProtectedRange.Locked = .no
    ) -> ProtectedRange {
        ProtectedRange(
            offset: segment.layout.poolOffset + page * Self.page, length: count * Self.page, access: access,
            locked: locked)
    }

    // MARK: What may be asked

    @Test func `only whole pages of the segment can be protected`() throws {
        try withSegment { segment in
            let layout = segment.layout
            let page = Self.page
            let wrong: [(Int, Int, String)] = [
                (-page, page, "offset"), (1, page, "offset"), (layout.poolOffset + 8, page, "offset"),
                (layout.totalBytes, page, "offset"), (.max, page, "offset"), (.min, page, "offset"),
                (layout.poolOffset, 0, "length"), (layout.poolOffset, -page, "length"),
                (layout.poolOffset, page + 1, "length"), (layout.poolOffset, page - 1, "length"),
                (layout.poolOffset, layout.poolBytes + page, "length"), (layout.poolOffset, .max, "length"),
            ]
            for (offset, length, field) in wrong {
                let error = #expect(throws: SegmentError.self) {
                    try segment.protect(
                        ProtectedRange(offset: offset, length: length, access: .read, locked: .no))
                }
                guard case .invalid(let found, _) = error else {
                    Issue.record("\(offset), \(length): \(String(describing: error))")
                    continue
                }
                #expect(found == field, "\(offset), \(length)")
            }
            #expect(segment.protection == [])
        }
    }

    @Test(arguments: [ProtectedRange.Access.read, .none])
    func `the header keeps its access, and can be locked into memory`(_ access: ProtectedRange.Access) throws {
        try withSegment { segment in
            let header = segment.layout.participantsOffset
            for offset in [0, header - Self.page] {
                let error = #expect(throws: SegmentError.self) {
                    try segment.protect(
                        ProtectedRange(offset: offset, length: Self.page, access: access, locked: .no))
                }
                guard case .invalid("offset", _) = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
            }
            let whole = ProtectedRange(
                offset: 0, length: segment.layout.totalBytes, access: .readWrite, locked: .onFault)
            try segment.protect(whole)
            #expect(segment.protection == [whole])
        }
    }

    // MARK: What is noted

    @Test func `ranges that overlap are cut, ranges that are alike are joined`() throws {
        try withSegment { segment in
            try segment.protect(range(segment, 1, 4, .read))
            try segment.protect(range(segment, 2, 1, .none))
            #expect(
                segment.protection == [
                    range(segment, 1, 1, .read), range(segment, 2, 1, .none), range(segment, 3, 2, .read),
                ])
            try segment.protect(range(segment, 2, 1, .read))
            #expect(segment.protection == [range(segment, 1, 4, .read)])
            try segment.protect(range(segment, 3, 4, .readWrite, .onFault))
            #expect(
                segment.protection == [range(segment, 1, 2, .read), range(segment, 3, 4, .readWrite, .onFault)])
            try segment.protect(range(segment, 0, 16, .readWrite))
            #expect(segment.protection == [])
        }
    }

    // MARK: What it does to changes

    @Test func `a change that needs a protected page of the pool is refused, and nothing is half done`() throws {
        try withSegment { segment in
            let layout = segment.layout
            let offset = try segment.withLock { (locked) throws(SegmentError) in
                try locked.allocate(sizeBytes: 100)
            }
            try segment.protect(range(segment, 0, 16, .read))
            let before = segment.image().bytes
            let refusal = SegmentError.protected(offset: layout.poolOffset, length: layout.poolBytes)
            #expect(throws: refusal) {
                try segment.withLock { (locked) throws(SegmentError) in try locked.allocate(sizeBytes: 1) }
            }
            #expect(throws: refusal) {
                try segment.withLock { (locked) throws(SegmentError) in try locked.write([1, 2, 3], at: offset) }
            }
            #expect(throws: refusal) {
                try segment.withLock { (locked) throws(SegmentError) in try locked.resize(offset, to: 4000) }
            }
            #expect(Array(segment.image().bytes[layout.poolOffset...]) == Array(before[layout.poolOffset...]))
            #expect(try segment.verification().findings == [])
            // What needs no page of it goes on.
            try segment.withLock { (locked) throws(SegmentError) in _ = try locked.count() }
            try segment.protect(range(segment, 0, 16, .readWrite))
            try segment.withLock { (locked) throws(SegmentError) in try locked.free(offset) }
        }
    }

    @Test func `where a table is protected every change is refused, and nothing faults`() throws {
        try withSegment { segment in
            let layout = segment.layout
            let me = try segment.join(name: "me")
            for offset in [layout.participantsOffset, layout.eventsOffset, layout.indexOffset, layout.blocksOffset] {
                let table = ProtectedRange(offset: offset, length: Self.page, access: .read, locked: .no)
                try segment.protect(table)
                #expect(throws: SegmentError.protected(offset: offset, length: Self.page)) {
                    try segment.withLock(as: me) { (locked) throws(SegmentError) in _ = try locked.count() }
                }
                segment.heartbeat(me)
                try segment.protect(
                    ProtectedRange(offset: offset, length: Self.page, access: .readWrite, locked: .no))
                try segment.withLock(as: me) { (locked) throws(SegmentError) in _ = try locked.count() }
            }
            #expect(try segment.verification().findings == [])
        }
    }

    /// Whoever finds that the owner died repairs what it left, also where this process may not write or read.
    @Test(arguments: [ProtectedRange.Access.read, .none])
    func `a dead owner's work is taken back on protected pages, and they stay protected`(
        access: ProtectedRange.Access
    ) throws {
        try withSegment { segment in
            let layout = segment.layout
            let victim = HelperProcess(HelperProcess.path(of: "CrashHelper"))
            var deaths: UInt64 = 0
            for offset in [layout.participantsOffset, layout.eventsOffset, layout.indexOffset, layout.blocksOffset] {
                let length = offset == layout.indexOffset ? layout.blocksOffset - offset : Self.page
                let table = ProtectedRange(offset: offset, length: length, access: access, locked: .no)
                // Join stores into a slot, allocate into the index and the block table, both into the ring; each dies
                // after its journal's first words.
                for scenario in ["join", "allocate: exact fit, alone in its list"] {
                    try segment.protect(table)
                    #expect(victim.ask("operate \(segment.name) 16 \(scenario)") == "killed")
                    #expect(try segment.livingParticipants() == 0)
                    #expect(throws: SegmentError.protected(offset: offset, length: length)) {
                        try segment.withLock { (locked) throws(SegmentError) in _ = try locked.count() }
                    }
                    deaths += 1
                    #expect(segment.core.memory.load(shmlens_header_offset_lock_owner_deaths) == deaths)
                    #expect(segment.protection == [table])
                    let flags = try #require(try Self.ownMapping(of: segment, at: offset))
                    #expect(flags.hasPrefix(access == .read ? "r-" : "--"), "\(flags)")
                    // The same where it is the protecting itself that takes the lock.
                    #expect(victim.ask("operate \(segment.name) 16 \(scenario)") == "killed")
                    try segment.protect(table)
                    deaths += 1
                    #expect(segment.core.memory.load(shmlens_header_offset_lock_owner_deaths) == deaths)
                    let again = try #require(try Self.ownMapping(of: segment, at: offset))
                    #expect(again == flags)
                    try segment.protect(ProtectedRange(offset: offset, length: length, access: .readWrite, locked: .no))
                    #expect(try segment.verification().findings == [])
                }
            }
        }
    }

    @Test func `a wait is not shown where the slot is protected, and shown again afterwards`() throws {
        try withSegment { segment in
            let me = try segment.join(name: "waiter")
            let base = segment.layout.participantOffset(Int(me.key.slot))
            let isOver = Flag()
            let failures = Failures()
            let waiter = InThread {
                do throws(SegmentError) {
                    try segment.withLock(as: me, timeout: .seconds(600), giveUp: { isOver.isSet }, when: { _ in false }) {
                        (_) throws(SegmentError) in
                    }
                } catch {
                    if error != .gaveUp { failures.add("\(error)") }
                }
            }
            func shown() -> UInt64 { segment.core.memory.load(base + shmlens_participant_offset_waiting_since_ns) }
            func protect(_ access: ProtectedRange.Access) throws {
                try segment.protect(
                    ProtectedRange(
                        offset: segment.layout.participantsOffset, length: Self.page, access: access, locked: .no))
            }
            while shown() == 0 { sched_yield() }
            let since = shown()
            try protect(.read)
            #expect(shown() == 0)
            try protect(.readWrite)
            #expect(shown() == since)
            try protect(.read)
            isOver.set()
            waiter.join()
            try protect(.readWrite)
            #expect(shown() == 0)
            #expect(failures.all == [])
        }
    }

    /// A page that is not there cannot be made writable: this process cannot repair, which must not keep others from it.
    @Test func `who cannot repair leaves it to the next`() async {
        await #expect(processExitsWith: .exitCode(0)) {
            try withSegment { segment in
                let layout = segment.layout
                let page = Self.page
                let victim = HelperProcess(HelperProcess.path(of: "CrashHelper"))
                let me = try segment.join(name: "me")
                try segment.protect(
                    ProtectedRange(offset: layout.participantsOffset, length: page, access: .none, locked: .no))
                try segment.protect(
                    ProtectedRange(offset: layout.poolOffset, length: page, access: .none, locked: .no))
                guard unsafe munmap(segment.core.memory.base + layout.poolOffset, page) == 0 else { exit(2) }
                guard victim.ask("operate \(segment.name) 16 join") == "killed" else { exit(3) }
                for _ in 0..<2 {
                    do throws(SegmentError) {
                        try segment.withLock(timeout: .seconds(10)) { _ in }
                        exit(4)
                    } catch {
                        guard case .system("mprotect", _, .noMemory) = error else { exit(5) }
                    }
                    // What was made writable on the way is protected again.
                    guard try Self.ownMapping(of: segment, at: layout.participantsOffset)?.hasPrefix("--") == true else { exit(9) }
                    segment.heartbeat(me)
                }
                guard segment.core.memory.load(shmlens_header_offset_lock_owner_deaths) == 0 else { exit(6) }
                let other = try Segment.open(name: segment.name)
                try other.withLock(timeout: .seconds(10)) { (locked) throws(SegmentError) in _ = try locked.count() }
                guard segment.core.memory.load(shmlens_header_offset_lock_owner_deaths) == 1 else { exit(7) }
                guard try other.verification().findings.isEmpty else { exit(8) }
                // There is nothing to repair any more.
                try segment.protect(
                    ProtectedRange(offset: layout.participantsOffset, length: page, access: .readWrite, locked: .no))
                try segment.withLock(timeout: .seconds(10)) { _ in }
            }
            exit(0)
        }
    }

    @Test func `while a repair has lifted the protection, nobody else writes there`() throws {
        try withSegment { segment in
            let core = segment.core
            let me = try segment.join(name: "me")
            let place = segment.layout.participantOffset(Int(me.key.slot)) + shmlens_participant_offset_heartbeat_ns
            try segment.protect(
                ProtectedRange(offset: segment.layout.participantsOffset, length: Self.page, access: .read, locked: .no))
            #expect(core.protection.lift(from: core.memory) == 0)
            core.memory.store(place, 1)
            segment.heartbeat(me)
            #expect(core.memory.load(place) == 1)
            core.protection.restore(to: core.memory)
            segment.heartbeat(me)
            #expect(core.memory.load(place) == 1)
            try segment.protect(
                ProtectedRange(
                    offset: segment.layout.participantsOffset, length: Self.page, access: .readWrite, locked: .no))
            segment.heartbeat(me)
            #expect(core.memory.load(place) > 1)
        }
    }

    private static func text(of path: String) throws -> String {
        let descriptor = try FileDescriptor.open(FilePath(path), .readOnly)
        defer { try? descriptor.close() }
        var text: [UInt8] = []
        var bytes = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = try unsafe bytes.withUnsafeMutableBytes { unsafe try descriptor.read(into: $0) }
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += bytes[..<count]
        }
    }

    /// The permissions in this process' maps at an offset of a segment.
    private static func ownMapping(of segment: Segment, at offset: Int) throws -> String? {
        let address = unsafe UInt(bitPattern: segment.core.memory.base) + UInt(offset)
        for line in try Self.text(of: "/proc/self/maps").split(separator: "\n") {
            let words = line.split(separator: " ")
            let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
            if ends.count == 2, ends[0] <= address, address < ends[1] { return String(words[1]) }
        }
        return nil
    }

    @Test func `what may not be read is not read`() throws {
        try withSegment { segment in
            let layout = segment.layout
            let offset = try segment.withLock { (locked) throws(SegmentError) in
                try locked.allocate(sizeBytes: 100)
            }
            try segment.protect(range(segment, 0, 1, .none))
            let refusal = SegmentError.protected(offset: layout.poolOffset, length: Self.page)
            #expect(throws: refusal) {
                try segment.withLock { (locked) throws(SegmentError) in try locked.copy(offset..<(offset + 1)) }
            }
            #expect(throws: refusal) {
                try segment.withLock { (locked) throws(SegmentError) in try locked.resize(offset, to: 8000) }
            }
            try segment.protect(range(segment, 0, 1, .read))
            try segment.withLock { (locked) throws(SegmentError) in _ = try locked.copy(offset..<(offset + 1)) }
            #expect(throws: SegmentError.self) {
                try segment.withLock { (locked) throws(SegmentError) in try locked.copy(0..<(layout.totalBytes + 1)) }
            }
        }
    }

    @Test func `taking access away waits for changes under way, giving it back does not`() throws {
        try withSegment { segment in
            let held = range(segment, 0, 1, .read)
            try segment.protect(held)
            let failures = Failures()
            try segment.withLock { (_) throws(SegmentError) in
                let isOver = Flag()
                let waiter = InThread {
                    do throws(SegmentError) {
                        try segment.protect(
                            offset: segment.layout.poolOffset + 2 * Self.page, length: Self.page, access: .read, locked: nil,
                            timeout: .seconds(600), giveUp: { isOver.isSet })
                        failures.add("protected while the lock was held")
                    } catch {
                        if error != .gaveUp { failures.add("\(error)") }
                    }
                }
                defer {
                    isOver.set()
                    waiter.join()
                }
                InThread {
                    do throws(SegmentError) {
                        try segment.protect(range(segment, 1, 1, .read), timeout: .milliseconds(1))
                        failures.add("protected while the lock was held")
                    } catch {
                        guard case .lockTimeout = error else { return failures.add("\(error)") }
                    }
                    do throws(SegmentError) {
                        try segment.protect(range(segment, 0, 1, .readWrite), timeout: .zero)
                    } catch {
                        failures.add("\(error)")
                    }
                }.join()
            }
            #expect(failures.all == [])
            #expect(segment.protection == [])
        }
    }

    // MARK: Locking into memory

    /// VmLck of this process, as the kernel counts it.
    private func lockedBytes() throws -> Int {
        let status = try Self.text(of: "/proc/self/status")
        let line = try #require(
            status.split(separator: "\n").first { $0.hasPrefix("VmLck:") })
        return try #require(Int(line.split(whereSeparator: \.isWhitespace)[1])) * 1024
    }

    /// Bytes that the file system keeps for the object.
    private func allocatedBytes(_ segment: Segment) throws -> Int {
        var file = shmlens_file()
        try #require(unsafe shmlens_statx(segment.descriptor.rawValue, "", &file) == 0)
        return Int(file.allocated)
    }

    @Test(.disabled(if: replacesLockingOfMemory, "a sanitizer answers mlock itself"))
    func `pages are locked as the kernel counts them, with and without being filled, and released`() throws {
        try withSegment { segment in
            let begin = try lockedBytes()
            let empty = try allocatedBytes(segment)
            try segment.protect(range(segment, 4, 8, .readWrite, .onFault))
            #expect(try lockedBytes() == begin + 8 * Self.page)
            #expect(try allocatedBytes(segment) == empty)
            try segment.protect(range(segment, 4, 8, .readWrite, .all))
            #expect(try lockedBytes() == begin + 8 * Self.page)
            #expect(try allocatedBytes(segment) == empty + 8 * Self.page)
            #expect(segment.protection == [range(segment, 4, 8, .readWrite, .all)])
            try segment.protect(range(segment, 4, 8, .readWrite))
            #expect(try lockedBytes() == begin)
            #expect(segment.protection == [])
        }
    }

    @Test(
        .disabled(if: replacesLockingOfMemory, "a sanitizer answers mlock itself"),
        arguments: [ProtectedRange.Locked.onFault, .all])
    func `what may not be read can be locked all the same`(_ locked: ProtectedRange.Locked) throws {
        try withSegment { segment in
            let begin = try lockedBytes()
            try segment.protect(range(segment, 2, 2, .none))
            try segment.protect(range(segment, 1, 4, .none, locked))
            #expect(segment.protection == [range(segment, 1, 4, .none, locked)])
            #expect(try lockedBytes() == begin + 4 * Self.page)
            try segment.protect(range(segment, 1, 4, .readWrite))
            #expect(try lockedBytes() == begin)
        }
    }

    @Test func `more than the memory that is left is not locked, and both figures are told`() throws {
        // A memfd's file system has no limit of its own, and a hole takes no memory.
        let capacity = try min(#require(AvailableMemory.bytes()) * 2, SegmentLayout.Limit.poolBytes.upperBound)
        let segment = try Segment.createUnnamed(label: "vast", options: SegmentOptions(capacityBytes: capacity))
        let layout = segment.layout
        let error = #expect(throws: SegmentError.self) {
            try segment.protect(
                ProtectedRange(offset: layout.poolOffset, length: layout.poolBytes, access: .readWrite, locked: .all))
        }
        guard case .noSpace(let wanted, let available) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(wanted == layout.poolBytes)
        #expect((1..<wanted).contains(available))
        #expect(segment.protection == [])
    }

    @Test func `more than the process may lock is not locked, and both figures are told`() async {
        await #expect(processExitsWith: .success) {
            let segment = try Segment.createUnnamed(label: "limit", options: SegmentOptions(capacityBytes: 1 << 20))
            var limit = rlimit(rlim_cur: 65536, rlim_max: 65536)
            guard unsafe setrlimit(__rlimit_resource_t(__RLIMIT_MEMLOCK.rawValue), &limit) == 0 else { exit(2) }
            // The limit does not bind the superuser.
            if geteuid() == 0 { guard setuid(65534) == 0 else { exit(3) } }
            let layout = segment.layout
            func lock(_ length: Int, _ locked: ProtectedRange.Locked) throws(SegmentError) {
                try segment.protect(
                    ProtectedRange(offset: layout.poolOffset, length: length, access: .readWrite, locked: locked))
            }
            for locked in [ProtectedRange.Locked.onFault, .all] {
                do throws(SegmentError) {
                    try lock(1 << 20, locked)
                    exit(4)
                } catch {
                    guard error == .memoryLockLimit(wantedBytes: 1 << 20, limitBytes: 65536) else { exit(5) }
                }
                guard segment.protection.isEmpty else { exit(6) }
            }
            try lock(65536, .all)
        }
    }
}

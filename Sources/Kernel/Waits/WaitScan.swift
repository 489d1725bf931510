public import Observations
import Parallel
import SystemPackage

extension ProcFS {
    /// What a scan of waits looks at and keeps at most.
    public struct WaitLimits: Sendable, Hashable {
        /// Threads looked at, of all processes together.
        public var threads = 262_144
        /// Words of one futex_waitv call that are read (FUTEX_WAITV_MAX).
        public var words = 128
        /// Operations of one semop(2) that are read (SEMOPM is 500).
        public var operations = 512
        /// Entries of lists of robust mutexes that are followed of the threads of one process.
        public var robustEntries = 16_384

        public init() {}
    }

    /// Finds out which threads wait for words of shared memory or in semop(2), and which say that they hold robust mutexes.
    ///
    /// - Parameters:
    ///   - pids: whose threads are looked at.
    ///   - word: reads what lists of robust mutexes lead through.
    /// - Complexity: O(threads): some calls of a microsecond each, spread over the processors.
    public func waits(
        of pids: [Int32], limits: WaitLimits = WaitLimits(), word: @escaping SharedWordReader
    ) -> WaitScan {
        var scan = WaitScan()
        let lists = inParallel(pids, grain: Self.processesOfWaitPart) { part in
            part.map { pid in (pid, self.tids(of: pid)) }
        }
        var threads: [ThreadID] = []
        var omittedCount = 0
        for (pid, tids) in lists {
            var unseenCount = 0
            switch tids {
            case .success(nil): continue
            case .failure: unseenCount = 1
            case .success(let tids?):
                let room = max(0, limits.threads - threads.count)
                threads += tids.elements.prefix(room).map { ThreadID(pid: pid, tid: $0) }
                unseenCount = tids.omittedCount + max(0, tids.elements.count - room)
            }
            if unseenCount > 0 { scan.processes[pid, default: ProcessThreads()].unseenCount = unseenCount }
            omittedCount += unseenCount
        }
        let looks = inParallel(threads, grain: Self.threadsOfPart) { part in part.map { self.look(at: $0) } }
        var tally = WaitTally()
        for look in looks { tally.add(look, to: &scan) }
        resolve(tally.concerned, limits, word, &tally, into: &scan)
        scan.hidden += tally.hidden(omitted: omittedCount)
        return scan
    }

    private static let processesOfWaitPart = 16
    private static let threadsOfPart = 64

    private func tids(of pid: Int32) -> Result<BoundedList<Int32>?, KernelError> {
        Result { () throws(KernelError) in try numbers(in: path(pid, "task"), limit: Limit.threads) }
    }

    private func look(at thread: ThreadID) -> ThreadLook {
        var look = ThreadLook(id: thread, visit: visit(thread.tid, of: thread.pid))
        if case .gone = look.visit { return look }
        do throws(KernelError) {
            look.list = try robustList(of: thread.tid)
        } catch {
            look.refusesList = true
        }
        return look
    }

    /// Finds where in shared memory the addresses stand, process by process.
    private func resolve(
        _ looks: [[ThreadLook]], _ limits: WaitLimits, _ word: @escaping SharedWordReader, _ tally: inout WaitTally,
        into scan: inout WaitScan
    ) {
        let found = inParallel(looks, grain: 2) { part in
            part.map { looks in
                var found = ProcessWaits(self, limits, word)
                found.add(looks)
                return found.result
            }
        }
        for one in found {
            scan.words += one.words
            scan.semaphores += one.semaphores
            scan.robust += one.robust
            scan.stuck += one.stuck
            tally.unresolvedCount += one.refusedCount
            tally.cutCount += one.cutCount
        }
    }
}

struct ThreadID: Sendable {
    let pid: Int32
    let tid: Int32
}

/// What was seen of a thread.
struct ThreadLook: Sendable {
    let id: ThreadID
    let visit: ThreadVisit
    var list: ThreadRobustList?
    var refusesList = false
}

/// Counts what threads do, and puts aside those that have to do with shared memory.
private struct WaitTally {
    /// By process, in their order.
    private(set) var concerned: [[ThreadLook]] = []
    var unresolvedCount = 0
    var cutCount = 0
    private var refusedCount = 0
    private var refusedListCount = 0
    private var uncountedCount = 0
    private var narrowCount = 0

    mutating func add(_ look: ThreadLook, to scan: inout WaitScan) {
        if case .gone = look.visit { return }
        scan.threadCount += 1
        var process = scan.processes[look.id.pid] ?? ProcessThreads()
        process.tids.append(look.id.tid)
        var concerns = look.list != nil
        switch look.visit {
        case .gone, .elsewhere: break
        case .narrow:
            process.unseenCount += 1
            narrowCount += 1
        case .refused:
            process.unseenCount += 1
            refusedCount += 1
        case .unsettled: process.unsettledCount += 1
        case .blocked(nil):
            process.unsettledCount += 1
            uncountedCount += 1
        case .blocked: concerns = true
        }
        if look.refusesList { refusedListCount += 1 }
        scan.processes[look.id.pid] = process
        guard concerns else { return }
        if concerned.last?.last?.id.pid == look.id.pid {
            concerned[concerned.count - 1].append(look)
        } else {
            concerned.append([look])
        }
    }

    func hidden(omitted: Int) -> [Hidden] {
        var hidden: [Hidden] = []
        func hide(_ what: String, _ count: Int, _ needs: String) {
            if count > 0 { hidden.append(Hidden(what: what, count: count, needs: needs)) }
        }
        hide("threads of which it could not be seen what they wait for", refusedCount, Needs.otherProcess)
        hide("threads whose lists of robust mutexes could not be seen", refusedListCount, Needs.otherProcess)
        hide("lists of robust mutexes that were not followed to their ends", cutCount, "a higher limit of entries")
        hide("waiting threads whose addresses could not be told", unresolvedCount, Needs.otherProcess)
        hide(
            "waiting threads of which one sleep cannot be told from the next", uncountedCount,
            "a kernel that counts turns (CONFIG_SCHED_INFO)")
        hide("waits of threads of 32-bit programs", narrowCount, "a version that knows their calls")
        hide("threads that were not looked at", omitted, "CAP_SYS_PTRACE, or a higher limit of threads")
        return hidden
    }
}

/// Where the addresses of one process's threads stand in shared memory.
private struct ProcessWaits {
    struct Result: Sendable {
        var words: [WordWait] = []
        var semaphores: [SemaphoreWait] = []
        var robust: [RobustEntry] = []
        var stuck: [BlockedThread] = []
        var refusedCount = 0
        /// Lists that were not followed to their ends.
        var cutCount = 0
    }

    private let proc: ProcFS
    private let limits: ProcFS.WaitLimits
    private let word: ProcFS.SharedWordReader
    private(set) var result = Result()
    private var entriesLeft: Int

    init(_ proc: ProcFS, _ limits: ProcFS.WaitLimits, _ word: @escaping ProcFS.SharedWordReader) {
        entriesLeft = limits.robustEntries
        self.proc = proc
        self.limits = limits
        self.word = word
    }

    /// - Parameter looks: at threads of one process, at least one.
    mutating func add(_ looks: [ThreadLook]) {
        guard let first = looks.first?.id else { return }
        do throws(Errno) {
            var addresses = try SharedAddresses(of: first.pid, thread: first.tid, in: proc)
            for look in looks {
                do throws(KernelError) {
                    if case .blocked(let thread?) = look.visit { try add(thread, &addresses) }
                    if let list = look.list {
                        let found = try proc.robustEntries(of: look.id.tid, look.id.pid, list, &addresses, word, &entriesLeft)
                        result.robust += found.entries
                        if found.isCut { result.cutCount += 1 }
                    }
                } catch {
                    if !error.errno.meansGone { result.refusedCount += 1 }
                }
            }
        } catch {
            if !error.meansGone { result.refusedCount += looks.count }
        }
    }

    private mutating func add(_ thread: BlockedThread, _ addresses: inout SharedAddresses) throws(KernelError) {
        switch thread.call {
        case .futex(let wait):
            // Who was moved on to the second word meanwhile sleeps in the same call: it waits for either.
            try add(wait, of: thread, wait.address, &addresses, isOneOfSeveral: wait.secondAddress != nil)
        case .futexVector(let address, let count, let isTimed):
            let count = min(count, limits.words)
            let bytes = try proc.privateBytes(of: thread.tid, at: address, count: count * FutexVector.entryBytes) ?? []
            for entry in FutexVector.entries(bytes, isTimed: isTimed) where !entry.isPrivate {
                try add(entry, of: thread, entry.address, &addresses, isOneOfSeveral: count > 1)
            }
        case .semaphoreSet(let id, let address, let count, let isTimed):
            let count = min(count, limits.operations)
            let bytes = try proc.privateBytes(of: thread.tid, at: address, count: count * SemaphoreOperation.byteCount) ?? []
            result.semaphores.append(
                SemaphoreWait(thread: thread, set: id, operations: SemaphoreOperation.all(bytes), isTimed: isTimed))
        case .running, .none, .other: break
        }
    }

    private mutating func add(
        _ wait: FutexWait, of thread: BlockedThread, _ address: UInt64, _ addresses: inout SharedAddresses,
        isOneOfSeveral: Bool = false
    ) throws(KernelError) {
        let place: (object: ObjectKey, offset: Int)?
        do throws(Errno) {
            place = try addresses.place(of: address)
        } catch {
            throw KernelError(operation: "PROCMAP_QUERY", object: "process \(thread.pid)", errno: error, needs: Needs.otherProcess)
        }
        guard let place else {
            if wait.isForEver { result.stuck.append(thread) }
            return
        }
        result.words.append(
            WordWait(
                thread: thread, object: place.object, offset: place.offset, value: wait.value,
                takesLock: wait.operation.takesLock, isTimed: wait.isTimed, isOneOfSeveral: isOneOfSeveral))
    }
}

extension FutexWait {
    /// Whether it is how glibc waits where nothing is to be waited for (nptl/futex-internal.c): as if processes shared the word,
    /// which nobody else knows of, for it not to be 0. Others that have what they wait for on their stacks, as liburcu does, ask
    /// by the plain operation.
    fileprivate var isForEver: Bool { isOnStack && !isPrivate && !isTimed && value == 0 && operation == .waitForBits }
}

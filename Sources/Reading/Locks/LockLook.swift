import Diagnostics
import ForeignFormats
import Kernel
import Observations
import Parallel

/// One look at who waits for what: threads first, then the words that they wait on, then whether they slept all the while.
///
/// So each wait that is told was there while the words were read, and what a sleeping thread has it had all that time: where
/// such waits make a circle, it is one.
struct LockLook: Sendable {
    /// What the look found of one object.
    struct Object: Sendable {
        let key: ObjectKey
        var sightings: [LockSighting]
        var threads: MapperThreads
    }

    let survey: Survey
    private(set) var scan: WaitScan
    private(set) var objects: [Object] = []
    /// Semaphores of sets that are waited on.
    private(set) var sets: [Int32: [LockSighting]] = [:]
    /// Since when the threads sleep that wait for something shared.
    private(set) var memory: SleepMemory
    /// Threads that went on while they were looked at.
    private(set) var movingCount = 0
    private(set) var hidden: [Hidden]

    private let sources: HostSources
    private let open: ObjectSources
    private let libraries: CLibraries

    /// - Parameters:
    ///   - pids: whose threads are looked at.
    ///   - memory: since when sleeps have been seen.
    ///   - wanted: the objects that are looked at; nil for all.
    ///   - added: offsets of what looked like a lock in one wanted object, and nothing else tells of.
    init(
        _ sources: HostSources, _ libraries: CLibraries, _ survey: Survey, _ pids: [Int32], _ memory: SleepMemory, wanted: Set<ObjectKey>? = nil,
        adding added: [Int] = []
    ) {
        self.sources = sources
        self.survey = survey
        self.memory = memory
        self.libraries = libraries
        let open = ObjectSources(survey.inventory, sources)
        self.open = open
        scan = sources.proc.waits(of: pids) { key, offset in open.word(key, offset) }
        hidden = scan.hidden
        if let wanted {
            scan.words.removeAll { !wanted.contains($0.object) }
            scan.robust.removeAll { !wanted.contains($0.object) }
        }
        addStuck()
        look(added.isEmpty ? [] : wanted ?? [], added)
    }

    /// Who sleeps for ever because it was refused a robust mutex still says which: it waits for that one.
    private mutating func addStuck() {
        let stuck = Dictionary(scan.stuck.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first })
        for entry in scan.robust where !entry.isHeld {
            guard let thread = stuck[entry.tid] else { continue }
            scan.words.append(
                WordWait(
                    thread: thread, object: entry.object, offset: entry.offset, value: 0, takesLock: true, isTimed: false,
                    isOneOfSeveral: false))
        }
    }

    private mutating func look(
        _ scanned: Set<ObjectKey>, _ added: [Int]
    ) {
        memory.note(waiting, sources.proc)
        let now = Clocks.monotonicNanoseconds()
        let (open, sources, survey, scan, memory, libraries) = (open, sources, survey, scan, memory, libraries)
        let waits = Dictionary(grouping: scan.words, by: \.object)
        let entries = Dictionary(grouping: scan.robust, by: \.object)
        let keys = Array(Set(waits.keys).union(entries.keys).union(scanned))
        let known = keys.filter { survey.inventory[$0] != nil }
        if known.count < keys.count {
            hidden.append(Hidden(what: "objects that threads wait in and no list shows", count: keys.count - known.count, needs: "another look"))
        }
        // Who sleeps had what it has before it fell asleep.
        let sleeping = Dictionary(
            waiting.map { ($0.tid, memory.milliseconds($0.sleep, at: now) ?? 0) }, uniquingKeysWith: { first, _ in first })
        let own = (try? sources.proc.host())?.pidInProc
        // The first process of some systems shows its mappings to nobody. Where others do, they may map anything.
        let isClosedOnlyFirst = survey.closedCount == 1 && !sources.proc.showsMappings(of: 1)
        let seesAll = survey.seesAllMappings && (survey.closedCount == 0 || isClosedOnlyFirst)
        let search = OwnerSearch(sources.proc, scan, seesAllMappings: survey.seesAllMappings)
        objects = inParallel(known, grain: 4) { part in
            var owners = search
            return part.map { key in
                var decoding = LockDecoding(key, open, libraries)
                for wait in waits[key] ?? [] {
                    decoding.add(wait, waitingForMilliseconds: memory.milliseconds(wait.thread.sleep, at: now) ?? 0)
                }
                for entry in entries[key] ?? [] { decoding.add(entry) }
                let mappers = Self.mappers(of: key, survey, waits[key] ?? [])
                if scanned.contains(key) {
                    let layouts = Self.layouts(of: mappers, libraries)
                    for offset in added { decoding.add(scanned: offset, layouts) }
                }
                let sightings = decoding.sightings.map { decoding.owned($0, by: mappers, &owners).timed(sleeping) }
                return Object(key: key, sightings: sightings, threads: Self.threads(of: mappers, scan, isWhole: seesAll, but: own))
            }
        }
        lookAtSets(now)
        dropMoving()
        if open.refusedCount > 0 {
            hidden.append(
                Hidden(what: "objects whose locks could not be read", count: open.refusedCount, needs: "CAP_CHECKPOINT_RESTORE and CAP_SYS_PTRACE"))
        }
    }

    /// Processes that are asked how the conditions are laid out that they share.
    private static let libraryUsersMax = 8

    /// How conditions are laid out for the processes that map an object; any way where their C libraries do not tell.
    private static func layouts(of mappers: [Int32], _ libraries: CLibraries) -> [GlibcCondition.Layout] {
        let known = Set(mappers.prefix(libraryUsersMax).compactMap { libraries.layout(of: $0) })
        return known.isEmpty ? GlibcCondition.Layout.allCases : GlibcCondition.Layout.allCases.filter(known.contains)
    }

    /// Processes that map an object: those of the survey, and whoever waits there by now.
    private static func mappers(of key: ObjectKey, _ survey: Survey, _ waits: [WordWait]) -> [Int32] {
        Set((survey.inventory[key]?.mappers ?? []).map(\.pid)).union(waits.map(\.thread.pid)).sorted()
    }

    /// - Parameter own: the process that looks: it maps its own segments, and neither holds nor wakes anybody in their pools.
    private static func threads(of mappers: [Int32], _ scan: WaitScan, isWhole: Bool, but own: Int32?) -> MapperThreads {
        var threads = MapperThreads()
        threads.isWhole = isWhole
        // Who is missing has ended.
        for pid in mappers where pid != own { if let found = scan.processes[pid] { threads.add(found) } }
        return threads
    }

    /// The threads that wait for something shared, each once.
    private var waiting: [BlockedThread] {
        let all = scan.words.map(\.thread) + scan.semaphores.map(\.thread)
        return Array(Dictionary(all.map { ($0.tid, $0) }, uniquingKeysWith: { first, _ in first }).values)
    }

    /// What the threads sleep that wait for something shared.
    var sleeps: [Int32: Sleep] { Dictionary(waiting.map { ($0.tid, $0.sleep) }, uniquingKeysWith: { first, _ in first }) }

    /// Takes away those who no longer sleep the sleep that was seen, and what nothing but they told of.
    private mutating func dropMoving() {
        let proc = sources.proc
        let moved = Set(
            inParallel(waiting, grain: 32) { part in
                part.filter { !proc.stillSleeps($0) }.map(\.sleep)
            })
        movingCount = moved.count
        let stuck = Set(scan.stuck.filter { proc.stillSleeps($0) }.map(\.tid))
        func stay(_ sightings: [LockSighting]) -> [LockSighting] {
            sightings.compactMap { sighting in
                var sighting = sighting
                sighting.waiters.removeAll { moved.contains($0.thread.sleep) }
                return sighting.waiters.isEmpty && sighting.evidence == [.waiter] ? nil : sighting
            }
        }
        for index in objects.indices {
            // Who was woken is on the way to what it was woken for.
            let leftCount = objects[index].sightings.reduce(0) { $0 + $1.waiters.count { moved.contains($0.thread.sleep) } }
            objects[index].threads.unsettledCount += leftCount
            objects[index].sightings = stay(objects[index].sightings).map { $0.stuck(stuck) }
        }
        sets = sets.mapValues(stay)
    }

    // MARK: System V

    private mutating func lookAtSets(_ now: Int64) {
        var (strangeCount, unseenCount) = (0, 0)
        let own = try? sources.proc.host().ipcNamespace
        for wait in scan.semaphores {
            // A set of another IPC namespace bears a number of its own.
            // By the thread: the process' first may have ended.
            let namespace = (try? sources.proc.namespace(.ipc, of: wait.thread.tid)) ?? nil
            guard namespace == nil || namespace == own else {
                strangeCount += 1
                continue
            }
            guard namespace != nil, let semaphore = blocking(wait) else {
                unseenCount += 1
                continue
            }
            let waiter = LockSighting.Waiter(
                thread: wait.thread, word: nil, isTimed: wait.isTimed, isOneOfSeveral: wait.operations.count > 1,
                waitingForMilliseconds: memory.milliseconds(wait.thread.sleep, at: now) ?? 0)
            var sightings = sets[wait.set] ?? []
            if let known = sightings.firstIndex(where: { $0.place == .index(semaphore.index) }) {
                sightings[known].waiters.append(waiter)
            } else {
                var sighting = LockSighting(place: .index(semaphore.index), subject: .ofSet(semaphore), evidence: [.waiter])
                sighting.waiters = [waiter]
                sightings.append(sighting)
            }
            sets[wait.set] = sightings
        }
        if strangeCount > 0 {
            hidden.append(
                Hidden(what: "waits for System V semaphores of other IPC namespaces", count: strangeCount, needs: "a look from inside (nsenter --ipc)"))
        }
        if unseenCount > 0 {
            hidden.append(
                Hidden(what: "waits for System V semaphores that may not be read", count: unseenCount, needs: "CAP_IPC_OWNER and CAP_SYS_PTRACE"))
        }
    }

    /// The semaphore that keeps a call from going on: the kernel tries its operations in their order.
    private func blocking(_ wait: SemaphoreWait) -> SystemVSemaphore? {
        var changes: [Int: Int] = [:]
        var first: SystemVSemaphore?
        for operation in wait.operations {
            guard let semaphore = (try? systemVSemaphore(operation.index, ofSet: wait.set)) ?? nil else { return nil }
            first = first ?? semaphore
            let value = semaphore.value + changes[operation.index, default: 0]
            if operation.change == 0 ? value != 0 : value + operation.change < 0 { return semaphore }
            changes[operation.index, default: 0] += operation.change
        }
        return first
    }
}

extension LockDecoding {
    /// With the thread that has it.
    ///
    /// Who is named and not found may have given the lock back and ended while it was looked for: then the words say so by now.
    fileprivate func owned(_ sighting: LockSighting, by mappers: [Int32], _ owners: inout OwnerSearch) -> LockSighting {
        guard let tid = sighting.ownerTid else { return sighting }
        var sighting = sighting
        sighting.owner = owners.owner(tid, among: mappers)
        switch sighting.owner {
        case .none: break
        case .found(let candidates) where candidates.count > 1:
            let listed = candidates.filter { sighting.listedBy.contains(Int32(clamping: $0.tid)) }
            if listed.count == 1 { sighting.owner = .found(listed) }
        case .found: break
        case .notMapping, .gone, .unknown:
            if ownerTid(of: sighting) != tid { sighting.owner = .none }
        }
        return sighting
    }
}

extension LockSighting {
    /// With whether its owner is one of those who sleep for ever.
    fileprivate func stuck(_ tids: Set<Int32>) -> LockSighting {
        guard !tids.isEmpty, case .found(let owners) = owner, owners.count == 1 else { return self }
        var stuck = self
        stuck.isOwnerStuck = tids.contains(Int32(clamping: owners[0].tid))
        return stuck
    }

    /// With how long owners that sleep have had it, at least.
    fileprivate func timed(_ sleeping: [Int32: Int]) -> LockSighting {
        guard case .found(let owners) = owner else { return self }
        var timed = self
        timed.owner = .found(
            owners.map { owner in
                var owner = owner
                owner.heldForMilliseconds = sleeping[Int32(clamping: owner.tid)]
                return owner
            })
        return timed
    }
}

import Diagnostics
import ForeignFormats
import Kernel
import Observations

/// What the words of one object that threads wait on, or say to have, are a part of.
struct LockDecoding {
    private let key: ObjectKey
    private let sources: ObjectSources
    /// The C libraries of processes: they tell which of its layouts a condition has, where its bytes fit both.
    private let libraries: CLibraries
    private(set) var sightings: [LockSighting] = []
    /// Of ``sightings``, by their places: bytes that are decoded in two ways make two.
    private var indices: [LockPlace: [Int]] = [:]
    private var decoded: [Question: Decoded] = [:]

    /// What is decoded alike, however many wait.
    private struct Question: Hashable {
        let offset: Int
        let value: UInt32
        let takesLock: Bool
    }

    private struct Decoded {
        let place: LockPlace
        let subject: LockSighting.Subject
        var caveats: [String] = []
    }

    init(_ key: ObjectKey, _ sources: ObjectSources, _ libraries: CLibraries) {
        self.key = key
        self.sources = sources
        self.libraries = libraries
    }

    mutating func add(_ wait: WordWait, waitingForMilliseconds: Int) {
        let question = Question(offset: wait.offset, value: wait.value, takesLock: wait.takesLock)
        let found = decoded[question] ?? decode(wait)
        decoded[question] = found
        let index = index(of: found.place, found.subject)
        if sightings[index].waiters.isEmpty { sightings[index].evidence.insert(.waiter, at: 0) }
        if sightings[index].caveats.isEmpty { sightings[index].caveats = found.caveats }
        // One that waits for several words of the same lock waits for it once.
        guard !wait.isOneOfSeveral || !sightings[index].waiters.contains(where: { $0.thread == wait.thread }) else { return }
        sightings[index].waiters.append(
            LockSighting.Waiter(
                thread: wait.thread, word: wait.offset, isTimed: wait.isTimed, isOneOfSeveral: wait.isOneOfSeveral,
                waitingForMilliseconds: waitingForMilliseconds))
    }

    /// A mutex that a thread lists among those that it has, or is about to take or give back.
    mutating func add(_ entry: RobustEntry) {
        guard let mutex = mutex(at: entry.offset) else { return }
        let index = index(of: .offset(entry.offset), .glibc(.mutex(mutex)))
        if !sightings[index].evidence.contains(.robustList) { sightings[index].evidence.append(.robustList) }
        if entry.isHeld { sightings[index].listedBy.insert(entry.tid) }
    }

    /// A place that looked like a lock, where it still does.
    ///
    /// - Parameter layouts: those that conditions have there.
    mutating func add(scanned offset: Int, _ layouts: [GlibcCondition.Layout]) {
        guard let image = sources.image(key, around: offset, before: 0, behind: LockPattern.byteCount),
            let match = LockPattern.match(at: offset, in: image, layouts: layouts)
        else { return }
        let index = index(of: .offset(offset), .glibc(match.kind))
        if sightings[index].evidence.isEmpty { sightings[index].caveats.append("only its bytes say that it is one") }
        if !sightings[index].evidence.contains(.scan) { sightings[index].evidence.append(.scan) }
    }

    private mutating func index(of place: LockPlace, _ subject: LockSighting.Subject) -> Int {
        if let known = indices[place]?.first(where: { sightings[$0].hasSameKind(as: subject) }) { return known }
        indices[place, default: []].append(sightings.count)
        sightings.append(LockSighting(place: place, subject: subject, evidence: []))
        return sightings.count - 1
    }

    /// The thread that the words of a lock name by now.
    func ownerTid(of sighting: LockSighting) -> UInt32? {
        guard case .offset(let offset) = sighting.place, case .glibc(let kind) = sighting.subject else { return nil }
        var now: LockSighting?
        switch kind {
        case .mutex:
            now = mutex(at: offset).map { LockSighting(place: sighting.place, subject: .glibc(.mutex($0)), evidence: []) }
        case .readWriteLock:
            let image = sources.image(key, around: offset, before: 0, behind: GlibcReadWriteLock.byteCount)
            now = image.flatMap { GlibcReadWriteLock($0.bytes) }
                .map { LockSighting(place: sighting.place, subject: .glibc(.readWriteLock($0)), evidence: []) }
        case .condition, .semaphore, .barrier: break
        }
        return now?.ownerTid
    }

    private func mutex(at offset: Int) -> GlibcMutex? {
        guard let image = sources.image(key, around: offset, before: 0, behind: GlibcMutex.byteCount),
            let mutex = GlibcMutex(image.bytes)
        else { return nil }
        if case .corrupt = mutex.state { return nil }
        return mutex
    }

    private func decode(_ wait: WordWait) -> Decoded {
        let place = LockPlace.offset(wait.offset)
        guard let image = sources.image(
            key, around: wait.offset, before: WaitedObject.bytesBefore, behind: WaitedObject.bytesBehind)
        else { return Decoded(place: place, subject: .word(nil), caveats: ["its bytes could not be read"]) }
        let found = WaitedObject.candidates(word: wait.offset, value: wait.value, takesLock: wait.takesLock, in: image)
        guard let chosen = choose(found, wait) else {
            let caveat =
                libraries.usesMusl(wait.thread.tid)
                ? "who waits runs with musl, whose locks are not decoded" : "it is none of glibc's objects: a program's own lock, most likely"
            return Decoded(place: place, subject: .word(image.halfWord(at: wait.offset)), caveats: [caveat])
        }
        var decoded = Decoded(place: .offset(chosen.offset), subject: .glibc(chosen.kind))
        let others = found.filter { $0 != chosen }.map(\.words)
        if !others.isEmpty { decoded.caveats = ["its bytes could be those of \(others.joined(separator: " or ")) too"] }
        return decoded
    }

    private func choose(_ found: [WaitedObject], _ wait: WordWait) -> WaitedObject? {
        let hasCondition = found.contains { if case .condition = $0.kind { true } else { false } }
        guard hasCondition, let layout = libraries.layout(of: wait.thread.tid) else { return found.first }
        return found.first { object in
            if case .condition(_, let its) = object.kind { its == layout } else { true }
        }
    }
}

extension LockSighting {
    fileprivate func hasSameKind(as other: Subject) -> Bool {
        switch (subject, other) {
        case (.ofSet, .ofSet), (.glibc(.mutex), .glibc(.mutex)), (.glibc(.condition), .glibc(.condition)), (.word, .word),
            (.glibc(.readWriteLock), .glibc(.readWriteLock)), (.glibc(.semaphore), .glibc(.semaphore)),
            (.glibc(.barrier), .glibc(.barrier)):
            true
        default: false
        }
    }
}

extension WaitedObject {
    fileprivate var words: String {
        switch kind {
        case .mutex: "a mutex at \(offset)"
        case .condition: "a condition at \(offset)"
        case .readWriteLock: "a rwlock at \(offset)"
        case .semaphore: "a semaphore at \(offset)"
        case .barrier: "a barrier at \(offset)"
        }
    }
}

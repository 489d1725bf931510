public import Observations

/// What a word is a part of that threads of several processes wait on, as far as its neighbours tell.
public struct WaitedObject: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        case mutex(GlibcMutex)
        case condition(GlibcCondition, GlibcCondition.Layout)
        case readWriteLock(GlibcReadWriteLock)
        case semaphore(GlibcSemaphore)
        case barrier(GlibcBarrier)
    }

    /// Where it begins, from the shared object's first byte.
    public let offset: Int
    public let kind: Kind

    /// Bytes before and behind the word that have to be known to tell.
    public static let bytesBefore = 48
    public static let bytesBehind = 56

    /// What the word can be a part of, each of glibc's objects that fits. None of them where another program waits, which
    /// shares no more with glibc than the kernel's call; several where the bytes fit more than one.
    ///
    /// The operation of the wait does not tell: a limit of time changes it. What does is the value that was waited on, which
    /// each object has of its own, and that the object says that processes share it, as only such a wait can meet another's.
    ///
    /// - Parameters:
    ///   - word: where the word stands, from the shared object's first byte.
    ///   - value: what the word was expected to be; nil where nobody waits on it.
    ///   - takesLock: whether the kernel is to hand the lock over, as it does of mutexes that inherit priority.
    ///   - image: ``bytesBefore`` the word and ``bytesBehind`` it, or what there is of them.
    public static func candidates(word: Int, value: UInt32?, takesLock: Bool, in image: Image) -> [WaitedObject] {
        guard word >= 0 else { return [] }
        let mutex = self.mutex(at: word, value: value, takesLock: takesLock, image)
        guard !takesLock else { return mutex.map { [$0] } ?? [] }
        return [mutex, semaphore(at: word, value: value, image), barrier(at: word, value: value, image)].compactMap { $0 }
            + readWriteLocks(word: word, value: value, image) + conditions(word: word, value: value, image)
    }

    private static func bytes(_ offset: Int, _ count: Int, _ image: Image) -> ArraySlice<UInt8>? {
        guard image.contains(offset, count: count) else { return nil }
        let start = offset - image.offset
        return image.bytes[start..<start + count]
    }

    private static func mutex(at offset: Int, value: UInt32?, takesLock: Bool, _ image: Image) -> WaitedObject? {
        guard offset % 8 == 0, let mutex = bytes(offset, GlibcMutex.byteCount, image).flatMap({ GlibcMutex($0) }), mutex.processShared
        else { return nil }
        if case .corrupt = mutex.state { return nil }
        let inherits = mutex.protocol == .inherit
        guard inherits == takesLock else { return nil }
        // The others' word says 2 where somebody waits, and that of a robust one who has it, with the highest bit.
        // The ceiling of one that protects priority stands above that.
        let number = mutex.protocol == .protect ? value.map { $0 & GlibcMutex.protectedValue } : value
        if let number, !inherits { guard mutex.robust ? number >> 31 == 1 : number == 2 else { return nil } }
        return WaitedObject(offset: offset, kind: .mutex(mutex))
    }

    private static func semaphore(at offset: Int, value: UInt32?, _ image: Image) -> WaitedObject? {
        guard offset % 8 == 0, value ?? 0 == 0,
            let found = bytes(offset, GlibcSemaphore.byteCount, image).flatMap({ GlibcSemaphore($0) }), found.processShared,
            value == nil || found.waiterCount > 0
        else { return nil }
        return WaitedObject(offset: offset, kind: .semaphore(found))
    }

    private static func barrier(at word: Int, value: UInt32?, _ image: Image) -> WaitedObject? {
        let offset = word - GlibcBarrier.waitOffset
        guard offset >= 0, offset % 4 == 0,
            let found = bytes(offset, GlibcBarrier.byteCount, image).flatMap({ GlibcBarrier($0) }), found.processShared
        else { return nil }
        // Who waits for an earlier round is on the way out.
        if let value { guard value % found.count == 0 else { return nil } }
        return WaitedObject(offset: offset, kind: .barrier(found))
    }

    private static func readWriteLocks(word: Int, value: UInt32?, _ image: Image) -> [WaitedObject] {
        // The words are 1 where they are to be waited on, and 2 more where somebody may.
        let phase = [GlibcReadWriteLock.phaseWaitOffset, GlibcReadWriteLock.writersWaitOffset]
        let distances: [Int]
        switch value {
        case nil: distances = phase
        case let value? where GlibcReadWriteLock.isPolite(value): distances = [GlibcReadWriteLock.politeReadersWaitOffset]
        case let value?: distances = value == 3 || value == 2 ? phase : []
        }
        return distances.compactMap { distance in
            let offset = word - distance
            guard offset >= 0, offset % 8 == 0,
                let found = bytes(offset, GlibcReadWriteLock.byteCount, image).flatMap({ GlibcReadWriteLock($0) }), found.processShared
            else { return nil }
            return WaitedObject(offset: offset, kind: .readWriteLock(found))
        }
    }

    private static func conditions(word: Int, value: UInt32?, _ image: Image) -> [WaitedObject] {
        GlibcCondition.Layout.allCases.flatMap { layout in
            layout.waits.compactMap { wait in
                let offset = word - wait.offset
                guard offset >= 0, offset % 8 == 0, value.map(wait.expects) ?? (wait.purpose == .signal),
                    let found = bytes(offset, GlibcCondition.byteCount, image).flatMap({ GlibcCondition($0, layout: layout) }),
                    found.processShared, value.map({ found.isWaitedOn($0, for: wait.purpose) }) ?? true
                else { return nil }
                return WaitedObject(offset: offset, kind: .condition(found, layout))
            }
        }
    }
}

extension GlibcCondition {
    /// Whether it counts somebody who waits, and what else there is where a thread waits for something of it. Other programs'
    /// words are waited on with other values than 0 as well: there its counts have to fit one another.
    fileprivate func isWaitedOn(_ value: UInt32, for purpose: WaitPurpose) -> Bool {
        guard waiterCount > 0, waitCount > 0, purpose != .waitersToLeave || isBeingDestroyed else { return false }
        return (value == 0 && purpose == .signal) || hasFittingCounts
    }
}

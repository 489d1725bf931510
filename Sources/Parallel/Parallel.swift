import CShmlens
import Glibc
import Synchronization

/// Works on the parts of a list on several processors at a time, and waits for all of it.
///
/// What is looked at here are thousands of files of `/proc` and of folders: each answers in microseconds, and one thread
/// that asks them one after the other leaves the other processors idle.
///
/// - Parameters:
///   - elements: what is worked on. A list that makes one part is worked on by the caller alone.
///   - grain: elements of a part; so many that a part is worth more than handing it over, a few microseconds.
///   - body: gets a part; called from several threads at a time.
/// - Returns: what `body` made of the parts, in their order.
package func inParallel<Element: Sendable, Output: Sendable>(
    _ elements: [Element], grain: Int, _ body: @escaping @Sendable (ArraySlice<Element>) -> [Output]
) -> [Output] {
    precondition(grain > 0, "a part has elements")
    let partCount = (elements.count + grain - 1) / grain
    guard partCount > 1 else { return body(elements[...]) }
    let board = Board<[Output]>(partCount: partCount)
    withHelpers(upTo: partCount - 1) {
        while let index = board.takeNext() {
            let start = index * grain
            board.put(body(elements[start..<min(start + grain, elements.count)]), at: index)
        }
    }
    let parts = board.results()
    var all: [Output] = []
    all.reserveCapacity(elements.count)
    for part in parts { all.append(contentsOf: part) }
    return all
}

/// Does two things on two processors at a time, and waits for both.
package func bothInParallel<First: Sendable, Second: Sendable>(
    _ first: @escaping @Sendable () -> First, _ second: @escaping @Sendable () -> Second
) -> (First, Second) {
    let firstResult = Board<First>(partCount: 1)
    let secondResult = Board<Second>(partCount: 1)
    withHelpers(upTo: 1) {
        if firstResult.takeNext() != nil { firstResult.put(first(), at: 0) }
        if secondResult.takeNext() != nil { secondResult.put(second(), at: 0) }
    }
    return (firstResult.results()[0], secondResult.results()[0])
}

/// Threads of ``runAside(nanosecondsMax:_:)`` that are out at most: one that something more urgent keeps from its processor
/// may never come back.
private let asideMax = 4
private let asideCount = Atomic(0)

/// Does something in a thread of its own, and waits for it, but no longer than a limit. What is not done by then goes on alone.
///
/// - Returns: whether it is done; false also where too many of those before are still out, or no thread is to be had.
package func runAside(nanosecondsMax: Int64, _ work: @escaping @Sendable () -> Void) -> Bool {
    final class Done: Sendable { let isDone = Atomic(false) }
    var allowed = shmlens_processors()
    var processorCount: Int32 = 0
    guard unsafe shmlens_allowed_processors(&allowed, &processorCount) == 0 else { return false }
    guard asideCount.add(1, ordering: .relaxed).newValue <= asideMax else {
        asideCount.subtract(1, ordering: .relaxed)
        return false
    }
    let done = Done()
    let helper = HelperWork(allowed) {
        work()
        asideCount.subtract(1, ordering: .relaxed)
        done.isDone.store(true, ordering: .releasing)
    }
    let handed = unsafe Unmanaged.passRetained(helper)
    var thread = pthread_t()
    guard unsafe shmlens_start_elsewhere(&thread, &allowed, runHelper, handed.toOpaque()) == 0 else {
        unsafe handed.release()
        asideCount.subtract(1, ordering: .relaxed)
        return false
    }
    let end = ContinuousClock.now + .nanoseconds(nanosecondsMax)
    while !done.isDone.load(ordering: .acquiring) {
        guard ContinuousClock.now < end else {
            pthread_detach(thread)
            return false
        }
        usleep(asidePauseMicroseconds)
    }
    pthread_join(thread, nil)
    return true
}

private let asidePauseMicroseconds: UInt32 = 100

/// Parts of some work, each taken once, and what came of them.
private final class Board<Output: Sendable>: Sendable {
    /// What came of one part: written by who took it, read when all have come back. So nobody ever waits here.
    private final class Place: Sendable {
        let output = Mutex<Output?>(nil)
    }

    private let taken = Atomic(0)
    private let places: [Place]

    init(partCount: Int) { places = (0..<partCount).map { _ in Place() } }

    func takeNext() -> Int? {
        let index = taken.add(1, ordering: .relaxed).oldValue
        return index < places.count ? index : nil
    }

    func put(_ output: Output, at index: Int) { places[index].output.withLock { $0 = output } }

    /// Once all who took parts have come back.
    func results() -> [Output] {
        places.map { place in
            guard let output = place.output.withLock({ $0 }) else { preconditionFailure("each part was done") }
            return output
        }
    }
}

/// Threads at work beside the caller at most: the kernel's own locks make more of them wait for one another.
private let helpersMax = 3

/// Runs `work` in the caller and in some threads beside it, and waits for those that have begun by the time that the caller
/// is done. Where there is one processor, or no thread is to be had, the caller works alone.
private func withHelpers(upTo count: Int, _ work: @escaping @Sendable () -> Void) {
    var allowed = shmlens_processors()
    var processorCount: Int32 = 0
    let isKnown = unsafe shmlens_allowed_processors(&allowed, &processorCount) == 0
    var helpers: [(thread: pthread_t, work: HelperWork)] = []
    for _ in 0..<max(0, isKnown ? min(count, helpersMax, Int(processorCount) - 1) : 0) {
        let helper = HelperWork(allowed, work)
        let handed = unsafe Unmanaged.passRetained(helper)
        var thread = pthread_t()
        guard unsafe shmlens_start_elsewhere(&thread, &allowed, runHelper, handed.toOpaque()) == 0 else {
            unsafe handed.release()
            break
        }
        helpers.append((thread, helper))
    }
    work()
    for (thread, helper) in helpers {
        // One that something more urgent keeps from its processor has nothing left to do, and is not waited for.
        if helper.isCalledOff() { pthread_detach(thread) } else { pthread_join(thread, nil) }
    }
}

/// What a new thread is handed through C.
private final class HelperWork: Sendable {
    private let processors: shmlens_processors
    private let body: @Sendable () -> Void
    /// Whether it has begun, or been called off: whichever came first.
    private let isDecided = Atomic(false)

    init(_ processors: shmlens_processors, _ body: @escaping @Sendable () -> Void) {
        self.processors = processors
        self.body = body
    }

    /// Calls it off where it has not begun; answers whether that was so.
    func isCalledOff() -> Bool { !isDecided.exchange(true, ordering: .acquiringAndReleasing) }

    func run() {
        var processors = processors
        _ = unsafe shmlens_run_on(&processors)
        if !isDecided.exchange(true, ordering: .acquiringAndReleasing) { body() }
    }
}

private func runHelper(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pointer = unsafe pointer else { return nil }
    unsafe Unmanaged<HelperWork>.fromOpaque(pointer).takeRetainedValue().run()
    return nil
}

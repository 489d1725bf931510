/// Who waits for which lock, and who has it. Pure: whoever looks at the host says what there is.
///
/// A thread waits for one lock at a time, and a lock that is known to have an owner has one: so each thread leads to one
/// other at most, and where that comes back to a thread, nobody on the way can go on.
public struct WaitGraph: Sendable {
    public struct Thread: Sendable, Hashable, Comparable {
        public let pid: Int32
        public let tid: Int32

        public init(pid: Int32, tid: Int32) {
            self.pid = pid
            self.tid = tid
        }

        public static func < (left: Thread, right: Thread) -> Bool { (left.pid, left.tid) < (right.pid, right.tid) }
    }

    public struct Lock: Sendable, Hashable, Comparable {
        public let segment: SegmentIdentifier
        public let place: LockPlace

        public init(segment: SegmentIdentifier, place: LockPlace) {
            self.segment = segment
            self.place = place
        }

        public static func < (left: Lock, right: Lock) -> Bool {
            left.segment == right.segment ? left.place < right.place : left.segment < right.segment
        }
    }

    /// Threads none of which can go on before another does.
    public struct Deadlock: Sendable, Hashable {
        /// Each waits for a lock that the next one has, and the last for one that the first has. The least of them stands first.
        public let threads: [Thread]
        /// Which lock each of them waits for.
        public let locks: [Lock]
        /// Who waits for one of them, or for who waits for one, and is not in the circle itself.
        public let victims: [Thread]
    }

    private var waits: [Thread: Lock] = [:]
    private var owners: [Lock: Thread] = [:]

    public init() {}

    public mutating func add(_ thread: Thread, waitsFor lock: Lock) { waits[thread] = lock }

    public mutating func add(_ lock: Lock, ownedBy thread: Thread) { owners[lock] = thread }

    /// What a thread waits for.
    public func lock(awaitedBy thread: Thread) -> Lock? { waits[thread] }

    public func owner(of lock: Lock) -> Thread? { owners[lock] }

    /// Who has what a thread waits for.
    private func next(after thread: Thread) -> Thread? { waits[thread].flatMap { owners[$0] } }

    /// All circles, each once, in the order of their first threads. O(threads).
    public func deadlocks() -> [Deadlock] {
        var circleOf: [Thread: Int] = [:]
        var circles: [[Thread]] = []
        var seen: Set<Thread> = []
        for start in waits.keys.sorted() where !seen.contains(start) {
            var path: [Thread] = []
            var indices: [Thread: Int] = [:]
            var thread: Thread? = start
            while let current = thread, !seen.contains(current) {
                seen.insert(current)
                indices[current] = path.count
                path.append(current)
                thread = next(after: current)
            }
            // It came back to where it had been on this way, or to where an earlier one was.
            guard let end = thread, let first = indices[end] else { continue }
            let circle = Self.turned(Array(path[first...]))
            for member in circle { circleOf[member] = circles.count }
            circles.append(circle)
        }
        let victims = victims(of: circleOf)
        return circles.enumerated()
            .map { index, circle in
                Deadlock(threads: circle, locks: circle.compactMap { waits[$0] }, victims: victims[index, default: []].sorted())
            }
            .sorted { $0.threads[0] < $1.threads[0] }
    }

    /// A circle, begun with the least of its threads.
    private static func turned(_ circle: [Thread]) -> [Thread] {
        guard let least = circle.indices.min(by: { circle[$0] < circle[$1] }) else { return circle }
        return Array(circle[least...] + circle[..<least])
    }

    /// By the index of the circle that they wait for.
    private func victims(of circleOf: [Thread: Int]) -> [Int: [Thread]] {
        var leadsTo: [Thread: Int?] = circleOf.mapValues { $0 }
        var victims: [Int: [Thread]] = [:]
        for start in waits.keys where circleOf[start] == nil {
            var path: [Thread] = []
            var thread: Thread? = start
            while let current = thread, leadsTo[current] == nil {
                // Who comes back here on the way is in a circle, and those are known.
                leadsTo[current] = .some(nil)
                path.append(current)
                thread = next(after: current)
            }
            guard let circle = thread.flatMap({ leadsTo[$0] ?? nil }) else { continue }
            for member in path {
                leadsTo[member] = circle
                victims[circle, default: []].append(member)
            }
        }
        return victims
    }

    /// From a thread to who it waits for in the end: the thread itself, then who has what it waits for, and so on. Ends
    /// with who waits for nothing that is known, or before the first that stood on the way already.
    public func chain(from thread: Thread) -> [Thread] {
        var chain: [Thread] = []
        var seen: Set<Thread> = []
        var next: Thread? = thread
        while let current = next, seen.insert(current).inserted {
            chain.append(current)
            next = self.next(after: current)
        }
        return chain
    }
}

import SegmentFormat
public import SharedSegments

/// One operation, and the state that it begins in: what is killed at each of its stores.
public struct CrashScenario: Sendable, CustomStringConvertible {
    public typealias Action = @Sendable (Segment) throws(SegmentError) -> Void

    public let name: String
    public let poolBytes: Int
    /// Brings a new segment into the state before.
    public let prepare: Action
    /// The operations in question, most often one. Each is whole or not there at all.
    public let operations: [Action]
    /// Whether they are refused for lack of room: killed in the middle of taking themselves back.
    public let isRefused: Bool

    public var description: String { name }

    init(
        _ name: String, poolBytes: Int = 16384, isRefused: Bool = false,
        _ pieces: [Piece] = [], keepsRest: Bool = false, freeing: [Int]? = nil, does operation: @escaping Action
    ) {
        self.init(name, poolBytes: poolBytes, isRefused: isRefused, operations: [operation]) {
            (segment) throws(SegmentError) in
            try Arena.lay(pieces, in: segment, keepsRest: keepsRest, freeing: freeing)
        }
    }

    init(
        _ name: String, poolBytes: Int = 16384, isRefused: Bool = false, operations: [Action],
        prepare: @escaping Action
    ) {
        self.name = name
        self.poolBytes = poolBytes
        self.isRefused = isRefused
        self.operations = operations
        self.prepare = prepare
    }

    /// Runs the operations; one that is refused for lack of room has run.
    public func operate(on segment: Segment) throws(SegmentError) {
        for operation in operations {
            do throws(SegmentError) {
                try operation(segment)
            } catch {
                guard isRefused, case .noFreeBlock = error else { throw error }
            }
        }
    }

    /// Participants and events of each scenario's segment.
    public static let participants = 4
    public static let events = 16

    public var options: SegmentOptions {
        SegmentOptions(capacityBytes: poolBytes, maxParticipants: Self.participants, eventCount: Self.events)
    }

    public static let all: [CrashScenario] =
        allocations + treeAllocations + alignedAllocations + frees + treeFrees + resizes + participation + states
    public static func named(_ name: String) -> CrashScenario? { all.first { $0.name == name } }
}

/// Operations as scenarios name them.
private enum Do {
    static func allocate(granules: Int) -> CrashScenario.Action {
        allocate(sizeBytes: Arena.payload(granules: granules))
    }

    static func allocate(sizeBytes: Int, alignment: Int = 16) -> CrashScenario.Action {
        { (segment) throws(SegmentError) in
            try segment.withLock { (locked) throws(SegmentError) in
                _ = try locked.allocate(sizeBytes: sizeBytes, alignment: alignment, tag: Tag("new") ?? .none)
            }
        }
    }

    static func free(_ tag: String) -> CrashScenario.Action {
        { (segment) throws(SegmentError) in
            try segment.withLock { (locked) throws(SegmentError) in
                try locked.free(try Arena.offset(of: tag, in: locked))
            }
        }
    }

    static func resize(_ tag: String, to sizeBytes: Int) -> CrashScenario.Action {
        { (segment) throws(SegmentError) in
            try segment.withLock { (locked) throws(SegmentError) in
                _ = try locked.resize(try Arena.offset(of: tag, in: locked), to: sizeBytes)
            }
        }
    }

    static func resize(_ tag: String, granules: Int) -> CrashScenario.Action {
        resize(tag, to: Arena.payload(granules: granules))
    }

    static func join(_ name: String) -> CrashScenario.Action {
        { (segment: Segment) throws(SegmentError) -> Void in
            _ = try segment.join(name: name)
        }
    }

    static func leave(slot: UInt32, generation: UInt32) -> CrashScenario.Action {
        { (segment) throws(SegmentError) in
            try segment.leave(Participant(key: OwnerKey(slot: slot, generation: generation), name: ""))
        }
    }

    static func joinDead(_ name: String) -> CrashScenario.Action {
        { (segment: Segment) throws(SegmentError) -> Void in
            // No pid is that large: the kernel's limit is 2^22.
            let dead = ProcessIdentity(
                pid: 1 << 30, uid: segment.process.uid, pidNamespace: segment.process.pidNamespace,
                startTime: segment.process.startTime)
            _ = try segment.join(dead, name: name)
        }
    }

    static func allocate(tag: String, as slot: UInt32, generation: UInt32) -> CrashScenario.Action {
        { (segment: Segment) throws(SegmentError) -> Void in
            let owner = Participant(key: OwnerKey(slot: slot, generation: generation), name: "")
            try segment.withLock(as: owner) { (locked) throws(SegmentError) in
                _ = try locked.allocate(sizeBytes: 200, tag: Tag(tag) ?? .none)
            }
        }
    }

    static func bury() -> CrashScenario.Action {
        { (segment) throws(SegmentError) in
            try segment.withLock { (locked) throws(SegmentError) in
                let count = try locked.bury()
                precondition(count == 1, "the scenario has one dead participant")
            }
        }
    }

    static func reclaim() -> CrashScenario.Action {
        { (segment) throws(SegmentError) in
            try segment.withLock { (locked) throws(SegmentError) in
                let freed = try locked.reclaim(from: 0, limit: 1000)
                precondition(freed.blocks == 1, "the scenario has one orphan")
            }
        }
    }

    static func lay(_ pieces: [Piece]) -> CrashScenario.Action {
        { (segment) throws(SegmentError) in try Arena.lay(pieces, in: segment) }
    }

    static func count() -> CrashScenario.Action {
        { (segment) throws(SegmentError) in
            try segment.withLock { (locked) throws(SegmentError) in _ = try locked.count() }
        }
    }

    static func text(_ text: String) -> CrashScenario.Action {
        { (segment) throws(SegmentError) in
            try segment.withLock { (locked) throws(SegmentError) in try locked.setText(text) }
        }
    }

    static func flag(_ flag: UInt32) -> CrashScenario.Action {
        { (segment) throws(SegmentError) in
            try segment.withLock { (locked) throws(SegmentError) in try locked.setFlag(flag) }
        }
    }

    static func write(_ tag: String) -> CrashScenario.Action {
        { (segment) throws(SegmentError) in
            try segment.withLock { (locked) throws(SegmentError) in
                let bytes: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
                let offset = try Arena.offset(of: tag, in: locked)
                try locked.write(unsafe bytes.span.bytes, at: offset + 3)
            }
        }
    }
}

extension CrashScenario {
    /// From the lists of small sizes.
    static let allocations: [CrashScenario] = [
        CrashScenario("allocate: the first block of a segment", keepsRest: true, does: Do.allocate(granules: 3)),
        CrashScenario("allocate: the whole pool", keepsRest: true, does: Do.allocate(granules: 256)),
        CrashScenario("allocate: a payload that ends within a word", keepsRest: true, does: Do.allocate(sizeBytes: 101)),
        CrashScenario(
            "allocate: exact fit, alone in its list", [.used("a", 1), .free(3), .used("b", 1)],
            does: Do.allocate(granules: 3)),
        CrashScenario(
            "allocate: exact fit, first of its list",
            [.used("a", 1), .free(3), .used("b", 1), .free(3), .used("c", 1)], does: Do.allocate(granules: 3)),
        CrashScenario(
            "allocate: split, the remainder alone in its list", [.used("a", 1), .free(9), .used("b", 1)],
            does: Do.allocate(granules: 4)),
        CrashScenario(
            "allocate: split, the remainder before others in its list",
            [.used("a", 1), .free(9), .used("b", 1), .free(5), .used("c", 1)], does: Do.allocate(granules: 6)),
        CrashScenario(
            "allocate: split, with a descriptor that was given back",
            [.used("a", 1), .free(1), .free(1), .free(1), .used("b", 1), .free(9), .used("c", 1)],
            does: Do.allocate(granules: 4)),
        CrashScenario(
            "allocate: refused", isRefused: true, [.used("a", 1), .free(3), .used("b", 1)],
            does: Do.allocate(granules: 4)),
    ]

    /// Gaps of many sizes between used blocks. The sizes stand in one tree, freed in this order.
    private static func forest(_ sizes: [Int]) -> [Piece] {
        var pieces: [Piece] = [.used("first", 1)]
        for (index, size) in sizes.enumerated() { pieces += [.free(size), .used("u\(index)", 1)] }
        return pieces
    }

    /// Bin 6 holds 64 to 127 granules: 96 is the root, its children are in 64 to 95 and 96 to 127, and so on.
    private static let bush = [96, 66, 100, 70, 110, 88, 127, 64]

    private static func takes(_ name: String, _ sizes: [Int], _ granules: Int) -> CrashScenario {
        CrashScenario(name, poolBytes: 65536, forest(sizes), does: Do.allocate(granules: granules))
    }

    static let treeAllocations: [CrashScenario] = [
        takes("allocate: the only block of a tree", [70], 70),
        takes("allocate: split of the only block of a tree, the remainder in a list", [70], 40),
        takes("allocate: split, the remainder in the same tree", [90, 200], 130),
        takes("allocate: split, the remainder in another tree", [400], 100),
        takes("allocate: a root with children, a leaf takes its place", bush, 96),
        takes("allocate: an inner block of a tree", bush, 66),
        takes("allocate: a block with one child", [96, 66, 70], 66),
        takes("allocate: a leaf", bush, 127),
        takes("allocate: not on the way down, the least beside it", [96, 66, 120, 112], 97),
        takes("allocate: the smallest of a larger tree", [140, 130, 200], 127),
        takes("allocate: one of two equal blocks at the root", [70, 70], 70),
        takes("allocate: one of three equal blocks with children", [96, 96, 96, 66, 100], 96),
        takes("allocate: one of two equal blocks inside a tree", [96, 66, 66, 70, 88], 66),
        CrashScenario(
            "allocate: refused with trees", poolBytes: 65536, isRefused: true, forest(bush),
            does: Do.allocate(granules: 128)),
    ]

    private static func aligned(
        _ name: String, _ pieces: [Piece], keepsRest: Bool = false, size: Int, alignment: Int
    ) -> CrashScenario {
        CrashScenario(
            name, pieces, keepsRest: keepsRest, does: Do.allocate(sizeBytes: size, alignment: alignment))
    }

    /// The pool begins on a page, and an aligned payload 64 bytes into its span: a span for 4096 begins at granule
    /// 63, 127, 191.
    static let alignedAllocations: [CrashScenario] = [
        aligned("aligned: to 32", [.used("a", 1), .free(3), .used("b", 1)], size: 100, alignment: 32),
        aligned("aligned: prefix and remainder", [], keepsRest: true, size: 500, alignment: 4096),
        aligned("aligned: prefix without remainder", [.used("a", 40), .free(28), .used("b", 1)], size: 248, alignment: 4096),
        aligned("aligned: remainder without prefix", [.used("a", 63), .free(20), .used("b", 1)], size: 248, alignment: 4096),
        aligned("aligned: neither", [.used("a", 63), .free(5), .used("b", 1)], size: 248, alignment: 4096),
        aligned("aligned: prefix and remainder at the pool's end", [.used("a", 180)], keepsRest: true, size: 1000, alignment: 1024),
        aligned(
            "aligned: the second candidate", [.used("a", 1), .free(6), .used("b", 56), .free(6), .used("c", 1)],
            size: 248, alignment: 4096),
        CrashScenario(
            "aligned: refused", isRefused: true, [.used("a", 1), .free(20), .used("b", 1)],
            does: Do.allocate(sizeBytes: 8, alignment: 4096)),
    ]

    static let frees: [CrashScenario] = [
        CrashScenario("free: the only block", [.used("a", 256)], does: Do.free("a")),
        CrashScenario("free: between used ones", [.used("a", 1), .used("x", 3), .used("b", 1)], does: Do.free("x")),
        CrashScenario(
            "free: between used ones, into a list with others",
            [.used("a", 1), .used("x", 3), .used("b", 1), .free(3), .used("c", 1)], does: Do.free("x")),
        CrashScenario(
            "free: joined with the left", [.used("a", 1), .free(2), .used("x", 3), .used("b", 1)], does: Do.free("x")),
        CrashScenario(
            "free: joined with the right", [.used("a", 1), .used("x", 3), .free(2), .used("b", 1)], does: Do.free("x")),
        CrashScenario(
            "free: joined with both", [.used("a", 1), .free(2), .used("x", 3), .free(4), .used("b", 1)],
            does: Do.free("x")),
        CrashScenario(
            "free: joined with both, neighbours in one list",
            [.used("a", 1), .free(2), .used("x", 3), .free(2), .used("b", 1)], does: Do.free("x")),
        CrashScenario(
            "free: joined with both, neighbours in one list among others",
            [.free(2), .used("a", 1), .free(2), .used("x", 3), .free(2), .used("b", 1), .free(2), .used("c", 1)],
            does: Do.free("x")),
        CrashScenario(
            "free: joined with both, nothing else in the pool", [.free(2), .used("x", 3)], keepsRest: true,
            does: Do.free("x")),
        CrashScenario("free: at the pool's end", [.used("a", 253), .used("x", 3)], does: Do.free("x")),
    ]

    private static func joins(_ name: String, left: Int, right: Int, _ others: [Int] = [], freeing: [Int]? = nil)
        -> CrashScenario
    {
        CrashScenario(
            name, poolBytes: 65536,
            [.used("a", 1), .free(left), .used("x", 3), .free(right), .used("b", 1)] + forest(others), freeing: freeing,
            does: Do.free("x"))
    }

    static let treeFrees: [CrashScenario] = [
        joins("free: joined with blocks of two trees", left: 70, right: 140),
        joins("free: neighbours are parent and child", left: 96, right: 66, [120]),
        joins("free: neighbours are child and parent", left: 66, right: 96, [120], freeing: [1, 0, 2]),
        joins("free: neighbours are in one ring", left: 70, right: 70),
        joins("free: neighbours are in one ring of three", left: 70, right: 70, [70], freeing: [2, 0, 1]),
        joins("free: the left is the ring's one in the tree", left: 96, right: 96, [96, 66, 100], freeing: [0, 2, 1, 3, 4]),
        joins("free: the leaf that takes the right one's place is the left", left: 110, right: 96, [66], freeing: [1, 2, 0]),
        joins("free: the leaf that takes the left one's place is the right", left: 96, right: 110, [66], freeing: [0, 2, 1]),
        joins("free: joined into the same ring as another", left: 30, right: 37, [70]),
    ]

    static let resizes: [CrashScenario] = [
        CrashScenario(
            "resize: the same size", [.used("a", 1), .used("x", 3), .used("b", 1)], does: Do.resize("x", granules: 3)),
        CrashScenario(
            "resize: the same span", [.used("a", 1), .used("x", 3), .used("b", 1)], does: Do.resize("x", to: 131)),
        CrashScenario(
            "resize: up in place, some of the right is left", [.used("a", 1), .used("x", 3), .free(9), .used("b", 1)],
            does: Do.resize("x", granules: 7)),
        CrashScenario(
            "resize: up in place, all of the right is taken", [.used("a", 1), .used("x", 3), .free(9), .used("b", 1)],
            does: Do.resize("x", granules: 12)),
        CrashScenario(
            "resize: up in place, to the pool's end", [.used("a", 1), .used("x", 3)], keepsRest: true,
            does: Do.resize("x", granules: 255)),
        CrashScenario(
            "resize: down in place, before a used one", [.used("a", 1), .used("x", 9), .used("b", 1)],
            does: Do.resize("x", to: 77)),
        CrashScenario(
            "resize: down in place, before a free one", [.used("a", 1), .used("x", 9), .free(4), .used("b", 1)],
            does: Do.resize("x", to: 77)),
        CrashScenario(
            "resize: moved, nothing to join", [.used("a", 1), .used("x", 3), .used("b", 1), .free(9), .used("c", 1)],
            does: Do.resize("x", granules: 5)),
        CrashScenario(
            "resize: moved, joined with the left and too small right",
            [.used("a", 1), .free(2), .used("x", 3), .free(1), .used("b", 1), .free(9), .used("c", 1)],
            does: Do.resize("x", granules: 9)),
        CrashScenario(
            "resize: moved to the block on its left",
            [.used("a", 1), .free(20), .used("x", 3), .used("b", 1)], does: Do.resize("x", granules: 8)),
        CrashScenario(
            "resize: moved from tree to tree", poolBytes: 65536,
            [.used("a", 1), .free(80), .used("x", 70), .used("b", 1), .free(200), .used("c", 1)],
            does: Do.resize("x", granules: 90)),
        CrashScenario(
            "resize: refused", isRefused: true, [.used("a", 1), .used("x", 3), .free(2), .used("b", 1)],
            does: Do.resize("x", granules: 9)),
    ]
}

extension CrashScenario {
    private static func steps(
        _ name: String, after prepare: [Action] = [], poolBytes: Int = 4096, do operations: Action...
    ) -> CrashScenario {
        CrashScenario(name, poolBytes: poolBytes, operations: operations) { (segment) throws(SegmentError) in
            for action in prepare { try action(segment) }
        }
    }

    static let participation: [CrashScenario] = [
        steps(
            "reclaim: an orphan between free blocks",
            after: [
                Do.lay([.used("a", 1), .free(3)]), Do.join("dead"), Do.allocate(tag: "orphan", as: 1, generation: 1),
                Do.leave(slot: 1, generation: 1),
            ], do: Do.reclaim()),
        steps("join", after: [Do.join("other")], do: Do.join("new")),
        steps(
            "join: a slot that was used before",
            after: [Do.join("a name of twenty-four b"), Do.join("other"), Do.leave(slot: 1, generation: 1)],
            do: Do.join("new")),
        steps("leave", after: [Do.join("one"), Do.join("two")], do: Do.leave(slot: 2, generation: 2)),
        steps("bury", after: [Do.join("living"), Do.joinDead("dead")], do: Do.bury()),
        steps("bury, then reclaim", after: [
            Do.joinDead("dead"), Do.allocate(tag: "orphan", as: 1, generation: 1),
        ], do: Do.bury(), Do.reclaim()),
    ]

    static let states: [CrashScenario] = [
        steps("count", do: Do.count()),
        steps("text: longer", after: [Do.text("short")], do: Do.text("the quick brown fox")),
        steps("text: shorter", after: [Do.text(String(repeating: "long", count: 30))], do: Do.text("short")),
        steps("text: none", after: [Do.text("gone")], do: Do.text("")),
        steps(
            "text: as long as can be", after: [Do.text(String(repeating: "y", count: 1000))],
            do: Do.text(String(repeating: "x", count: 1024))),
        steps("flag", do: Do.flag(.max)),
        steps("write: bytes", after: [Do.lay([.used("x", 3)])], do: Do.write("x")),
        steps("count, allocate, free", after: [Do.lay([.used("a", 3)])], do: Do.count(), Do.allocate(granules: 2), Do.free("a")),
    ]
}

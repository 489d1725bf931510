public import SharedSegments

/// How a worker does what it does; the names are the API's keys. What is nil has the default that its line says.
public struct WorkloadOptions: Sendable, Equatable {
    /// Operations of each worker; default: no limit, of `hold` one. Of `crash` those before the end begins: none.
    public var operations: Int?
    /// Operations a second of each worker; default: as fast as it goes.
    public var ratePerSecond: Double?
    /// What the random choices come from; default: another one each time.
    public var seed: UInt64?
    /// How long it works; default: no limit, of `falsesharing` one second.
    public var durationMilliseconds: Int?
    /// `hold`: how long it keeps the lock; default: until it is told to end.
    public var holdMilliseconds: Int?
    /// `crash`: before which store under the lock it ends, counted from 1; default: a random one.
    public var step: Int?
    /// `trespass`: the first byte of the range that it protects, whole pages; default: the pool.
    public var offset: Int?
    /// `trespass`: how many bytes; default: to the end.
    public var length: Int?
    /// `trespass`: what it may still do there; default `read`. Without any of the three, it maps all read-only.
    public var access: ProtectedRange.Access?
    /// `falsesharing`; default `both`.
    public var padding: Padding?
    /// `pingpong`; default `futex`.
    public var primitive: Primitive?

    public init() {}

    /// What the numbers may be.
    public enum Limit {
        public static let operations = 1...1_000_000_000_000_000
        /// One in a quarter of an hour to a million.
        public static let ratePerSecond = 0.001...1_000_000
        /// One week.
        public static let milliseconds = 1...604_800_000
        /// Time for some turns of both kinds.
        public static let falsesharingMilliseconds = 200...604_800_000
        public static let step = 1...1_000_000
        public static let bytes = 0...(1 << 50)
    }

    /// - Throws: ``WorkloadOptionError`` for the first option that is out of its range, or that means nothing to this
    ///   workload: an option without an effect would be a lie.
    public func check(for kind: WorkloadKind) throws(WorkloadOptionError) {
        try check("operations", operations, in: Limit.operations)
        try check("ratePerSecond", ratePerSecond, in: Limit.ratePerSecond)
        try check(
            "durationMilliseconds", durationMilliseconds,
            in: kind == .falsesharing ? Limit.falsesharingMilliseconds : Limit.milliseconds)
        try check("holdMilliseconds", holdMilliseconds, in: Limit.milliseconds)
        try check("step", step, in: Limit.step)
        try check("offset", offset, in: Limit.bytes)
        try check("length", length, in: Limit.bytes)
        try require("holdMilliseconds", holdMilliseconds == nil, only: .hold, kind)
        try require("step", step == nil, only: .crash, kind)
        try require("offset", offset == nil, only: .trespass, kind)
        try require("length", length == nil, only: .trespass, kind)
        try require("access", access == nil, only: .trespass, kind)
        try require("padding", padding == nil, only: .falsesharing, kind)
        try require("primitive", primitive == nil, only: .pingpong, kind)
    }

    /// The same, and what only the segment tells: where it begins and ends.
    public func check(for kind: WorkloadKind, in segment: Segment) throws(WorkloadOptionError) {
        try check(for: kind)
        if kind == .trespass { try Trespass.check(self, in: segment) }
    }

    private func check<Value: Comparable>(
        _ field: String, _ value: Value?, in range: ClosedRange<Value>
    ) throws(WorkloadOptionError) {
        guard let value, !range.contains(value) else { return }
        throw WorkloadOptionError(
            field: field, reason: "must be \(range.lowerBound) to \(range.upperBound), not \(value)")
    }

    private func require(
        _ field: String, _ isAbsent: Bool, only owner: WorkloadKind, _ kind: WorkloadKind
    ) throws(WorkloadOptionError) {
        guard isAbsent || kind == owner else {
            throw WorkloadOptionError(
                field: field, reason: "is for the workload \(owner.rawValue); \(kind.rawValue) has no use for it")
        }
    }

    /// The same as options of the command line: the keys in kebab-case.
    public var arguments: [String] {
        var result: [String] = []
        func add(_ key: String, _ value: String?) {
            guard let value else { return }
            result += ["--" + Self.kebabCase(key), value]
        }
        add("operations", operations.map { "\($0)" })
        add("ratePerSecond", ratePerSecond.map { "\($0)" })
        add("seed", seed.map { "\($0)" })
        add("durationMilliseconds", durationMilliseconds.map { "\($0)" })
        add("holdMilliseconds", holdMilliseconds.map { "\($0)" })
        add("step", step.map { "\($0)" })
        add("offset", offset.map { "\($0)" })
        add("length", length.map { "\($0)" })
        add("access", access?.rawValue)
        add("padding", padding?.rawValue)
        add("primitive", primitive?.rawValue)
        return result
    }

    private static func kebabCase(_ key: String) -> String {
        key.reduce(into: "") { result, character in
            if character.isUppercase { result += "-" }
            result += character.lowercased()
        }
    }
}

/// An option that is not acceptable.
public struct WorkloadOptionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The API's key.
    public let field: String
    public let reason: String

    public init(field: String, reason: String) {
        self.field = field
        self.reason = reason
    }

    public var description: String { "\(field): \(reason)" }
}

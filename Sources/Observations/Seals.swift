/// What a memfd was promised not to become; fcntl(2), F_GET_SEALS.
@frozen
public struct Seals: OptionSet, Hashable, Sendable {
    public let rawValue: Int32

    @inlinable
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// No more seals.
    public static let seal = Seals(rawValue: 0x1)
    /// Never shorter.
    public static let shrink = Seals(rawValue: 0x2)
    /// Never longer.
    public static let grow = Seals(rawValue: 0x4)
    /// Never written again.
    public static let write = Seals(rawValue: 0x8)
    /// Never written by a mapping or descriptor that there is not yet.
    public static let futureWrite = Seals(rawValue: 0x10)
    /// Never executable, or never again otherwise; since Linux 6.3.
    public static let exec = Seals(rawValue: 0x20)

    /// By the names that the API has for them.
    public static let names: [(seal: Seals, name: String)] = [
        (.seal, "seal"), (.shrink, "shrink"), (.grow, "grow"), (.write, "write"), (.futureWrite, "futureWrite"),
        (.exec, "exec"),
    ]

    public var names: [String] { Self.names.filter { contains($0.seal) }.map(\.name) }
}

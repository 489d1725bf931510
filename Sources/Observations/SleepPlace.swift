/// The call that a thread sleeps in.
public struct SleepPlace: Sendable, Hashable {
    /// `read`, `futex`; `call 999` where this program has no name for its number.
    public let call: String
    /// The descriptor that it is about; nil where it is about none.
    public let descriptor: Int?
    /// What that descriptor was then: `pipe:[4711]`, `/var/lib/orders`; nil where that could not be seen.
    public let target: ByteString?

    public init(call: String, descriptor: Int? = nil, target: ByteString? = nil) {
        self.call = call
        self.descriptor = descriptor
        self.target = target
    }

    /// `read of pipe:[4711]`.
    public var words: String {
        guard let descriptor else { return call }
        return "\(call) of \(target?.text ?? "descriptor \(descriptor)")"
    }
}

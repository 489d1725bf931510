/// A path as the system takes it: bytes and a zero at the end.
struct SystemPath: Sendable, Hashable {
    /// Ends with its only zero.
    let terminated: [CChar]

    /// - Parameter text: without zero bytes, since it comes from this program.
    init(_ text: String) {
        precondition(!text.utf8.contains(0), "a path has no zero byte")
        terminated = text.utf8.map { CChar(bitPattern: $0) } + [0]
    }

    /// - Parameter name: from elsewhere; nil where it has a zero byte.
    init?(untrusted name: some Collection<UInt8>) {
        guard !name.contains(0) else { return nil }
        terminated = name.map { CChar(bitPattern: $0) } + [0]
    }

    private init(terminated: [CChar]) { self.terminated = terminated }

    /// The empty path: the descriptor that a call is relative to, itself.
    static let itself = SystemPath("")

    /// The path for messages; bytes that are not UTF-8 show as U+FFFD.
    var text: String {
        String(decoding: terminated.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The path followed by a slash and `part`.
    func appending(_ part: String) -> SystemPath { appending(bytes: part.utf8) }

    func appending(_ number: Int32) -> SystemPath { appending(String(number)) }

    /// The path followed by a slash and a name that comes from elsewhere; nil where the name has a zero byte.
    func appending(untrusted name: some Collection<UInt8>) -> SystemPath? {
        name.contains(0) ? nil : appending(bytes: name)
    }

    private func appending(bytes: some Collection<UInt8>) -> SystemPath {
        var longer: [CChar] = []
        longer.reserveCapacity(terminated.count + bytes.count + 1)
        longer.append(contentsOf: terminated.dropLast())
        longer.append(CChar(bitPattern: UInt8(ascii: "/")))
        for byte in bytes { longer.append(CChar(bitPattern: byte)) }
        longer.append(0)
        return SystemPath(terminated: longer)
    }
}

import SystemPackage

/// The machine's memory nodes; Documentation/admin-guide/mm/numaperf.rst.
public struct MemoryNodes: Sendable {
    private let path: SystemPath

    /// - Parameter root: the folder that stands for `/`.
    public init(root: String = "") { path = SystemPath(root + "/sys/devices/system/node/online") }

    /// The number of the one node there is, on which all memory must be; nil where there are several, or none is told of.
    public func only() -> Int? {
        guard let contents = try? FileContents(path, bytesMax: 4_096) else { return nil }
        let text = contents.bytes.span
        var position = 0
        // `0`, where several would be `0-1` or `0,2`.
        guard let number = takeDecimal(text, &position), let node = Int(exactly: number),
            position == text.count || text[position] == UInt8(ascii: "\n")
        else { return nil }
        return node
    }
}

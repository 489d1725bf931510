package import Observations

/// The numbers of one line of `/proc/PID/maps`, and where in the line its name stands.
package struct MapsLine {
    package let range: MappedRange
    package let device: DeviceNumber
    package let inode: UInt64
    let name: ObjectName
    /// Whether newlines in the name are written as `\012`.
    private let isEscaped: Bool

    package enum Outcome {
        case line(MapsLine)
        /// Whole mappings that the caller did not ask for.
        case skipped
        /// Not as proc_pid_maps(5) has it.
        case malformed
    }

    private init(range: MappedRange, device: DeviceNumber, inode: UInt64, name: ObjectName, isEscaped: Bool) {
        self.range = range
        self.device = device
        self.inode = inode
        self.name = name
        self.isEscaped = isEscaped
    }

    /// What PROCMAP_QUERY answers: the name is the whole text, as it is.
    init(range: MappedRange, device: DeviceNumber, inode: UInt64, name: Span<UInt8>) {
        self.init(
            range: range, device: device, inode: inode, name: ObjectName(name, 0..<name.count), isEscaped: false)
    }

    /// Parses `7f5b8c207000-7f5b8c208000 rw-s 00000000 00:01 1025    /memfd:x (deleted)`.
    ///
    /// Any bytes may be given. Complexity: O(line); O(1) for a private mapping when only shared ones are wanted.
    package static func parse(_ text: Span<UInt8>, sharedOnly: Bool) -> Outcome {
        let blank = UInt8(ascii: " ")
        var position = 0
        guard let start = takeHexadecimal(text, &position), take(UInt8(ascii: "-"), text, &position),
            let end = takeHexadecimal(text, &position), start < end, take(blank, text, &position),
            let access = takeAccess(text, &position)
        else { return .malformed }
        if sharedOnly, !access.contains(.shared) { return .skipped }
        guard take(blank, text, &position), let offset = takeHexadecimal(text, &position),
            take(blank, text, &position), let device = takeDevice(text, &position),
            take(blank, text, &position), let inode = takeDecimal(text, &position),
            position == text.count || text[position] == blank
        else { return .malformed }
        skipBlanks(text, &position)
        return .line(
            MapsLine(
                range: MappedRange(start: start, end: end, offset: offset, access: access),
                device: device, inode: inode, name: ObjectName(text, position..<text.count), isEscaped: true))
    }

    /// What the name tells of the object; ``ObjectName/kind(_:on:)``.
    package func kind(_ text: Span<UInt8>) -> ObjectKind? { name.kind(text, on: device) }

    package var isDeleted: Bool { name.isDeleted }

    /// The whole mapping, with a copy of its name.
    package func mapping(_ text: Span<UInt8>) -> Mapping {
        Mapping(
            range: range, device: device, inode: inode, name: nameCopy(text), isDeleted: isDeleted, kind: kind(text))
    }

    /// The name with its newlines, which maps writes as `\012`. It escapes nothing else, not even backslashes.
    package func nameCopy(_ text: Span<UInt8>) -> ByteString {
        guard isEscaped else { return ByteString(copy(text, name.range)) }
        let escape = Array("\\012".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(name.range.count)
        var index = name.range.lowerBound
        while index < name.range.upperBound {
            if text[index] == escape[0], starts(text, index..<name.range.upperBound, with: "\\012") {
                bytes.append(UInt8(ascii: "\n"))
                index += escape.count
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return ByteString(bytes)
    }
}

/// `rw-s`.
@inline(__always)
private func takeAccess(_ text: Span<UInt8>, _ position: inout Int) -> MappingAccess? {
    guard text.count - position >= 4 else { return nil }
    var access: MappingAccess = []
    switch text[position] {
    case UInt8(ascii: "r"): access.insert(.read)
    case UInt8(ascii: "-"): break
    default: return nil
    }
    switch text[position + 1] {
    case UInt8(ascii: "w"): access.insert(.write)
    case UInt8(ascii: "-"): break
    default: return nil
    }
    switch text[position + 2] {
    case UInt8(ascii: "x"): access.insert(.execute)
    case UInt8(ascii: "-"): break
    default: return nil
    }
    switch text[position + 3] {
    case UInt8(ascii: "s"): access.insert(.shared)
    case UInt8(ascii: "p"): break
    default: return nil
    }
    position += 4
    return access
}

/// `00:1b`, in hex.
private func takeDevice(_ text: Span<UInt8>, _ position: inout Int) -> DeviceNumber? {
    guard let major = takeHexadecimal(text, &position), take(UInt8(ascii: ":"), text, &position),
        let minor = takeHexadecimal(text, &position),
        let majorNumber = UInt32(exactly: major), let minorNumber = UInt32(exactly: minor)
    else { return nil }
    return DeviceNumber(major: majorNumber, minor: minorNumber)
}

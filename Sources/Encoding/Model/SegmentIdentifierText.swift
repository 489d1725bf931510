public import Diagnostics
import Observations

/// The text of an identifier: exactly a segment of a URL's path.
///
/// Every byte of a name that is not unreserved (RFC 3986) is percent-encoded, so a literal `@` behind a name always
/// begins the inode number of a namespace. Numbers are decimal, without sign or leading zeros, so that each object
/// has one text only.
extension SegmentIdentifier: CustomStringConvertible {
    public var description: String { text }

    public var text: String {
        let suffix = namespace.map { "@\($0)" } ?? ""
        let body =
            switch object {
            case .posix(let name), .semaphore(let name): PercentCoding.encode(name.bytes)
            case .sysv(let id), .sysvSemaphore(let id): "\(id)"
            case .memfd(let inode), .anonymous(let inode): "\(inode)"
            case .file(let device, let inode), .deleted(let device, let inode):
                "\(device.major):\(device.minor):\(inode)"
            }
        return "\(Scheme(object).rawValue):\(body)\(suffix)"
    }

    /// Reads a segment of a URL's path as it was sent, percent-encoded. `NAME` alone means `posix:NAME`.
    public init(pathSegment text: String) throws(SegmentIdentifierError) {
        try self.init(parsing: text)
    }

    /// Reads a word of the command line: an identifier, or the name of an object of /dev/shm as it is.
    ///
    /// A word that no identifier can be, because bytes stand as themselves that an identifier encodes, is a name:
    /// `my segment`, `100%`. A name that looks like an identifier must be written as one: `posix:a%40123` for `a@123`.
    public init(commandLineWord text: String) throws(SegmentIdentifierError) {
        do throws(SegmentIdentifierError) {
            try self.init(parsing: text)
        } catch {
            guard error.reason == .encoding || error.reason == .namespace, Scheme(prefixOf: text) == nil else {
                throw error
            }
            try self.init(.named(Array(text.utf8), scheme: .posix, text: text))
        }
    }

    private init(parsing text: String) throws(SegmentIdentifierError) {
        let scheme = Scheme(prefixOf: text)
        let rest = scheme.map { text.utf8.dropFirst($0.rawValue.utf8.count + 1) } ?? text.utf8[...]
        let parts = rest.split(separator: UInt8(ascii: "@"), maxSplits: 1, omittingEmptySubsequences: false)
        let object = try Self.object(scheme ?? .posix, Array(parts[0]), text: text)
        var namespace: UInt64?
        if parts.count == 2 {
            guard object.isNamedPerNamespace, let inode = Self.number(parts[1], UInt64.self), inode > 0 else {
                throw SegmentIdentifierError(text: text, reason: .namespace)
            }
            namespace = inode
        }
        self.init(object, namespace: namespace)
    }

    private static func object(
        _ scheme: Scheme, _ body: [UInt8], text: String
    ) throws(SegmentIdentifierError) -> Object {
        switch scheme {
        case .posix, .semaphore:
            let name: [UInt8]
            do throws(PercentCodingError) {
                name = try PercentCoding.decode(body)
            } catch {
                throw SegmentIdentifierError(text: text, reason: .encoding)
            }
            return try .named(name, scheme: scheme, text: text)
        case .sysv: if let id = number(body[...], Int32.self) { return .sysv(id) }
        case .sysvsem: if let id = number(body[...], Int32.self) { return .sysvSemaphore(id) }
        case .memfd: if let inode = number(body[...], UInt64.self) { return .memfd(inode: inode) }
        case .anonymous: if let inode = number(body[...], UInt64.self) { return .anonymous(inode: inode) }
        case .file: if let (device, inode) = place(body) { return .file(device: device, inode: inode) }
        case .deleted: if let (device, inode) = place(body) { return .deleted(device: device, inode: inode) }
        }
        throw SegmentIdentifierError(text: text, reason: .number)
    }

    /// `MAJOR:MINOR:INODE`
    private static func place(_ body: [UInt8]) -> (DeviceNumber, UInt64)? {
        let parts = body.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 3, let major = number(parts[0], UInt32.self), let minor = number(parts[1], UInt32.self),
            let inode = number(parts[2], UInt64.self)
        else { return nil }
        return (DeviceNumber(major: major, minor: minor), inode)
    }

    /// A decimal number of digits alone, the first of several not 0; nil where it does not fit.
    private static func number<Integer: FixedWidthInteger>(
        _ digits: some Collection<UInt8>, _ type: Integer.Type
    ) -> Integer? {
        guard let first = digits.first, digits.count == 1 || first != UInt8(ascii: "0"),
            digits.allSatisfy({ 0x30...0x39 ~= $0 })
        else { return nil }
        return Integer(String(decoding: digits, as: UTF8.self))
    }

    /// What stands before the first colon.
    enum Scheme: String, CaseIterable {
        case posix, semaphore, sysv, sysvsem, memfd, anonymous, file, deleted

        init(_ object: Object) {
            switch object {
            case .posix: self = .posix
            case .semaphore: self = .semaphore
            case .sysv: self = .sysv
            case .sysvSemaphore: self = .sysvsem
            case .memfd: self = .memfd
            case .anonymous: self = .anonymous
            case .file: self = .file
            case .deleted: self = .deleted
            }
        }

        /// nil where `text` does not begin with one and a colon.
        init?(prefixOf text: String) {
            let colon = text.utf8.firstIndex(of: UInt8(ascii: ":"))
            guard let colon, let scheme = Scheme(rawValue: String(text[..<colon])) else { return nil }
            self = scheme
        }
    }
}

extension SegmentIdentifier.Object {
    /// Longest part of a name between slashes: NAME_MAX of a tmpfs.
    static let componentMaximum = 255

    /// An object of /dev/shm. The name becomes part of a path, so only what is one file below the folder passes.
    fileprivate static func named(
        _ name: [UInt8], scheme: SegmentIdentifier.Scheme, text: String
    ) throws(SegmentIdentifierError) -> Self {
        let isSemaphore = scheme == .semaphore
        let file = isSemaphore ? SharedFile.semaphorePrefix.bytes + name : name
        let components = file.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard !name.isEmpty, components.count <= (isSemaphore ? 1 : 2),
            components.allSatisfy({ isComponent($0) })
        else { throw SegmentIdentifierError(text: text, reason: .name) }
        if isSemaphore { return .semaphore(ByteString(name)) }
        // A semaphore is known by one identifier, whichever of its names was used.
        if components.count == 1, name.starts(with: SharedFile.semaphorePrefix.bytes),
            name.count > SharedFile.semaphorePrefix.bytes.count
        {
            return .semaphore(ByteString(Array(name.dropFirst(SharedFile.semaphorePrefix.bytes.count))))
        }
        return .posix(ByteString(name))
    }

    private static func isComponent(_ bytes: ArraySlice<UInt8>) -> Bool {
        let dot = UInt8(ascii: ".")
        return 1...componentMaximum ~= bytes.count && !bytes.contains(0) && !bytes.elementsEqual([dot])
            && !bytes.elementsEqual([dot, dot])
    }
}

/// Why a text names no segment.
public struct SegmentIdentifierError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Reason: Sendable, Hashable, CaseIterable {
        /// A byte that must be percent-encoded stands there as itself, or an escape is cut short.
        case encoding
        /// What follows the kind is no decimal number, or not as many as the kind has.
        case number
        /// No file below /dev/shm can have the name.
        case name
        /// What follows the `@` is no inode number, or the kind has no namespaces.
        case namespace
    }

    public let text: String
    public let reason: Reason

    public init(text: String, reason: Reason) {
        self.text = text
        self.reason = reason
    }

    public var description: String {
        let what =
            switch reason {
            case .encoding: "bytes other than A-Z a-z 0-9 - . _ ~ must be percent-encoded in a name"
            case .number:
                "write sysv:SHMID, sysvsem:SEMID, memfd:INODE, anonymous:INODE, file:MAJOR:MINOR:INODE or "
                    + "deleted:MAJOR:MINOR:INODE with decimal numbers"
            case .name:
                "a name is 1 to 255 bytes, without a leading slash, and not . or .. (FOLDER/NAME where it lies in a "
                    + "folder)"
            case .namespace:
                "an @ is followed by the inode number of a namespace, for posix, semaphore, sysv and sysvsem; write "
                    + "%40 for an @ in a name"
            }
        return "\"\(text)\" names no segment: \(what)"
    }
}

extension SegmentIdentifier: JSONEncodable {
    public func write(to writer: inout JSONWriter) {
        // Most identifiers are names that stand for themselves: no text is made of them first.
        if case .posix(let name) = object, namespace == nil, name.bytes.allSatisfy(PercentCoding.isUnreserved) {
            writer.quoted("posix:", plain: name.bytes)
        } else {
            writer.value(text)
        }
    }
}

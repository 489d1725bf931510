public import Observations
import SystemPackage

/// The files that give users and groups their names.
///
/// They are read as files, not asked for by getpwuid(3), which may call out to a directory on the network and then
/// waits for it. Who is known there only has no name here.
public struct AccountFiles: Sendable {
    /// How much of each file is read, in bytes.
    public static let bytesMax = 4_194_304

    let passwd: SystemPath
    let group: SystemPath

    public init(passwd: String = "/etc/passwd", group: String = "/etc/group") {
        self.passwd = SystemPath(passwd)
        self.group = SystemPath(group)
    }

    private init(passwd: SystemPath, group: SystemPath) {
        self.passwd = passwd
        self.group = group
    }

    /// The same files as another process sees them, which may live in another mount namespace.
    public func asSeen(by pid: Int32, in proc: ProcFS) -> AccountFiles {
        func seen(_ path: SystemPath) -> SystemPath { SystemPath(proc.path(pid, "root").text + path.text) }
        return AccountFiles(passwd: seen(passwd), group: seen(group))
    }

    /// Reads both files. One that is missing or cannot be read gives no names: a container may have neither.
    /// Lines that are not as passwd(5) and group(5) have them are passed over.
    public func load() -> Accounts { Accounts(userNames: names(passwd), groupNames: names(group)) }

    private func names(_ path: SystemPath) -> [UInt32: ByteString] {
        var names: [UInt32: ByteString] = [:]
        var reader = LineReader()
        do throws(Errno) {
            let descriptor = try openDescriptor(path, OpenFlags.file)
            _ = try reader.forEachLine(bytesMax: Self.bytesMax) { (buffer, start) throws(Errno) in
                try read(descriptor, into: &buffer, from: start)
            } _: { line in
                guard let (number, name) = nameAndNumber(line), names[number] == nil else { return }
                names[number] = name
            }
        } catch {
            return names
        }
        return names
    }
}

/// The first and the third field of a line like `name:x:1000:…`, in which passwd(5) and group(5) agree.
private func nameAndNumber(_ line: Span<UInt8>) -> (number: UInt32, name: ByteString)? {
    let colon = UInt8(ascii: ":")
    var position = 0
    let name = takeUntil(colon, line, &position)
    guard !name.isEmpty, take(colon, line, &position) else { return nil }
    _ = takeUntil(colon, line, &position)
    guard take(colon, line, &position), let number = takeDecimal(line, &position).flatMap({ UInt32(exactly: $0) }),
        position == line.count || line[position] == colon
    else { return nil }
    return (number, ByteString(copy(line, name)))
}

import Observations
import SystemPackage

/// What systemd's login manager is told to do with what users leave behind.
public struct LoginManager: Sendable {
    private let root: String

    /// - Parameter root: the folder that stands for `/`.
    public init(root: String = "") { self.root = root }

    /// Bytes of one file of settings, and files of one folder, that are read at most.
    private static let fileBytes = 65_536
    private static let filesMax = 256

    /// Whether it removes the IPC objects of a user whose last session ends; logind.conf(5), RemoveIPC.
    ///
    /// - Returns: false where no login manager runs: `/run/systemd/sessions` is its own.
    public func removesIPC() -> Bool {
        let running = try? openDescriptor(path("/run/systemd/sessions"), OpenFlags.folder).number
        guard running != nil else { return false }
        // It removes them unless it is told not to.
        var removes = true
        for file in files() {
            guard let contents = try? FileContents(file, bytesMax: Self.fileBytes) else { continue }
            removes = Self.setting(contents.bytes) ?? removes
        }
        return removes
    }

    /// The main file that counts, then the drop-ins in the order of their names; the same name counts once, that of the
    /// folder that stands first.
    private func files() -> [SystemPath] {
        let folders = ["/etc/systemd", "/run/systemd", "/usr/local/lib/systemd", "/usr/lib/systemd"]
        let main = folders.lazy.map { path($0).appending("logind.conf") }.first { (try? fileFacts($0)) != nil }
        var named: [ByteString: SystemPath] = [:]
        for folder in folders.reversed() {
            let parts = path(folder).appending("logind.conf.d")
            var reader = DirectoryReader()
            guard let descriptor = try? openDescriptor(parts, OpenFlags.folder) else { continue }
            _ = try? reader.forEachEntry(of: descriptor, entriesMax: Self.filesMax) { (name, _) throws(Errno) in
                let bytes = copy(name, 0..<name.count)
                guard bytes.suffix(5).elementsEqual(".conf".utf8), let path = parts.appending(untrusted: bytes) else {
                    return
                }
                named[ByteString(bytes)] = path
            }
        }
        return (main.map { [$0] } ?? []) + named.sorted { $0.key < $1.key }.map(\.value)
    }

    private func path(_ text: String) -> SystemPath { SystemPath(root + text) }

    /// The last RemoveIPC of a file; nil where it has none.
    package static func setting(_ bytes: [UInt8]) -> Bool? {
        var found: Bool?
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self).split(separator: "=", maxSplits: 1)
            guard words.count == 2, trimmed(words[0]) == "RemoveIPC" else { continue }
            switch trimmed(words[1]).lowercased() {
            case "no", "false", "off", "0", "n", "f": found = false
            case "yes", "true", "on", "1", "y", "t": found = true
            // What is no answer is passed over, as there.
            default: break
            }
        }
        return found
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var rest = text
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}

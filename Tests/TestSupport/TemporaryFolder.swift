import Glibc
public import Observations

/// A folder of one test, gone with everything in it when this goes.
public final class TemporaryFolder {
    public let path: String
    /// In the order in which they were made, to be removed from the end.
    private var made: [[CChar]] = []

    /// - Parameter parent: where the folder is made; `/dev/shm` for one on a tmpfs.
    public init(in parent: String = "/tmp") {
        var template = terminated("\(parent)/shmlens-test-XXXXXX")
        precondition(unsafe mkdtemp(&template) != nil, "mkdtemp in \(parent)")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        made.append(template)
    }

    deinit {
        for path in made.reversed() { unsafe Glibc.remove(path) }
    }

    /// Makes or replaces a file, and the folders on the way to it.
    public func write(_ bytes: [UInt8], to name: ByteString) {
        let path = prepare(name)
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0, "open \(name)")
        defer { close(descriptor) }
        precondition(unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count, "write \(name)")
    }

    public func write(_ text: String, to name: ByteString) { write(Array(text.utf8), to: name) }

    public func makeFolder(_ name: ByteString) {
        precondition(unsafe mkdir(prepare(name), 0o700) == 0, "mkdir \(name)")
    }

    public func makePipe(_ name: ByteString) {
        precondition(unsafe mkfifo(prepare(name), 0o600) == 0, "mkfifo \(name)")
    }

    public func link(_ name: ByteString, to target: ByteString) {
        precondition(unsafe symlink(terminated(target.bytes), prepare(name)) == 0, "symlink \(name)")
    }

    public func setMode(_ mode: UInt32, of name: ByteString) {
        precondition(unsafe chmod(full(name), mode) == 0, "chmod \(name)")
    }

    /// Removes a file, a link or an empty folder.
    public func remove(_ name: ByteString) {
        precondition(unsafe Glibc.remove(full(name)) == 0, "remove \(name)")
    }

    /// The path of a new entry; the folders above it are made where they are missing.
    private func prepare(_ name: ByteString) -> [CChar] {
        let parts = name.bytes.split(separator: UInt8(ascii: "/"))
        var above: [UInt8] = []
        for part in parts.dropLast() {
            above.append(contentsOf: above.isEmpty ? [] : [UInt8(ascii: "/")])
            above.append(contentsOf: part)
            let folder = full(ByteString(above))
            if unsafe mkdir(folder, 0o700) == 0 { made.append(folder) }
        }
        let path = full(name)
        if !made.contains(path) { made.append(path) }
        return path
    }

    private func full(_ name: ByteString) -> [CChar] { terminated(Array(path.utf8) + [UInt8(ascii: "/")] + name.bytes) }
}

func terminated(_ text: String) -> [CChar] { terminated(Array(text.utf8)) }

func terminated(_ bytes: [UInt8]) -> [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

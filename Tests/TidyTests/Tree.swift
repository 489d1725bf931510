import Glibc
import SystemPackage

/// The package's own files.
enum Tree {
    static let depthMaximum = 16
    static let fileMaximum = 10_000

    struct File: Sendable, CustomStringConvertible {
        /// From the package's folder on.
        let path: String
        let text: String

        var description: String { path }
    }

    enum Failure: Error {
        case notReadable(String, Int32)
        case tooMany
    }

    /// The package's folder: this file is Tests/TidyTests/Tree.swift in it.
    static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// All files of text, in the order of their paths. What begins with a point is left out but for .ci and .github:
    /// it is not the package's, or made by a build.
    static func files() throws -> [File] {
        var files: [File] = []
        var folders = [(path: "", depth: 0)]
        while let folder = folders.popLast() {
            guard folder.depth < depthMaximum, files.count < fileMaximum else { throw Failure.tooMany }
            for (name, isFolder) in try entries("\(root)/\(folder.path)") {
                guard !name.hasPrefix(".") || [".ci", ".github", ".gitignore"].contains(name) else { continue }
                let path = folder.path + name
                if isFolder {
                    folders.append((path + "/", folder.depth + 1))
                } else if let text = try text("\(root)/\(path)") {
                    files.append(File(path: path, text: text))
                }
            }
        }
        return files.sorted { $0.path < $1.path }
    }

    /// Names of folders and plain files; links are left out.
    private static func entries(_ path: String) throws -> [(name: String, isFolder: Bool)] {
        guard let folder = unsafe opendir(path) else { throw Failure.notReadable(path, errno) }
        defer { unsafe closedir(folder) }
        var entries: [(String, Bool)] = []
        while let entry = unsafe readdir(folder) {
            let kind = unsafe Int(entry.pointee.d_type)
            guard kind == Int(DT_DIR) || kind == Int(DT_REG) else { continue }
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
                unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            entries.append((name, kind == Int(DT_DIR)))
        }
        return entries
    }

    /// The file's text, or nil where it is not UTF-8 or holds a zero byte.
    private static func text(_ path: String) throws -> String? {
        let file = try FileDescriptor.open(FilePath(path), .readOnly)
        let bytes = try file.closeAfter {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = try unsafe chunk.withUnsafeMutableBytes { try unsafe file.read(into: $0) }
                if count == 0 { return bytes }
                bytes += chunk[..<count]
            }
        }
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }
}

import Glibc

/// What /proc says about this process.
enum ProcessFacts {
    struct ThreadFacts {
        let name: String
        /// Bit N − 1 stands for signal N.
        let blockedSignals: UInt64
    }

    static var descriptorCount: Int { entries(of: "/proc/self/fd").count }

    /// Threads of a server, by their names.
    static var serverThreads: [ThreadFacts] {
        entries(of: "/proc/self/task").compactMap { task in
            let name = text(of: "/proc/self/task/\(task)/comm")
            guard name.hasPrefix("http-") || name.hasPrefix("MHD") else { return nil }
            return ThreadFacts(name: name, blockedSignals: blockedSignals(of: "self/task/\(task)"))
        }
    }

    static func blockedSignals(of task: String) -> UInt64 {
        for line in text(of: "/proc/\(task)/status").split(separator: "\n") where line.hasPrefix("SigBlk:\t") {
            return UInt64(line.dropFirst(8), radix: 16) ?? 0
        }
        return 0
    }

    private static func entries(of path: String) -> [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names = [String]()
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func text(of path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 16 << 10)
        let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

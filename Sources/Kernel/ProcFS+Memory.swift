import Observations
import SystemPackage

extension ProcFS {
    /// Memory that shared mappings and tmpfs take on this machine, in bytes, each page once: `Shmem` of
    /// /proc/meminfo (Documentation/filesystems/proc.rst).
    ///
    /// - Throws: ``KernelError`` where it cannot be read or holds no such line.
    public func sharedMemoryBytes() throws(KernelError) -> Int { try memory("Shmem:") }

    /// Whether anything is written out to swap.
    public func usesSwap() throws(KernelError) -> Bool { try memory("SwapFree:") < memory("SwapTotal:") }

    private func memory(_ name: String) throws(KernelError) -> Int {
        let path = root.appending("meminfo")
        for line in (try contents(path)?.bytes ?? []).split(separator: UInt8(ascii: "\n")) {
            let text = Array(line)
            let span = text.span
            guard starts(span, 0..<span.count, with: name) else { continue }
            var position = name.utf8.count
            skipBlanks(span, &position)
            guard let kibibytes = takeDecimal(span, &position), let count = Int(exactly: kibibytes), count <= .max >> 10
            else { break }
            return count << 10
        }
        throw KernelError(operation: "parse", object: path.text, errno: .badMessage)
    }
}

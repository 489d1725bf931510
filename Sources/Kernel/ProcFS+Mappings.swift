public import Observations
import SystemPackage

extension ProcFS {
    /// The mappings of one process, in address order; nil where there is no such process.
    ///
    /// maps is not one picture: each read(2) of about a page of text is one, and the next goes on from the last
    /// address seen. Lines that are not as proc_pid_maps(5) has them are counted as omitted.
    ///
    /// - Parameters:
    ///   - sharedOnly: leaves out mappings whose stores stay private.
    ///   - limit: how many are kept; more are counted.
    public func mappings(
        of pid: Int32, sharedOnly: Bool, limit: Int = 65_536
    ) throws(KernelError) -> BoundedList<Mapping>? {
        var reader = LineReader()
        var list = BoundedList<Mapping>()
        let path = path(pid, "maps")
        do throws(Errno) {
            let isWhole = try readMaps(path, bytesMax: Limit.mapsBytes, &reader) { text in
                switch MapsLine.parse(text, sharedOnly: sharedOnly) {
                case .line(let line): list.append(line.mapping(text), limit: limit)
                case .malformed: list.omittedCount += 1
                case .skipped: break
                }
            }
            if !isWhole { list.omittedCount += 1 }
        } catch {
            if error.meansGone { return nil }
            throw KernelError(operation: "read", object: path.text, errno: error, needs: Needs.otherProcess)
        }
        list.omittedCount += reader.overlongLineCount
        return list
    }

    /// Hands each line of a maps to `body`; answers whether that was all of it.
    private func readMaps(
        _ path: SystemPath, bytesMax: Int, _ reader: inout LineReader, _ body: (Span<UInt8>) -> Void
    ) throws(Errno) -> Bool {
        let descriptor = try openDescriptor(path, OpenFlags.file)
        return try reader.forEachLine(
            bytesMax: bytesMax,
            from: { (buffer, start) throws(Errno) in try read(descriptor, into: &buffer, from: start) },
            body)
    }
}

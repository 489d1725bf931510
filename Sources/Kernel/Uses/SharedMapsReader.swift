import SystemPackage

/// Reads the shared mappings of process after process, by the cheapest question that the kernel answers.
struct SharedMapsReader {
    private let limits: ProcFS.UseLimits
    private var lines = LineReader()
    private var query = MapQuery()
    /// nil until the kernel was asked.
    private var answersQueries: Bool?
    private var notUnderstoodCount = 0
    private var takenCount = 0

    init(limits: ProcFS.UseLimits) { self.limits = limits }

    /// Mappings that could not be understood since this was asked last.
    mutating func takeMalformedLineCount() -> Int {
        let all = notUnderstoodCount + lines.overlongLineCount
        defer { takenCount = all }
        return all - takenCount
    }

    /// Hands each shared mapping of a maps to `body`; answers whether that was all of it.
    mutating func read(_ path: SystemPath, _ body: (MapsLine, Span<UInt8>) -> Void) throws(Errno) -> Bool {
        let maps = try openDescriptor(path, OpenFlags.file)
        if answersQueries != false {
            switch try query.forEachShared(maps, mappingsMax: limits.mappings, body) {
            case .unknown: answersQueries = false
            case .whole(let namelessCount):
                answersQueries = true
                notUnderstoodCount += namelessCount
                return true
            case .cut(let namelessCount):
                answersQueries = true
                notUnderstoodCount += namelessCount
                return false
            }
        }
        var malformedCount = 0
        let isWhole = try lines.forEachLine(
            bytesMax: limits.mapsBytes,
            from: { (buffer, start) throws(Errno) in try Kernel.read(maps, into: &buffer, from: start) },
            { text in
                switch MapsLine.parse(text, sharedOnly: true) {
                case .line(let line): body(line, text)
                case .malformed: malformedCount += 1
                case .skipped: break
                }
            })
        notUnderstoodCount += malformedCount
        return isWhole
    }
}

import ArgumentParser
import Diagnostics
import Encoding
import Glibc
import Kernel
import Observations
import Reading
import SharedSegments
import SystemPackage
import Workload

/// What the process says when it ends, beside fine and usage.
enum Exit: Int32 {
    case failed = 1
    case findings = 2
    case deadlock = 3
    case notFound = 4
    case noRight = 5
    case lockTimeout = 6
}

/// What an option names that cannot be had.
struct OptionError: Error, CustomStringConvertible {
    let option: String
    let path: String
    let errno: Errno
    /// What it should name.
    let wants: String

    var description: String { "\(option) \(path): \(errno). Name \(wants)." }
}

/// Output: data on standard output, messages on standard error.
enum Terminal {
    /// Writes all of some bytes to a descriptor.
    ///
    /// - Throws: `ExitCode` where the reader is gone, quietly: `shmlens dump … | head` is no failure.
    static func write(_ bytes: [UInt8], to descriptor: FileDescriptor = .standardOutput) throws {
        do {
            try descriptor.writeAll(bytes)
        } catch Errno.brokenPipe {
            throw ExitCode.success
        }
    }

    /// Reads from standard input; nil at its end.
    static func read(_ count: Int) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let read = try unsafe bytes.withUnsafeMutableBytes { unsafe try FileDescriptor.standardInput.read(into: $0) }
        return read == 0 ? nil : Array(bytes.prefix(read))
    }

    /// What standard output shows at once; nil where it is no terminal, or one that does not say how large it is.
    static var screen: TerminalScreen? {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
        return TerminalScreen(rows: Int(size.ws_row), columns: Int(size.ws_col))
    }

    static func print(_ text: String) throws { try write(Array(text.utf8)) }

    static func print(json value: some JSONEncodable) throws { try write(value.jsonBytes() + [UInt8(ascii: "\n")]) }

    /// A message for people.
    static func note(_ text: String) { _ = try? FileDescriptor.standardError.writeAll(Array("shmlens: \(text)\n".utf8)) }

    /// Runs a verb and turns what it throws into a message and an exit status.
    static func run(_ verb: any ParsableCommand.Type, _ body: () throws -> Void) throws {
        // A reader that has gone is an error of the write, not a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            try body()
        } catch let error as ExitCode {
            throw error
        } catch where isUsage(error) {
            // As the parser says it of what it finds by itself.
            let name = verb._commandName
            let text = "Error: \(error)\nUsage: \(Shmlens.usageString(for: verb))\n  See 'shmlens \(name) --help'"
            _ = try? FileDescriptor.standardError.writeAll(Array("\(text) for more information.\n".utf8))
            throw ExitCode.validationFailure
        } catch {
            note("\(error)")
            throw ExitCode(status(of: error).rawValue)
        }
    }

    /// Whether the question is what is wrong.
    private static func isUsage(_ error: any Error) -> Bool {
        switch error {
        case is ValidationError, is QueryError, SegmentError.invalid, ListError.query: true
        default: false
        }
    }

    private static func status(of error: any Error) -> Exit {
        switch error {
        case let error as SegmentError: status(of: error)
        case let error as ReadingError: status(of: error)
        case let error as WorkloadError: status(of: error)
        case let error as KernelError: status(of: error.errno)
        case let error as OptionError: status(of: error.errno)
        case ListError.reading(let error): status(of: error)
        default: .failed
        }
    }

    private static func status(of error: SegmentError) -> Exit {
        switch error {
        case .notFound, .noSuchBlock: .notFound
        case .lockTimeout, .gaveUp: .lockTimeout
        case .system(_, _, let errno): status(of: errno)
        default: .failed
        }
    }

    private static func status(of error: WorkloadError) -> Exit {
        switch error {
        case .segment(let error): status(of: error)
        case .corruption: .findings
        case .system(_, _, let errno): status(of: errno)
        default: .failed
        }
    }

    private static func status(of error: ReadingError) -> Exit {
        switch error {
        case .notFound: .notFound
        case .refused(let error): status(of: error.errno)
        default: .failed
        }
    }

    private static func status(of errno: Errno) -> Exit {
        switch errno {
        case .permissionDenied, .notPermitted: .noRight
        case .noSuchFileOrDirectory: .notFound
        default: .failed
        }
    }
}

/// Options of every verb that shows something.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print exactly what the HTTP API answers.")
    var json = false
}

/// The segment that a verb is about.
struct SegmentArgument: ParsableArguments {
    @Argument(help: "A name, or an identifier such as posix:NAME or memfd:INODE.")
    var segment: String

    func identifier() throws -> SegmentIdentifier { try Self.identifier(segment) }

    static func identifier(_ word: String) throws -> SegmentIdentifier {
        do {
            return try SegmentIdentifier(commandLineWord: word)
        } catch {
            throw ValidationError("\(error)")
        }
    }

    /// Opens the segment to be changed.
    func open() throws -> Segment {
        let id = try identifier()
        switch id.object {
        case .posix(let name) where name.isUTF8 && id.namespace == nil: return try Segment.open(name: name.text)
        case .memfd(let inode):
            let path = try Lens().path(ofMemfd: id)
            let descriptor = try FileDescriptor.open(FilePath(path), .readWrite, options: .closeOnExec)
            let segment = try Segment(adopting: descriptor, name: id.text)
            // The number in that process may be another file's by now.
            guard segment.inode == inode else { throw ReadingError.notFound(id) }
            return segment
        default: throw ReadingError.unsupported(id)
        }
    }
}

/// How long a change waits for the segment's lock.
struct TimeoutOption: ParsableArguments {
    @Option(parsing: .unconditional, help: "How long to wait for the segment's lock.")
    var timeoutMilliseconds = 1000

    /// As over HTTP.
    private static let limits = 0...60_000

    func validate() throws {
        guard Self.limits.contains(timeoutMilliseconds) else {
            throw ValidationError("--timeout-milliseconds must be 0 to \(Self.limits.upperBound)")
        }
    }

    var duration: Duration { .milliseconds(timeoutMilliseconds) }
}

/// Which part of a long list.
struct PageOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: "Show at most so many, up to 10000. (default: \(PageRequest.defaultLimit))")
    var limit: Int?

    @Option(help: "Go on where an answer said `next`.")
    var cursor: String?

    func request(_ list: Cursor.List) throws -> PageRequest {
        do {
            return try PageRequest(limit: limit, cursor: cursor.map { (text) throws(QueryError) in
                try Cursor(text: text, list: list)
            })
        } catch {
            throw ValidationError("\(error)")
        }
    }
}

/// The order of a list.
struct SortOption<Key: SortKey>: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: "Sort by a key, -key for the reverse order: \(Key.allCases.map(\.rawValue).joined(separator: ", ")).")
    var sort: String?

    func order() throws -> ListSort<Key> {
        do throws(QueryError) { return try ListSort(text: sort) } catch { throw ValidationError("\(error)") }
    }
}

/// A size on the command line: 4096, 16MiB.
struct SizeArgument: ExpressibleByArgument {
    let bytes: Int

    init?(argument: String) {
        guard let size = try? ByteSize(parsing: argument) else { return nil }
        bytes = size.bytes
    }

    init(bytes: Int) { self.bytes = bytes }

    var defaultValueDescription: String { "\(bytes)" }
}

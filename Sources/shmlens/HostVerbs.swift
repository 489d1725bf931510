import ArgumentParser
import Diagnostics
import Encoding
import Observations
import Reading

struct Processes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List who maps a segment, what a process maps, or all processes that have shared memory.",
        discussion: "Examples:\n  shmlens processes --sort -mappedBytes\n  shmlens processes shmlens-demo --touched\n  shmlens processes --pid 4711")

    @Argument(help: "A name, or an identifier such as posix:orders or memfd:1234; without it, all processes.")
    var segment: String?
    @Option(parsing: .unconditional, help: "One process, and all its shared memory.")
    var pid: Int32?
    @Flag(help: "With a segment: tell how much of it each process has in its page tables.")
    var touched = false
    @Flag(help: "Accepted for the API's sake: it is always looked at anew.")
    var fresh = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var page: PageOptions
    @OptionGroup var sorting: SortOption<ProcessKey>

    func validate() throws {
        if segment != nil, pid != nil { throw ValidationError("Name a segment or --pid, not both.") }
        if touched, segment == nil { throw ValidationError("--touched belongs to a segment.") }
        if sorting.sort != nil, segment != nil || pid != nil { throw ValidationError("--sort belongs to the list of all processes.") }
        if page.limit != nil || page.cursor != nil, pid != nil { throw ValidationError("--pid shows all there is.") }
    }

    func run() throws {
        try Terminal.run(Self.self) {
            if let segment {
                try showMappings(try SegmentArgument.identifier(segment))
            } else if let pid {
                try showProcess(pid)
            } else {
                try listProcesses()
            }
        }
    }

    private func showMappings(_ id: SegmentIdentifier) throws {
        let answer = try Lens().mappings(id, touched: touched, page: try page.request(.mappings), fresh: true)
        guard !output.json else { return try Terminal.print(json: answer) }
        var table = TextTable([
            .init("PID", .right), .init("COMMAND"), .init("USER"), .init("START"), .init("SIZE", .right), .init("OFFSET", .right),
            .init("ACCESS"), .init("RESIDENT", .right), .init("SHARE", .right), .init("TOUCHED", .right), .init("CGROUP"),
        ])
        for mapping in answer.report.mappings {
            let touched = mapping.touched.map { $0.reduce(0) { $0 + $1.length } }
            table.addRow([
                "\(mapping.process.pid)", mapping.process.command.text, mapping.process.user ?? "\(mapping.process.uid)",
                "0x" + String(mapping.range.start, radix: 16), Self.size(Int(clamping: mapping.range.end - mapping.range.start)),
                "\(mapping.range.offset)", mapping.range.access.description, Self.size(mapping.use?.residentBytes),
                Self.size(mapping.use?.proportionalBytes), Self.size(touched), mapping.process.controlGroup?.text ?? "",
            ])
        }
        try Terminal.print(table.text())
        Notes.tell(answer.envelope, next: answer.report.next)
    }

    private func showProcess(_ pid: Int32) throws {
        guard let answer = try Lens().process(pid, fresh: true) else {
            Terminal.note("there is no process \(pid)")
            throw ExitCode(Exit.notFound.rawValue)
        }
        guard !output.json else { return try Terminal.print(json: answer) }
        let process = answer.report.process
        var table = TextTable([
            .init("SEGMENT"), .init("NAME"), .init("START"), .init("SIZE", .right), .init("ACCESS"), .init("RESIDENT", .right),
            .init("SHARE", .right),
        ])
        for mapping in answer.report.mappings {
            table.addRow([
                mapping.segment.text, mapping.name.text, "0x" + String(mapping.range.start, radix: 16),
                Self.size(Int(clamping: mapping.range.end - mapping.range.start)), mapping.range.access.description,
                Self.size(mapping.use?.residentBytes), Self.size(mapping.use?.proportionalBytes),
            ])
        }
        for open in answer.report.open {
            table.addRow([open.segment.text, open.name.text, "descriptor \(open.number)", "", open.count > 1 ? "×\(open.count)" : "", "", ""])
        }
        try Terminal.print(TerminalText("\(process.command.text) (\(process.pid)) of \(process.user ?? "\(process.uid)")\n").text)
        try Terminal.print(table.text())
        Notes.tell(answer.envelope)
    }

    private func listProcesses() throws {
        let answer = try Lens().processes(sort: try sorting.order(), page: try page.request(.processes), fresh: true)
        guard !output.json else { return try Terminal.print(json: answer) }
        var table = TextTable([
            .init("PID", .right), .init("COMMAND"), .init("USER"), .init("MAPPED", .right), .init("SEGMENTS", .right),
            .init("BYTES", .right), .init("CGROUP"),
        ])
        for one in answer.report.processes {
            table.addRow([
                "\(one.process.pid)", one.process.command.text, one.process.user ?? "\(one.process.uid)",
                "\(one.mappedCount)", "\(one.segmentCount)", Self.size(one.mappedBytes),
                one.process.controlGroup?.text ?? "",
            ])
        }
        try Terminal.print(table.text())
        Notes.tell(answer.envelope, next: answer.report.next)
    }

    private static func size(_ bytes: Int?) -> String { bytes.map { ByteSize(bytes: $0).description } ?? "?" }
}

struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Find where bytes, a text or a number stand, in one segment or in all.",
        discussion: "Examples:\n  shmlens search shmlens-demo --text hello\n  shmlens search --hex 'de ad be ef'\n  shmlens search orders --integer 4711 --width 64")

    @Argument(help: "A name, or an identifier such as posix:orders or memfd:1234; without it, all objects are searched.")
    var segment: String?
    @Option(parsing: .unconditional, help: "Bytes, as pairs of hex digits.")
    var hex: String?
    @Option(parsing: .unconditional, help: "A text.")
    var text: String?
    @Option(parsing: .unconditional, help: "A number, in decimal or in hex with 0x.")
    var integer: String?
    @Option(help: "The number's bits: 8, 16, 32, 64. (default: 32)")
    var width: Int?
    @Option(help: "Of the number, or of a text in utf-16: little or big. (default: little)")
    var byteOrder: String?
    @Option(help: "Of the text: utf-8 or utf-16. (default: utf-8)")
    var encoding: String?
    @Flag(help: "Attach a System V segment that nobody has attached, to search it.")
    var attach = false
    @Flag(help: "Accepted for the API's sake: bytes are always read anew.")
    var fresh = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var page: PageOptions

    func validate() throws {
        if attach, segment == nil { throw ValidationError("--attach belongs to a segment.") }
    }

    func run() throws {
        try Terminal.run(Self.self) {
            let id = try segment.map { try SegmentArgument.identifier($0) }
            let answer = try Lens().search(try question().pattern(), in: id, attach: attach, page: try page.request(.search))
            guard !output.json else { return try Terminal.print(json: answer) }
            var table = TextTable([.init("SEGMENT"), .init("OFFSET", .right), .init("BYTES")])
            for match in answer.report.matches {
                table.addRow([match.segment.text, "\(match.offset)", Self.text(match.bytes + match.following)])
            }
            try Terminal.print(table.text())
            if answer.report.atimeMoved { Terminal.note("access times were moved: only the owner, or CAP_FOWNER, can leave them") }
            Notes.tell(answer.envelope, next: answer.report.next)
        }
    }

    private func question() throws -> SearchQuestion {
        func choice<Choice: RawRepresentable & CaseIterable>(
            _ option: String, _ text: String?, _: Choice.Type
        ) throws -> Choice? where Choice.RawValue == String {
            guard let text else { return nil }
            guard let choice = Choice(rawValue: text) else {
                throw ValidationError("--\(option) must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", "))")
            }
            return choice
        }
        return SearchQuestion(
            hex: hex, text: text, integer: integer, width: width,
            byteOrder: try choice("byte-order", byteOrder, SearchPattern.ByteOrder.self),
            encoding: try choice("encoding", encoding, SearchPattern.TextEncoding.self))
    }

    /// Bytes in hex, and those that can be shown.
    private static func text(_ bytes: [UInt8]) -> String {
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        let shown = bytes.map { 0x20...0x7e ~= $0 ? Character(UnicodeScalar($0)) : "." }
        return "\(digits)  \(String(shown))"
    }
}

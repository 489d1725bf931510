import ArgumentParser
import Diagnostics
import Encoding
import Kernel
import Observations
import Reading
import SystemPackage

/// Which bytes.
struct RangeOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "First byte; numbers and sizes such as 4KiB.")
    var offset = SizeArgument(bytes: 0)
    @Option(parsing: .unconditional, help: "How many bytes; to the end where it is left out.")
    var length: SizeArgument?
    @Flag(help: "Attach a System V segment that nobody has attached, to read it.")
    var attach = false

    /// Bytes read and written at a time.
    static let chunkBytes = 1 << 16

    /// Runs `body` on pieces of the range, in order, until it or the object ends.
    ///
    /// - Returns: how many bytes there were.
    func forEachChunk(of object: OpenObject, _ body: ([UInt8]) throws -> Void) throws -> Int {
        guard offset.bytes <= (try object.source.size()) else {
            throw PastTheEnd(offset: offset.bytes, id: object.id)
        }
        var position = offset.bytes
        let end = length.map { position.addingReportingOverflow($0.bytes) }.map { $0.overflow ? .max : $0.partialValue }
        while true {
            let wanted = min(Self.chunkBytes, (end ?? .max) - position)
            guard wanted > 0 else { return position - offset.bytes }
            let bytes = try object.source.read(at: position, count: wanted)
            guard !bytes.isEmpty else { return position - offset.bytes }
            try body(bytes)
            position += bytes.count
        }
    }
}

/// An object that ends before what is wanted of it.
private struct PastTheEnd: Error, CustomStringConvertible {
    let offset: Int
    let id: SegmentIdentifier

    var description: String { "--offset \(offset) is past the end of \(id)" }
}

extension OpenObject {
    /// What bytes alone do not show: that reading them allocated nothing, and that they need not be of one moment.
    fileprivate func tell(allocatedBefore before: Int) throws {
        let after = try source.currentFile().allocatedBytes
        Terminal.note(
            "allocated bytes before \(before), after \(after); whether bytes changed meanwhile cannot be told "
                + "(\(Consistency.inFlux.rawValue))")
    }
}

struct Dump: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Dump a segment's bytes in hex.",
        discussion: """
            Examples:
              shmlens dump shmlens-demo --length 64               as xxd does
              shmlens dump shmlens-demo --style canonical         as hexdump -C does
              shmlens dump shmlens-demo | xxd -r > copy           and back
              shmlens dump shmlens-demo --length 64 --json        the API's object
            """)

    enum Style: String, ExpressibleByArgument, CaseIterable {
        case xxd
        case canonical
        case json
    }

    @OptionGroup var segment: SegmentArgument
    @OptionGroup var range: RangeOptions
    @Option(help: "xxd, canonical or json.")
    var style = Style.xxd
    @OptionGroup var output: OutputOptions

    func run() throws {
        let style = output.json ? Style.json : style
        try Terminal.run(Self.self) {
            let object = try Lens().object(try segment.identifier())
            let before = object.file.allocatedBytes
            switch style {
            case .json: try printRows(of: object)
            case .xxd, .canonical: try printText(of: object, style == .xxd ? .xxd : .canonical)
            }
            try object.tell(allocatedBefore: before)
        }
    }

    private func printText(of object: OpenObject, _ style: HexDump.Style) throws {
        var dump = HexDump(
            style: style, offset: range.offset.bytes, askedLength: range.length?.bytes)
        var text: [UInt8] = []
        _ = try range.forEachChunk(of: object) { chunk in
            dump.append(chunk, to: &text)
            try Terminal.write(text)
            text.removeAll(keepingCapacity: true)
        }
        dump.finish(to: &text)
        try Terminal.write(text)
    }

    private func printRows(of object: OpenObject) throws {
        var writer = JSONWriter(reservingCapacity: RangeOptions.chunkBytes)
        var rows = JSONHexRows(offset: range.offset.bytes)
        let promised = try object.source.size() - range.offset.bytes
        writer.beginObject()
        Envelope.now.writeMembers(to: &writer)
        writer.field("offset", range.offset.bytes)
        writer.key("rows")
        writer.beginArray()
        let written = try range.forEachChunk(of: object) { chunk in
            rows.append(chunk, to: &writer)
            try Terminal.write(writer.takeBytes())
        }
        rows.finish(to: &writer)
        writer.endArray()
        // Known only now: bytes that others may write meanwhile are in flux at best.
        let isCut = written < min(range.length?.bytes ?? .max, promised)
        writer.field("consistency", (isCut ? Consistency.truncated : .inFlux).rawValue)
        writer.endObject()
        try Terminal.write(writer.finish() + [UInt8(ascii: "\n")])
    }
}

struct Bytes: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a segment's bytes to standard output as they are.",
        discussion: "Example:\n  shmlens bytes shmlens-demo --offset 4KiB --length 16 | od -An -tx8")

    @OptionGroup var segment: SegmentArgument
    @OptionGroup var range: RangeOptions

    func run() throws {
        try Terminal.run(Self.self) {
            let object = try Lens().object(try segment.identifier())
            let before = object.file.allocatedBytes
            _ = try range.forEachChunk(of: object) { try Terminal.write($0) }
            try object.tell(allocatedBefore: before)
        }
    }
}

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
    /// - Parameter watch: notes what was read.
    /// - Returns: how many bytes there were.
    func forEachChunk(
        of object: OpenObject, _ watch: inout ChangeWatch, _ body: ([UInt8]) throws -> Void
    ) throws -> Int {
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
            watch.note(bytes, at: position)
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
    /// What bytes alone do not show: that reading them allocated nothing, and whether they are of one moment.
    fileprivate func tell(_ proof: ReadingProof) {
        if wasAttached { Terminal.note("\(id.text) was attached for a moment, which its times and its last process show") }
        Terminal.note(proof.sentence)
    }

    /// - Parameter written: bytes that were shown of the range.
    fileprivate func proof(_ watch: ChangeWatch, _ range: RangeOptions, written: Int) -> ReadingProof {
        let promised = max(0, file.sizeBytes - range.offset.bytes)
        return source.proof(watch, isCut: written < min(range.length?.bytes ?? .max, promised))
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
            let object = try Lens().object(try segment.identifier(), attach: range.attach)
            switch style {
            case .json: try printRows(of: object)
            case .xxd, .canonical: try printText(of: object, style == .xxd ? .xxd : .canonical)
            }
        }
    }

    private func printText(of object: OpenObject, _ style: HexDump.Style) throws {
        var dump = HexDump(
            style: style, offset: range.offset.bytes, askedLength: range.length?.bytes)
        var text: [UInt8] = []
        var watch = ChangeWatch()
        let written = try range.forEachChunk(of: object, &watch) { chunk in
            dump.append(chunk, to: &text)
            try Terminal.write(text)
            text.removeAll(keepingCapacity: true)
        }
        dump.finish(to: &text)
        try Terminal.write(text)
        object.tell(object.proof(watch, range, written: written))
    }

    private func printRows(of object: OpenObject) throws {
        var writer = JSONWriter(reservingCapacity: RangeOptions.chunkBytes)
        var rows = JSONHexRows(offset: range.offset.bytes)
        writer.beginObject()
        Envelope.now.writeMembers(to: &writer)
        if object.wasAttached { writer.field("attached", true) }
        writer.field("offset", range.offset.bytes)
        writer.key("rows")
        writer.beginArray()
        var watch = ChangeWatch()
        let written = try range.forEachChunk(of: object, &watch) { chunk in
            rows.append(chunk, to: &writer)
            try Terminal.write(writer.takeBytes())
        }
        rows.finish(to: &writer)
        writer.endArray()
        // Known only now.
        let proof = object.proof(watch, range, written: written)
        proof.writeMembers(to: &writer)
        writer.endObject()
        try Terminal.write(writer.finish() + [UInt8(ascii: "\n")])
        object.tell(proof)
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
            let object = try Lens().object(try segment.identifier(), attach: range.attach)
            var watch = ChangeWatch()
            let written = try range.forEachChunk(of: object, &watch) { try Terminal.write($0) }
            object.tell(object.proof(watch, range, written: written))
        }
    }
}

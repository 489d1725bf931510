import CShmlens
import Encoding
import Glibc
import SegmentFormat
import SharedSegments
import SystemPackage
import TestSupport

/// The member that keys and indices lead to.
func member(_ value: JSONValue, _ path: String...) throws -> JSONValue { try member(value, path) }

func member(_ value: JSONValue, _ path: [String]) throws -> JSONValue {
    var found: JSONValue? = value
    for step in path {
        if let index = Int(step), let array = found?.array {
            found = array.indices.contains(index) ? array[index] : nil
        } else {
            found = found?[step]
        }
    }
    guard let found else { throw CommandError("no \(path.joined(separator: ".")) in \(value)") }
    return found
}

func number(_ value: JSONValue, _ path: String...) throws -> Int {
    guard let number = try member(value, path).number?.integer() else { throw CommandError("\(path) is no integer") }
    return number
}

func string(_ value: JSONValue, _ path: String...) throws -> String {
    guard let string = try member(value, path).string else { throw CommandError("\(path) is no string") }
    return string
}

func array(_ value: JSONValue, _ path: String...) throws -> [JSONValue] {
    guard let array = try member(value, path).array else { throw CommandError("\(path) is no array") }
    return array
}

/// Runs the program with `--json`, and reads what it prints.
func json(_ words: String..., expecting status: Int32 = 0) throws -> JSONValue {
    let outcome = try shmlens(words + ["--json"])
    guard outcome.ending == .exited(status) else {
        throw CommandError("\(words): \(outcome.ending) \(outcome.messages)")
    }
    return try JSONValue(parsing: outcome.output)
}

/// A segment for the time of a test, made by the program.
func withSegment<Result>(
    capacity: String = "64KiB", _ body: (_ name: String) throws -> Result
) throws -> Result {
    let name = Unique.name("command")
    defer { removeObject(name) }
    let made = try shmlens("create", name, "--capacity-bytes", capacity)
    guard made.ending == .exited(0) else { throw CommandError("create: \(made.messages)") }
    return try body(name)
}

/// Where the pool begins.
func poolOffset(_ name: String) throws -> Int { try Segment.open(name: name).layout.poolOffset }

/// The bytes of an object in /dev/shm, read by this process.
func objectBytes(_ name: String) throws -> [UInt8] { try fileBytes("/dev/shm/\(name)") }

func fileBytes(_ path: String) throws -> [UInt8] {
    let file = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
    return try file.closeAfter {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = try unsafe chunk.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }
}

/// A word of an object's header, which a look at takes no lock for.
func word(_ name: String, at offset: Int, bytes: Int) throws -> UInt64 {
    let file = try FileDescriptor.open(FilePath("/dev/shm/\(name)"), .readOnly, options: .closeOnExec)
    return try file.closeAfter {
        var word = [UInt8](repeating: 0, count: bytes)
        let count = try unsafe word.withUnsafeMutableBytes {
            try unsafe file.read(fromAbsoluteOffset: Int64(offset), into: $0)
        }
        guard count == bytes else { throw CommandError("\(name) ends before \(offset)") }
        return word.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// Waits until a process holds a segment's lock as a participant: to join, it has held it before without a slot.
func waitUntilHeld(_ name: String, by pid: Int32) throws {
    try eventually("process \(pid) holds the lock of \(name)") {
        // The pid and the slot, which stand side by side.
        let owner = try word(name, at: shmlens_header_offset_lock_owner_pid, bytes: 8)
        return owner & 0xFFFF_FFFF == UInt64(pid) && owner >> 32 > 0
    }
}

/// Whether a thread was stopped inside of an operation that is changing the heap: its journal has entries that are not
/// committed, and a page of the heap's tables is open. After its first entry, before it opens a page, it has changed nothing
/// yet that a picture of the heap could show.
func isChangingHeap(_ name: String) throws -> Bool {
    let count = try word(name, at: shmlens_header_offset_journal_count, bytes: 8)
    let operation = try word(name, at: shmlens_header_offset_journal_operation, bytes: 8)
    guard count > 0, try operation > word(name, at: shmlens_header_offset_event_head, bytes: 8) else { return false }
    let layout = try Segment.open(name: name).layout
    let pages = [SegmentLayout.indexSequence] + Array(layout.firstBlockSequence..<layout.sequenceCount)
    return try pages.contains { try word(name, at: layout.sequencesOffset + 8 * $0, bytes: 8) % 2 == 1 }
}

/// The letter of a process' state; proc(5), stat.
func processState(_ pid: Int32) throws -> Character? {
    String(decoding: try fileBytes("/proc/\(pid)/stat"), as: UTF8.self).split(separator: ") ").last?.first
}

/// Where two JSON values differ in their keys or their values.
///
/// - Parameter ignoring: keys of members that differ from one time to the next: they have to be there in both, and
///   that is all.
func differences(
    _ left: JSONValue, _ right: JSONValue, ignoring: Set<String> = [], at place: String = ""
) -> [String] {
    switch (left, right) {
    case (.object(let one), .object(let other)):
        let keys = one.members.map(\.key)
        guard keys == other.members.map(\.key) else {
            return ["\(place): the keys are \(keys) and \(other.members.map(\.key))"]
        }
        return zip(one.members, other.members).flatMap { member, opposite in
            ignoring.contains(member.key)
                ? [] : differences(member.value, opposite.value, ignoring: ignoring, at: "\(place).\(member.key)")
        }
    case (.array(let one), .array(let other)):
        guard one.count == other.count else { return ["\(place): \(one.count) and \(other.count) elements"] }
        return one.indices.flatMap {
            differences(one[$0], other[$0], ignoring: ignoring, at: "\(place)[\($0)]")
        }
    default:
        return left == right ? [] : ["\(place): \(left) and \(right)"]
    }
}

/// Runs a script of bash to its end.
func shell(_ script: String) throws {
    let outcome = try Running(["bash", "-c", script]).finish()
    guard outcome.ending == .exited(0) else { throw CommandError("\(outcome.ending): \(outcome.messages)") }
}

import Diagnostics
import Encoding
import Glibc
import HTTPCore
import SegmentFormat
import SharedSegments
import SystemPackage
import TestSupport
import Testing

@testable import API

/// What a client of a stream has been sent so far.
private final class Listener {
    let stream: ChangeStream
    private let woken = Flag()
    private(set) var text = ""

    init(_ stream: ChangeStream) {
        self.stream = stream
        stream.start { [woken] in woken.set() }
    }

    /// Takes what comes until a text is among it, or for ten seconds.
    ///
    /// - Returns: whether it came.
    func hears(_ wanted: String) -> Bool {
        for _ in 0..<10_000 {
            while case .bytes(let bytes) = stream.next(wanted: 1 << 16) { text += String(decoding: bytes, as: UTF8.self) }
            if text.contains(wanted) { return true }
            poll(nil, 0, 1)
        }
        return false
    }

    func forget() { text = "" }
    deinit { stream.finished() }
}

@Suite(.timeLimit(.minutes(10))) struct StreamRouteTests {
    private let bench: Bench

    init() throws { bench = try Bench() }

    @Test func `a new client is told everything, and from then on what changes`() throws {
        try bench.withSegment { name, path in
            let id = try SegmentIdentifier(pathSegment: "posix:\(name)")
            let listener = Listener(try bench.service.hub.subscribe(.segment(id), after: nil, bench.service))
            for part in ["segment", "locks", "participants", "workers", "tick"] {
                #expect(listener.hears("event: \(part)\ndata: {"), "\(part)")
            }
            #expect(!listener.text.contains("event: events"))
            listener.forget()
            _ = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":100,"tag":"streamed"}"#)
            #expect(listener.hears("event: events"))
            #expect(listener.text.contains(#""tag":"streamed""#) && listener.text.contains("id: "))
            #expect(listener.hears("event: segment"))
        }
    }

    @Test func `a client that comes back is told of the events that it missed`() throws {
        try bench.withSegment { name, path in
            for tag in ["first", "second"] {
                _ = bench.send("POST", path + "/blocks", json: #"{"sizeBytes":100,"tag":"\#(tag)"}"#)
            }
            let id = try SegmentIdentifier(pathSegment: "posix:\(name)")
            let listener = Listener(try bench.service.hub.subscribe(.segment(id), after: 1, bench.service))
            #expect(listener.hears(#"{"sequence":2,"at":"#))
            #expect(!listener.text.contains(#"{"sequence":1,"at":"#))
        }
    }

    @Test func `what happened while the header could not be read is told when it can be again`() throws {
        try bench.withSegment { name, path in
            let id = try SegmentIdentifier(pathSegment: "posix:\(name)")
            let listener = Listener(try bench.service.hub.subscribe(.segment(id), after: nil, bench.service))
            #expect(listener.hears("event: tick"))
            let segment = try Segment.open(name: name)
            // What other versions would use must be zero in this one.
            #expect(unsafe pwrite(segment.descriptor.rawValue, [1] as [UInt8], 1, 203) == 1)
            #expect(listener.hears(#""code":"undecodable""#))
            try segment.withLock { (locked) throws(SegmentError) in
                _ = try locked.allocate(sizeBytes: 100, tag: SegmentFormat.Tag("unseen")!)
            }
            #expect(unsafe pwrite(segment.descriptor.rawValue, [0] as [UInt8], 1, 203) == 1)
            #expect(listener.hears("event: events"))
            #expect(listener.text.contains(#""tag":"unseen""#))
        }
    }

    @Test func `the stream of what is removed says so and ends`() throws {
        let name = Unique.name("gone")
        _ = try Segment.create(name: name, options: SegmentOptions(capacityBytes: 4096))
        defer { removeObject(name) }
        let id = try SegmentIdentifier(pathSegment: "posix:\(name)")
        let listener = Listener(try bench.service.hub.subscribe(.segment(id), after: nil, bench.service))
        #expect(listener.hears("event: tick"))
        removeObject(name)
        #expect(listener.hears("event: failure"))
        #expect(listener.text.contains(#""status":404"#))
        for _ in 0..<10_000 {
            if case .end = listener.stream.next(wanted: 1) { return }
            poll(nil, 0, 1)
        }
        Issue.record("it does not end")
    }

    @Test func `a client that takes nothing is told to begin anew, and holds no more than its queue`() throws {
        let stream = ChangeStream(after: nil) { _ in }
        stream.start {}
        for _ in 0..<100 { stream.push([UInt8](repeating: 65, count: 1 << 20), after: nil) }
        var bytes = 0
        while case .bytes(let piece) = stream.next(wanted: 1 << 16) { bytes += piece.count }
        #expect(bytes <= ChangeStream.queuedBytesMax)
        stream.push([UInt8](repeating: 65, count: ChangeStream.queuedBytesMax + 1), after: nil)
        guard case .bytes(let piece) = stream.next(wanted: 1) else {
            Issue.record("nothing is said")
            return
        }
        #expect(String(decoding: piece, as: UTF8.self).contains("event: resync"))
        #expect(stream.needs.everything)
    }

    @Test func `where a client is too slow, what it was not sent does not count as known, and what was begun is finished`() {
        func frame(_ letter: String, _ count: Int) -> [UInt8] {
            EventFrame.bytes("events", Array(String(repeating: letter, count: count).utf8))
        }
        let stream = ChangeStream(after: 5) { _ in }
        stream.start {}
        stream.push(frame("a", 100), after: 7)
        var text = ""
        func take() {
            if case .bytes(let bytes) = stream.next(wanted: 1 << 16) { text += String(decoding: bytes, as: UTF8.self) }
        }
        take()
        #expect(text.contains("aaa") && stream.needs.after == 7)
        stream.push(frame("b", 100_000), after: 8)
        stream.push(frame("c", 100), after: 9)
        take()
        #expect(text.hasSuffix("b") && stream.needs.after == 9)
        stream.push(frame("d", ChangeStream.queuedBytesMax), after: 10)
        #expect(stream.needs == (true, 8))
        for _ in 0..<100 { take() }
        let begun = String(decoding: frame("b", 100_000), as: UTF8.self)
        #expect(text.contains(begun + String(decoding: EventFrame.bytes("resync", Array("{}".utf8)), as: UTF8.self)))
        #expect(!text.contains("ccc") && !text.contains("ddd"))
        // The same again, with nothing begun.
        stream.push(frame("e", 100), after: 11)
        #expect(stream.needs == (false, 11))
        stream.push(frame("d", ChangeStream.queuedBytesMax), after: 12)
        #expect(stream.needs == (true, 8))
    }

    @Test func `the host is followed as well, and who leaves is forgotten`() throws {
        var listener: Listener? = Listener(try bench.service.hub.subscribe(.host, after: nil, bench.service))
        for part in ["segments", "status", "workers", "insides"] { #expect(listener?.hears("event: \(part)\n") == true) }
        #expect(bench.service.hub.count(.host) == 1)
        listener = nil
        #expect(bench.service.hub.count(.host) == 0)
    }

    @Test func `who watches the host is told of a lock that is held inside of a segment`() throws {
        try bench.withSegment { name, _ in
            let segment = try Segment.open(name: name)
            let listener = Listener(try bench.service.hub.subscribe(.host, after: nil, bench.service))
            #expect(listener.hears("event: insides\ndata: {"))
            listener.forget()
            try segment.withLock { (_) throws(SegmentError) in
                #expect(listener.hears("{\"id\":\"posix:\(name)\",\"segment\":{"))
                #expect(listener.text.contains("event: insides") && listener.text.contains("\"state\":\"held\","))
            }
        }
    }

    @Test func `refuses a stream of nothing and an answer that is no stream`() {
        #expect(bench.get("/api/v1/segments/\(Unique.name())/stream").status == .notFound)
        #expect(bench.get("/api/v1/stream", [HeaderField("Accept", "application/json")]).status == .notAcceptable)
    }
}

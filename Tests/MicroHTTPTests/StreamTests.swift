import HTTPCore
import MicroHTTP
import Testing

@Suite(.timeLimit(.minutes(10))) struct StreamTests {
    static func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) } }

    @Test(arguments: [[], [1], [1, 100, 1], [100_000], [1 << 20], [5000, 300_000, 3]])
    func `a stream without a length is sent in chunks, of whatever size`(sizes: [Int]) throws {
        let stream = ScriptedStream(sizes.map { .bytes(Self.bytes($0)) })
        try serving(Site(makeStream: { stream })) { server in
            let client = try server.client()
            try client.ask("GET", "/stream")
            let reply = try client.reply()
            #expect(reply["Transfer-Encoding"] == "chunked")
            #expect(reply["Content-Length"] == nil)
            #expect(reply.body == sizes.flatMap { Self.bytes($0) })
            try client.ask("GET", "/hello")
            #expect(try client.reply().text == "hello")
            #expect(stream.started.times == 1)
            #expect(stream.ended.times == 1)
            #expect(server.counts.streams == 0)
        }
    }

    @Test(arguments: [[0, 0], [1, 1], [32 << 10, 1 << 15], [100_001, 100_000, 1], [1 << 20, 1 << 20]])
    func `a stream with a length says so`(sizes: [Int]) throws {
        let parts = sizes.dropFirst()
        let stream = ScriptedStream(parts.filter { $0 > 0 }.map { .bytes(Self.bytes($0)) })
        try serving(Site(streamLength: sizes[0], makeStream: { stream })) { server in
            let reply = try server.ask("GET", "/stream")
            #expect(reply["Content-Length"] == "\(sizes[0])")
            #expect(reply.body == parts.flatMap { Self.bytes($0) })
        }
        #expect(stream.ended.times == 1)
    }

    @Test func `HEAD asks a stream for nothing`() throws {
        for length in [nil, 12345] {
            let stream = ScriptedStream([.bytes([1])])
            try serving(Site(streamLength: length, makeStream: { stream })) { server in
                let reply = try server.ask("HEAD", "/stream")
                #expect(reply.status == 200)
                #expect(reply["Content-Length"] == length.map { "\($0)" })
                #expect(eventually { stream.ended.times == 1 })
                #expect(stream.started.times == 0)
            }
            #expect(stream.ended.times == 1)
        }
    }

    static let broken: [(name: String, length: Int?, steps: [StreamStep])] = [
        ("fails", nil, [.bytes([65]), .failed]), ("fails with a length", 2, [.bytes([65]), .failed]),
        ("ends early", 2, [.bytes([65]), .end]), ("gives nothing", nil, [.bytes([65]), .bytes([])]),
        ("gives too much at once", nil, [.bytes([65]), .bytes([UInt8](repeating: 66, count: (1 << 20) + 1))]),
    ]

    @Test(arguments: broken)
    func `a stream that breaks off does not look whole`(
        broken: (name: String, length: Int?, steps: [StreamStep])
    ) throws {
        let stream = ScriptedStream(broken.steps)
        try serving(Site(streamLength: broken.length, makeStream: { stream })) { server in
            let client = try server.client()
            try client.ask("GET", "/stream")
            _ = try client.header()
            let rest = String(decoding: try client.rest(), as: UTF8.self)
            #expect(rest == (broken.length == nil ? "1\r\nA\r\n" : "A"))
        }
        #expect(stream.ended.times == 1)
    }

    @Test func `a stream gives no more than the length that it promised`() throws {
        let stream = ScriptedStream([.bytes([65, 66, 67])])
        try serving(Site(streamLength: 2, makeStream: { stream })) { server in
            let client = try server.client()
            try client.ask("GET", "/stream")
            #expect(try client.reply().text == "AB")
            try client.ask("GET", "/hello")
            #expect(try client.reply().text == "hello")
        }
    }

    @Test(arguments: [nil, 6])
    func `a stream waits and is woken`(length: Int?) throws {
        let stream = FedStream()
        try serving(Site(streamLength: length, makeStream: { stream })) { server in
            let client = try server.client()
            try client.ask("GET", "/stream")
            _ = try client.header()
            stream.waited.wait()
            for (count, text) in ["ab", "cd", "ef"].enumerated() {
                // Other requests are answered while the stream waits.
                #expect(try server.ask("GET", "/hello").text == "hello")
                stream.feed(text)
                if length == nil { #expect(try client.chunk() == Array(text.utf8)) }
                if length == nil || count < 2 { stream.waited.wait(times: count + 2) }
            }
            stream.feed("", isClosed: true)
            if length == nil { #expect(try client.chunk().isEmpty) }
            stream.ended.wait()
            #expect(stream.ended.times == 1)
        }
    }

    @Test func `wake-ups that come early, late or in vain lose and repeat nothing`() throws {
        let stream = FedStream()
        try serving(Site(makeStream: { stream })) { server in
            let client = try server.client()
            try client.ask("GET", "/stream")
            stream.started.wait()
            var expected = [UInt8]()
            for number in 0..<2000 {
                expected += Array("\(number) ".utf8)
                stream.feed("\(number) ")
                if number % 3 == 0 { stream.wakeInVain() }
            }
            stream.feed("", isClosed: true)
            let reply = try client.reply()
            #expect(reply.body == expected)
            stream.ended.wait()
            stream.wakeInVain()
            #expect(try server.ask("GET", "/hello").text == "hello")
        }
    }

    @Test func `a client that leaves a waiting stream is noticed by writing`() throws {
        let stream = FedStream()
        try serving(Site(makeStream: { stream })) { server in
            let client = try server.client()
            try client.ask("GET", "/stream")
            stream.waited.wait()
            client.abort()
            #expect(eventually {
                stream.feed(": still here\n\n")
                return stream.ended.times > 0
            })
            #expect(eventually { server.counts.connections == 0 })
            stream.feed("more")
            #expect(stream.ended.times == 1)
            #expect(server.counts.streams == 0)
        }
    }

    @Test func `streams beyond the limit are turned away and told`() throws {
        let streams = [FedStream(), FedStream(), FedStream()]
        let next = Monitor(0)
        var limits = Limits()
        limits.streams = 2
        let site = Site(makeStream: { streams[next.withLock { index in
            defer { index += 1 }
            return index
        }] })
        try serving(site, limits: limits) { server in
            let clients = try (0..<2).map { _ in try server.client() }
            // Who is let go of hangs up.
            defer { withExtendedLifetime(clients) {} }
            for (index, client) in clients.enumerated() {
                try client.ask("GET", "/stream")
                streams[index].waited.wait()
            }
            #expect(server.counts.streams == 2)
            let reply = try server.ask("GET", "/stream")
            #expect(reply.status == 503)
            #expect(reply["Retry-After"] == "1")
            #expect(streams[2].ended.times == 1)
            #expect(streams[2].started.times == 0)
        }
        #expect(streams.map(\.ended.times) == [1, 1, 1])
    }

    @Test func `the stream of a response that cannot be sent is told`() throws {
        let stream = ScriptedStream([])
        let response = Response(.ok, headers: ["A": "\n"], body: .stream(length: nil, stream))
        try serving(Site(given: response)) { server in
            let reply = try server.ask("GET", "/given")
            #expect(reply.status == 500)
            #expect(server.counts.unsendable == 1)
            #expect(server.counts.streams == 0)
        }
        #expect(stream.ended.times == 1)
        #expect(stream.started.times == 0)
    }
}

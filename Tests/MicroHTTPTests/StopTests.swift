import Glibc
import HTTPCore
import MicroHTTP
import Testing

@Suite(.timeLimit(.minutes(10))) struct StopTests {
    func start(_ site: Site, _ limits: Limits = Limits()) throws -> MicroHTTPServer {
        try MicroHTTPServer(try ListenAddress("127.0.0.1:0"), limits: limits, handler: site)
    }

    /// Stops on another thread, so that the test can see what happens meanwhile.
    func stopping(_ server: MicroHTTPServer, withinMilliseconds milliseconds: Int) throws -> Thread {
        try Thread(name: "stop") { server.stop(withinMilliseconds: milliseconds) }
    }

    @Test func `a request under way is finished and the connection closed`() throws {
        let site = Site()
        let server = try start(site)
        let client = try server.client()
        try client.ask("POST", "/blocked")
        site.entered.wait()
        let stop = try stopping(server, withinMilliseconds: 30_000)
        // A connection that is closed at once shows that the stop has begun.
        #expect(eventually { (try? server.client().isCut(withinMilliseconds: 100)) ?? true })
        site.gate.happen()
        let reply = try client.reply()
        #expect(reply.text == "at last")
        #expect(reply["Connection"] == "close")
        stop.join()
        #expect(server.counts.connections == 0)
    }

    @Test func `requests that come during a stop are turned away`() throws {
        let site = Site()
        let server = try start(site)
        let (blocked, kept) = (try server.client(), try server.client())
        try kept.ask("GET", "/hello")
        #expect(try kept.reply().text == "hello")
        try blocked.ask("POST", "/blocked")
        site.entered.wait()
        let stop = try stopping(server, withinMilliseconds: 30_000)
        #expect(eventually { (try? server.client().isCut(withinMilliseconds: 100)) ?? true })
        try kept.ask("GET", "/hello")
        let reply = try kept.reply()
        #expect(reply.status == 503)
        #expect(reply["Connection"] == "close")
        site.gate.happen()
        #expect(try blocked.reply().text == "at last")
        stop.join()
    }

    @Test func `a request that takes longer than the deadline is cut, and its handler waited for`() throws {
        let site = Site()
        let server = try start(site)
        let client = try server.client()
        try client.ask("POST", "/blocked")
        site.entered.wait()
        let isStopped = Event()
        let stop = try Thread(name: "stop") {
            server.stop(withinMilliseconds: 0)
            isStopped.happen()
        }
        #expect(try client.rest().isEmpty)
        #expect(isStopped.times == 0)
        site.gate.happen()
        stop.join()
        #expect(isStopped.times == 1)
        #expect(server.counts.underWay == 0)
    }

    @Test func `a stream that waits is ended as if it were complete`() throws {
        let stream = FedStream()
        let server = try start(Site(makeStream: { stream }))
        let client = try server.client()
        try client.ask("GET", "/stream")
        _ = try client.header()
        stream.waited.wait()
        stream.feed("one")
        #expect(try client.chunk() == Array("one".utf8))
        stream.waited.wait(times: 2)
        server.stop(withinMilliseconds: 30_000)
        #expect(try client.chunk().isEmpty)
        #expect(try client.rest().isEmpty)
        #expect(stream.ended.times == 1)
        stream.feed("too late")
    }

    @Test func `the stream of an answer that comes after the deadline is told`() throws {
        let stream = ScriptedStream([.bytes([1])])
        let (entered, gate) = (Event(), Event())
        let site = Site(makeStream: {
            entered.happen()
            gate.wait()
            return stream
        })
        let server = try start(site)
        let client = try server.client()
        try client.ask("GET", "/stream")
        entered.wait()
        let stop = try stopping(server, withinMilliseconds: 0)
        #expect(try client.rest().isEmpty)
        gate.happen()
        stop.join()
        #expect(stream.ended.times == 1)
        #expect(stream.started.times == 0)
    }

    @Test func `a second stop waits for the first, a third finds nothing to do`() throws {
        let site = Site()
        let server = try start(site)
        let client = try server.client()
        try client.ask("POST", "/blocked")
        site.entered.wait()
        let stops = try (0..<3).map { _ in try stopping(server, withinMilliseconds: 30_000) }
        site.gate.happen()
        for stop in stops { stop.join() }
        #expect(try client.reply().text == "at last")
        server.stop(withinMilliseconds: .max)
    }

    @Test func `a stop without a deadline ends once nothing is under way`() throws {
        let server = try start(Site())
        #expect(try server.ask("GET", "/hello").text == "hello")
        server.stop(withinMilliseconds: .max)
    }

    @Test func `nothing of a server outlives it`() throws {
        weak var site: Site?
        weak var stream: FedStream?
        do {
            let (held, fed) = (Site(), FedStream())
            (site, stream) = (held, fed)
            let server = try start(Site(makeStream: { [held] in
                _ = held
                return fed
            }))
            let clients = try (0..<4).map { _ in try server.client() }
            try clients[0].ask("GET", "/stream")
            try clients[1].ask("GET", "/hello")
            try clients[2].ask("GET", "/big")
            try clients[3].send("GET ")
            // Optimised code lets go of what is not used any more, and a client that is let go of hangs up.
            withExtendedLifetime(clients) {
                fed.waited.wait()
                server.stop(withinMilliseconds: 0)
            }
        }
        #expect(site == nil)
        #expect(stream == nil)
    }

    @Test(arguments: [0, 30_000])
    func `a stop under load ends every connection and every stream`(milliseconds: Int) throws {
        let streams = (0..<20).map { _ in FedStream() }
        let next = Monitor(0)
        let site = Site(makeStream: { streams[next.withLock { index in
            defer { index += 1 }
            return index
        }] })
        let server = try start(site)
        let clients = try (0..<120).map { _ in try server.client() }
        for (index, client) in clients.enumerated() {
            switch index % 6 {
            case 0: try client.ask("GET", "/stream")
            case 1: try client.ask("GET", "/hello")
            case 2: try client.ask("POST", "/blocked")
            case 3: try client.send("GET /hello HTTP/1.1\r\nHost:")
            case 4: try client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n12")
            default: try client.ask("GET", "/big")
            }
        }
        for stream in streams { stream.waited.wait() }
        site.entered.wait(times: 8)
        site.gate.happen()
        if milliseconds > 0 {
            // What would hold a patient stop until its deadline: half a body, and answers that nobody reads.
            for index in clients.indices where index % 6 >= 4 { clients[index].abort() }
        }
        server.stop(withinMilliseconds: milliseconds)
        for (index, client) in clients.enumerated() where milliseconds == 0 || index % 6 < 4 { _ = try client.rest() }
        #expect(streams.allSatisfy { $0.ended.times == 1 })
        #expect(server.counts.connections == 0)
        #expect(server.counts.underWay == 0)
        #expect(server.counts.streams == 0)
    }
}

/// What a process of its own shows: threads, descriptors, traps.
@Suite(.timeLimit(.minutes(10))) struct ServerProcessTests {
    @Test func `a stopped server leaves no thread and no socket`() async {
        await #expect(processExitsWith: .success) {
            // The first server may leave what the C library keeps for later ones.
            try serving { _ = try $0.ask("GET", "/hello") }
            let before = ProcessFacts.descriptorCount
            for _ in 0..<5 {
                try serving { server in
                    let clients = try (0..<20).map { _ in try server.client() }
                    for client in clients { try client.ask("GET", "/big") }
                    // Quick and waiting threads, the watch and the library's. A thread takes its name when it runs.
                    require(eventually { ProcessFacts.serverThreads.count == 4 + 8 + 1 + 1 })
                }
            }
            require(ProcessFacts.descriptorCount == before)
            // A thread that was joined may show for a moment longer.
            require(eventually { ProcessFacts.serverThreads.isEmpty })
        }
    }

    @Test func `signals from outside never reach the server's threads`() async {
        await #expect(processExitsWith: .success) {
            let before = ProcessFacts.blockedSignals(of: "thread-self")
            try serving { _ in
                require(ProcessFacts.blockedSignals(of: "thread-self") == before)
                require(eventually { ProcessFacts.serverThreads.count == 14 })
                for thread in ProcessFacts.serverThreads {
                    for signal in [SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGUSR1, SIGPIPE] {
                        require(thread.blockedSignals >> UInt64(signal - 1) & 1 == 1)
                    }
                    for signal in [SIGSEGV, SIGBUS, SIGABRT] {
                        require(thread.blockedSignals >> UInt64(signal - 1) & 1 == 0)
                    }
                }
            }
        }
    }

    @Test func `a server that is let go of without a stop is a mistake`() async {
        await #expect(processExitsWith: .failure) {
            _ = try MicroHTTPServer(try ListenAddress("127.0.0.1:0"), handler: Site())
        }
    }
}

/// Ends a process of its own with a failure unless `isTrue`.
private func require(_ isTrue: Bool, line: Int = #line) {
    if !isTrue { fatalError("line \(line)") }
}

import HTTPCore
import MicroHTTP
import Testing

/// What only a socket shows of connections, time and many requests at once.
@Suite(.timeLimit(.minutes(10))) struct ConnectionTests {
    @Test func `requests follow one another on a connection, refused ones too`() throws {
        try serving { server in
            let client = try server.client()
            let pages = [("/hello", 200), ("/secret", 401), ("/inline", 200), ("/nothing", 404), ("/none", 204)]
            for (target, status) in pages {
                try client.ask("GET", target)
                #expect(try client.reply().status == status)
            }
            #expect(server.counts.requests == 5)
            #expect(server.counts.connections == 1)
        }
    }

    @Test func `requests that are sent at once are answered in order`() throws {
        try serving { server in
            let client = try server.client()
            let targets = ["/hello", "/inline", "/segments/a", "/hello", "/nothing", "/inline"]
            try client.send(targets.map { "GET \($0) HTTP/1.1\r\nHost: localhost\r\n\r\n" }.joined())
            let replies = try targets.map { _ in try client.reply().text }
            #expect(replies == ["hello", "inline", "a a", "hello", "no such page", "inline"])
        }
    }

    @Test func `the server knows who asks`() throws {
        try serving { server in
            let address = try server.ask("GET", "/address").text
            #expect(address.hasPrefix("127.0.0.1:"))
            #expect(Int(address.dropFirst(10)) != nil)
        }
    }

    @Test func `a header that trickles in is cut when its time is over`() throws {
        var limits = Limits()
        limits.headerTimeMilliseconds = 100
        try serving(limits: limits) { server in
            let client = try server.client()
            try client.send("GET /hello HTTP/1.1\r\nHost: localhost\r\nA: ")
            #expect(eventually { (try? client.send("a")) == nil || client.isCut(withinMilliseconds: 5) })
            #expect(server.counts.cutForTime == 1)
            #expect(eventually { server.counts.connections == 0 })
        }
    }

    @Test func `a connection that never says anything is cut`() throws {
        var limits = Limits()
        limits.headerTimeMilliseconds = 50
        try serving(limits: limits) { server in
            let client = try server.client()
            #expect(try client.rest().isEmpty)
            #expect(server.counts.cutForTime == 1)
        }
    }

    @Test func `a header in time is not cut while its request is worked on`() throws {
        var limits = Limits()
        limits.headerTimeMilliseconds = 50
        let site = Site()
        try serving(site, limits: limits) { server in
            let client = try server.client()
            try client.ask("POST", "/blocked")
            site.entered.wait()
            // A second connection that is cut shows that the time of the first is over as well.
            #expect(try server.client().rest().isEmpty)
            site.gate.happen()
            #expect(try client.reply().text == "at last")
        }
    }

    @Test func `a body that trickles in is cut when its time is over`() throws {
        var limits = Limits()
        limits.bodyTimeMilliseconds = 100
        try serving(limits: limits) { server in
            let client = try server.client()
            try client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
            #expect(eventually { (try? client.send("b")) == nil || client.isCut(withinMilliseconds: 5) })
            #expect(server.counts.cutForTime == 1)
            #expect(eventually { server.counts.underWay == 0 })
        }
    }

    @Test func `a connection that is quiet after a request is let go`() throws {
        var limits = Limits()
        limits.idleTimeSeconds = 1
        try serving(limits: limits) { server in
            let client = try server.client()
            try client.ask("GET", "/hello")
            #expect(try client.reply().text == "hello")
            #expect(try client.rest().isEmpty)
        }
    }

    @Test func `clients beyond the limit wait until another leaves`() throws {
        var limits = Limits()
        limits.connections = 2
        try serving(limits: limits) { server in
            let first = try server.client()
            let second = try server.client()
            // Who is let go of hangs up.
            defer { withExtendedLifetime(second) {} }
            for client in [first, second] {
                try client.ask("GET", "/hello")
                #expect(try client.reply().text == "hello")
            }
            let third = try server.client()
            try third.ask("GET", "/hello")
            #expect(server.counts.connections == 2)
            first.close()
            #expect(try third.reply().text == "hello")
        }
    }

    @Test func `changes that wait keep no read from its answer`() throws {
        let site = Site()
        var limits = Limits()
        limits.waitingThreads = 4
        try serving(site, limits: limits) { server in
            let waiting = try (0..<20).map { _ in try server.client() }
            for client in waiting { try client.ask("POST", "/blocked") }
            site.entered.wait(times: 4)
            for _ in 0..<50 { #expect(try server.ask("GET", "/hello").text == "hello") }
            #expect(site.entered.times == 4)
            site.gate.happen()
            for client in waiting { #expect(try client.reply().text == "at last") }
        }
    }

    @Test func `a queue of one keeps no idle thread from its work`() throws {
        let site = Site()
        var limits = Limits()
        limits.waitingQueue = 1
        try serving(site, limits: limits) { server in
            let clients = try (0..<8).map { _ in try server.client() }
            // At first all eight threads one by one, so that all are known to be there; then half of them at once.
            for (index, client) in clients.enumerated() {
                try client.ask("POST", "/blocked")
                site.entered.wait(times: index + 1)
            }
            site.gate.happen()
            for client in clients { #expect(try client.reply().text == "at last") }
            for _ in 0..<3 {
                site.gate.close()
                for client in clients[..<4] { try client.ask("POST", "/blocked") }
                site.gate.happen()
                for client in clients[..<4] { #expect(try client.reply().text == "at last") }
            }
        }
    }

    @Test func `requests beyond the queue are turned away`() throws {
        let site = Site()
        var limits = Limits()
        limits.waitingThreads = 1
        limits.waitingQueue = 2
        limits.retryAfterSeconds = 7
        try serving(site, limits: limits) { server in
            var waiting = [try server.client()]
            try waiting[0].ask("POST", "/blocked")
            site.entered.wait()
            for count in 2...3 {
                let client = try server.client()
                try client.ask("POST", "/blocked")
                #expect(eventually { server.counts.underWay == count })
                waiting.append(client)
            }
            let reply = try server.ask("POST", "/blocked")
            #expect(reply.status == 503)
            #expect(reply["Retry-After"] == "7")
            #expect(server.counts.turnedAway == 1)
            site.gate.happen()
            for client in waiting { #expect(try client.reply().text == "at last") }
        }
    }

    @Test func `a client that leaves in the middle of an answer harms nobody`() throws {
        try serving { server in
            for _ in 0..<5 {
                let client = try server.client()
                try client.ask("GET", "/big")
                _ = try client.header()
                client.abort()
            }
            #expect(try server.ask("GET", "/big").body == Site.big)
            #expect(eventually { server.counts.underWay == 0 && server.counts.connections == 0 })
        }
    }

    @Test func `a client that leaves while its request is worked on harms nobody`() throws {
        let site = Site()
        try serving(site) { server in
            let client = try server.client()
            try client.ask("POST", "/blocked")
            site.entered.wait()
            client.abort()
            site.gate.happen()
            #expect(eventually { server.counts.underWay == 0 && server.counts.connections == 0 })
            #expect(try server.ask("GET", "/hello").text == "hello")
        }
    }

    @Test func `many connections at once are all answered`() throws {
        try serving { server in
            let clients = try (0..<100).map { _ in try server.client() }
            for round in 0..<5 {
                for (index, client) in clients.enumerated() { try client.ask("GET", "/segments/\(round)-\(index)") }
                for (index, client) in clients.enumerated() {
                    #expect(try client.reply().text == "\(round)-\(index) \(round)-\(index)")
                }
            }
            #expect(server.counts.requests == 500)
        }
    }
}

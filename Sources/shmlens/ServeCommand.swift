import API
import ArgumentParser
import Glibc
import HTTPCore
import MicroHTTP
import Reading
import SharedSegments
import SystemPackage
import Workload

/// `shmlens serve`: the HTTP server.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves the API, and the page that shows it.",
        discussion: """
            It prints `listening on http://HOST:PORT` when it accepts connections, and ends cleanly on SIGTERM and \
            Ctrl-C: requests under way are answered and the workers that it started end with it.

            Who may ask: requests for the address that it listens on, for localhost and for each --allow-host. An \
            address that others reach needs a token: the one in --token-file, or one that is made and printed at the \
            start as a URL to click.

            Examples:
              shmlens serve
              shmlens serve --demo --public public
              shmlens serve --listen 0.0.0.0:8080 --token-file /run/secrets/shmlens
              shmlens serve --check http://127.0.0.1:8080/healthz
            """)

    @Option(help: "Where to listen: a numeric address and a port; port 0 picks one.")
    var listen = "127.0.0.1:8080"

    @Option(name: .customLong("public"), help: "The folder with the page.")
    var publicFolder: String?

    @Flag(help: "Make the segment \(Demonstration.name), with workers that change it.")
    var demo = false

    @Option(help: "A further host name to answer for; may be given several times.")
    var allowHost: [String] = []

    @Option(help: "A file with the token that requests must bring.")
    var tokenFile: String?

    @Option(help: "Serve nothing: ask a server whether it lives, and exit with 0 if it does.")
    var check: String?

    /// How long requests under way may take when the server ends.
    private static let stopMilliseconds = 5000
    /// How long they may then still wait for a segment's lock: less, so that what ends the wait is an answer.
    private static let lockMilliseconds = 4000

    func validate() throws {
        do {
            if let check { _ = try HealthCheck(check) } else { _ = try ListenAddress(listen) }
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() throws {
        try Terminal.run(Self.self) {
            if let check { return try HealthCheck(check).run() }
            try serve()
        }
    }

    private func serve() throws {
        // Before any thread: each inherits what is blocked, and one alone then waits for it.
        let stop = StopSignals()
        signal(SIGPIPE, SIG_IGN)
        try Segment.guardMappings()
        let address = try ListenAddress(listen)
        let token = try token(for: address)
        if let publicFolder { try requireFolder(publicFolder) }
        let lens = try Lens()
        let supervisor = try Supervisor()
        defer { supervisor.shutDown() }
        let limits = Limits()
        let service = try Service(
            Service.Settings(
                version: Shmlens.version,
                access: Access(
                    listenHost: address.host, isLoopback: address.isLoopback, allowedHosts: allowHost,
                    token: token.value),
                publicFolder: publicFolder, limits: limits),
            lens: lens, live: LiveSegments(lens: lens), supervisor: supervisor)
        let server = try MicroHTTPServer(address, limits: limits, handler: service)
        defer { server.stop(withinMilliseconds: Self.stopMilliseconds) }
        service.isServed(at: server.address.description) { [weak server] in server?.counts.refusedByParser ?? 0 }
        let demonstration = demo ? try Demonstration() : nil
        defer { remove(demonstration, after: supervisor) }
        try demonstration?.start(with: supervisor)
        announce(server.address, token)
        stop.wait()
        service.end(withinMilliseconds: Self.lockMilliseconds)
        server.stop(withinMilliseconds: Self.stopMilliseconds)
    }

    /// The token that requests must bring, and whether it was made here.
    private func token(for address: ListenAddress) throws -> (value: Token?, isNew: Bool) {
        if let tokenFile { return (try Token(read(tokenFile)), false) }
        guard !address.isLoopback else { return (nil, false) }
        var generator = SystemRandomNumberGenerator()
        return (Token.random(using: &generator), true)
    }

    private func read(_ path: String) throws -> [UInt8] {
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
        } catch let error as Errno {
            throw OptionError(option: "--token-file", path: path, errno: error, wants: "a file with the token in it")
        }
        return try descriptor.closeAfter {
            // Room for blanks around the longest token, and to see that a file is longer.
            var bytes = [UInt8](repeating: 0, count: 2 * Token.lengths.upperBound)
            let count = try unsafe bytes.withUnsafeMutableBytes { unsafe try descriptor.read(into: $0) }
            return Array(bytes.prefix(count))
        }
    }

    private func requireFolder(_ path: String) throws {
        do {
            try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .directory]).close()
        } catch let error as Errno {
            throw OptionError(option: "--public", path: path, errno: error, wants: "the folder with the page")
        }
    }

    private func announce(_ address: ListenAddress, _ token: (value: Token?, isNew: Bool)) {
        var text = "listening on http://\(address)\n"
        if token.isNew, let value = token.value {
            // One cannot click on "all addresses".
            let host = ["0.0.0.0": "127.0.0.1", "::": "[::1]"][address.host]
            let place = host.map { "\($0):\(address.port)" } ?? "\(address)"
            text += "open http://\(place)/?token=\(value.text)\n"
        }
        // Whoever started it may have stopped listening; the server goes on.
        _ = try? FileDescriptor.standardOutput.writeAll(text.utf8)
    }

    private func remove(_ demonstration: Demonstration?, after supervisor: Supervisor) {
        supervisor.shutDown()
        do throws(SegmentError) {
            try demonstration?.remove()
        } catch {
            Terminal.note("\(Demonstration.name) stays: \(error)")
        }
    }
}

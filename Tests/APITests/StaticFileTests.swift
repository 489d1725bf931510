import HTTPCore
import Observations
import TestSupport
import Testing

@testable import API

@Suite struct StaticFileTests {
    private let folder = TemporaryFolder()
    private let bench: Bench

    init() throws {
        folder.write("<!doctype html>", to: "index.html")
        folder.write("let a", to: "js/app.js")
        folder.write("a b", to: "a b.txt")
        folder.write("secret", to: ".env")
        folder.write("data", to: "data.bin2")
        folder.link("link.txt", to: "/etc/passwd")
        bench = try Bench(publicFolder: folder.path)
    }

    @Test(
        arguments: [
            ("/", "<!doctype html>", "text/html; charset=utf-8"), ("/index.html", "<!doctype html>", "text/html; charset=utf-8"),
            ("/js/app.js", "let a", "text/javascript; charset=utf-8"), ("/a%20b.txt", "a b", "text/plain; charset=utf-8"),
            ("/data.bin2?v=1", "data", "application/octet-stream"),
        ])
    func `serves the folder's files`(path: String, text: String, type: String) {
        let reply = bench.get(path)
        #expect(reply.status == .ok)
        #expect(reply.text == text)
        #expect(reply.length == text.utf8.count)
        #expect(reply.headers["Content-Type"] == type)
        #expect(reply.headers["X-Content-Type-Options"] == "nosniff")
        #expect(reply.headers["Content-Security-Policy"]?.hasPrefix("default-src 'self';") == true)
        #expect(reply.headers["Referrer-Policy"] == "no-referrer")
        #expect(reply.unsendableReason == nil)
    }

    @Test(
        arguments: [
            "/js", "/js/", "/js/app.js/", "/.env", "/link.txt", "/nothing", "/js%2Fapp.js", "/js/%2e%2e/index.html", "/../etc/passwd",
            "/%2e%2e/etc/passwd", "//index.html", "/index.html%00",
        ])
    func `serves nothing else`(path: String) {
        let status = bench.get(path).status
        #expect(status == .notFound || status == .badRequest)
    }

    @Test func `says when a file is the one that the client has`() throws {
        let tag = try #require(bench.get("/").headers["ETag"])
        let same = bench.get("/", [HeaderField("If-None-Match", tag)])
        #expect(same.status == .notModified)
        #expect(same.bytes.isEmpty)
        folder.write("<!doctype html><p>", to: "index.html")
        #expect(bench.get("/", [HeaderField("If-None-Match", tag)]).status == .ok)
    }

    @Test func `changes no file`() {
        let reply = bench.send("DELETE", "/index.html")
        #expect(reply.status == .methodNotAllowed)
        #expect(reply.headers["Allow"] == "GET, HEAD")
        #expect(bench.send("HEAD", "/").status == .ok)
    }
}

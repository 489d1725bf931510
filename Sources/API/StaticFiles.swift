import Diagnostics
import HTTPCore
import Kernel
import Observations
import SystemPackage

/// The files of the page, served as they are.
struct StaticFiles: Sendable {
    private let folder: SharedFolder
    private let proc: ProcFS

    init(folder: String, proc: ProcFS) {
        self.folder = SharedFolder(root: folder)
        self.proc = proc
    }

    /// What is refused without a look at the files.
    static func refusal(of head: RequestHead) -> Response? {
        guard head.method != .get, head.method != .head else { return nil }
        return Response.problem(.methodNotAllowed("a file knows GET, HEAD")).with("Allow", "GET, HEAD")
    }

    /// The file at the request's path: a regular file inside the folder, found without following a link. The folder's
    /// own path is `index.html`; no folder is listed, and names that begin with a dot are nobody's business.
    func response(to head: RequestHead) -> Response {
        guard let name = Self.name(of: head.path) else { return Self.missing }
        do throws(KernelError) {
            let source = try DescriptorSource.open(.sharedFile(name), in: proc, folder)
            return Self.response(to: head, name: name, source)
        } catch {
            return error.errno == .permissionDenied ? .problem(.forbidden(error.description)) : Self.missing
        }
    }

    private static let missing = Response.problem(.notFound("there is no such page"))

    private static func name(of path: [PathSegment]) -> ByteString? {
        if path.isEmpty { return "index.html" }
        for segment in path {
            guard !segment.decoded.isEmpty, segment.decoded.utf8.first != UInt8(ascii: "."),
                !segment.decoded.utf8.contains(UInt8(ascii: "/"))
            else { return nil }
        }
        return ByteString(Array(path.map(\.decoded).joined(separator: "/").utf8))
    }

    private static func response(to head: RequestHead, name: ByteString, _ source: DescriptorSource) -> Response {
        let file = source.file
        // A file that is replaced within the clock's grain and keeps its size would pass for the old one: weak.
        let time = UInt64(bitPattern: file.modifiedAt.nanoseconds)
        let tag = EntityTag(
            String(time, radix: 36) + "-" + String(file.sizeBytes, radix: 36) + "-" + String(file.inode, radix: 36),
            isWeak: true)
        var response = Response(.ok, headers: security)
        response.headers["ETag"] = tag.description
        response.headers["Cache-Control"] = "no-cache"
        if tag.isNamed(ifNoneMatch: head.headers.list("If-None-Match")) {
            response.status = .notModified
            return response
        }
        response.headers["Content-Type"] = type(of: name)
        response.body = .stream(length: file.sizeBytes, ObjectBytes(source, range: 0..<file.sizeBytes))
        return response
    }

    /// Nothing but the folder's own files runs in the page or is loaded by it, and no other page may frame it.
    private static let security: HeaderFields = [
        "Content-Security-Policy":
            "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
            + "object-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    ]

    /// By what stands behind the name's last dot.
    private static func type(of name: ByteString) -> String {
        let ending = name.text.split(separator: ".").last.map(String.init) ?? ""
        return types[ending] ?? "application/octet-stream"
    }

    private static let types = [
        "html": "text/html; charset=utf-8",
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "mjs": "text/javascript; charset=utf-8",
        "json": "application/json",
        "map": "application/json",
        "svg": "image/svg+xml",
        "png": "image/png",
        "jpg": "image/jpeg",
        "gif": "image/gif",
        "webp": "image/webp",
        "ico": "image/x-icon",
        "woff2": "font/woff2",
        "txt": "text/plain; charset=utf-8",
        "md": "text/markdown; charset=utf-8",
        "webmanifest": "application/manifest+json",
        "wasm": "application/wasm",
    ]
}

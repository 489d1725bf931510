import Diagnostics
import HTTPCore

/// Who may ask: what a request's header is held against before anything else is looked at.
///
/// Three rules, for three ways in. *Host*: a page of another origin can have its own name resolve to this server's
/// address (DNS rebinding) and then read all answers as its own; so a name has to be one that is known. *Origin*: a
/// page elsewhere can have a browser send a request whose answer it does not see, which is enough to change
/// something. *Token*: on an address that others reach, who asks must know a secret.
public struct Access: Sendable {
    private let hosts: Set<HostName>
    private let takesAnyAddress: Bool
    private let token: Token?

    /// - Parameters:
    ///   - listenHost: the address that is listened on.
    ///   - allowedHosts: further names; a port behind them is passed over.
    ///   - token: nil where nobody needs one.
    /// - Throws: ``AccessError`` for a host that is none, and for an address that others reach without a token.
    public init(
        listenHost: String, isLoopback: Bool, allowedHosts: [String] = [], token: Token? = nil
    ) throws(AccessError) {
        guard isLoopback || token != nil else { throw .tokenMissing(listenHost) }
        var hosts: Set<HostName> = []
        for text in [listenHost, "localhost"] + allowedHosts {
            guard let host = HostName(written: text) else { throw .notAHost(text) }
            hosts.insert(host)
        }
        takesAnyAddress = hosts.contains { $0.isWildcard }
        self.hosts = hosts
        self.token = token
    }

    /// Why a request must not be answered, or nil.
    ///
    /// - Parameter isOpen: whether who has no token may ask too.
    func refusal(of head: RequestHead, isOpen: Bool) -> Denial? {
        guard let authority = head.headers["Host"], let host = HostName(authority: authority) else {
            return .forbidden("the request names no host")
        }
        guard hosts.contains(host) || takesAnyAddress && host.isAddress else {
            return .forbidden("this server does not answer for the host \(host.text); start it with --allow-host")
        }
        guard isOpen || isAuthorized(head) else {
            return .unauthorized(isTokenGiven: head.headers["Authorization"] != nil)
        }
        return Self.changes(head.method) ? crossOriginRefusal(head, authority: authority) : nil
    }

    /// Whether a URL's token is the right one; false too where none is asked for.
    func isToken(_ text: String) -> Bool { token?.matches(text) ?? false }

    /// Whether a token is asked for at all.
    var asksForToken: Bool { token != nil }

    /// The cookie that stands for the token from then on. No script reads it, and no other site's page sends it.
    var cookie: String { "\(Self.cookieName)=\(token?.text ?? ""); Path=/; HttpOnly; SameSite=Strict" }

    private static let cookieName = "shmlens-token"

    private func isAuthorized(_ head: RequestHead) -> Bool {
        guard let token else { return true }
        if let field = head.headers["Authorization"] {
            let parts = field.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "bearer" && token.matches(parts[1])
        }
        let cookies = head.headers.values(of: "Cookie").flatMap { $0.split(separator: ";") }
        return cookies.contains { cookie in
            let sides = cookie.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            return sides.count == 2 && sides[0] == Self.cookieName && token.matches(sides[1])
        }
    }

    private static func changes(_ method: Method) -> Bool { method != .get && method != .head }

    /// - Parameter authority: of the request's Host, which was checked.
    private func crossOriginRefusal(_ head: RequestHead, authority: String) -> Denial? {
        if let site = head.headers["Sec-Fetch-Site"], site != "same-origin", site != "none" {
            return .forbidden("a page of another site must not change anything here (Sec-Fetch-Site: \(site))")
        }
        for origin in head.headers.values(of: "Origin") where !Self.isSame(origin, authority: authority) {
            return .forbidden("a page of another origin must not change anything here (Origin: \(origin))")
        }
        return nil
    }

    /// Whether an Origin is the one that the request was sent to. The scheme may be https: a proxy may stand before.
    private static func isSame(_ origin: String, authority: String) -> Bool {
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")] where origin.hasPrefix(scheme) {
            let theirs = origin.dropFirst(scheme.count).lowercased()
            let ours = authority.lowercased()
            return theirs == ours || theirs + port == ours || theirs == ours + port
        }
        return false
    }
}

/// Why a request is turned away at the door.
enum Denial: Equatable {
    case forbidden(String)
    case unauthorized(isTokenGiven: Bool)

    var problem: Problem {
        switch self {
        case .forbidden(let detail): .forbidden(detail)
        case .unauthorized(isTokenGiven: false):
            .unauthorized("send the server's token as Authorization: Bearer TOKEN, or open the URL that it printed")
        case .unauthorized(isTokenGiven: true):
            .unauthorized("this is not the server's token")
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750 §3).
    var challenge: String? {
        switch self {
        case .forbidden: nil
        case .unauthorized(isTokenGiven: false): "Bearer realm=\"shmlens\""
        case .unauthorized(isTokenGiven: true): "Bearer realm=\"shmlens\", error=\"invalid_token\""
        }
    }
}

/// Rules of access that cannot be had.
public enum AccessError: Error, Sendable, Equatable, CustomStringConvertible {
    case notAHost(String)
    case tokenMissing(String)

    public var description: String {
        switch self {
        case .notAHost(let text): "“\(text)” is no host to listen on or to allow (--listen, --allow-host): a name or an address"
        case .tokenMissing(let host): "others reach the address \(host): it takes a token"
        }
    }
}

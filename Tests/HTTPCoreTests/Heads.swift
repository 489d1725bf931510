import HTTPCore

/// A checked head, or the refusal's status, of a request with a Host unless `headers` has one.
func head(
    _ method: String, _ target: String, _ headers: [HeaderField] = [], version: String = "HTTP/1.1",
    addsHost: Bool = true
) throws(Refusal) -> RequestHead {
    let host = addsHost ? [HeaderField("Host", "localhost")] : []
    return try RequestHead(
        method: method, target: target, version: version, headers: HeaderFields(host + headers),
        remoteAddress: "127.0.0.1:1")
}

func status(
    _ method: String = "GET", _ target: String = "/", _ headers: [HeaderField] = [], version: String = "HTTP/1.1",
    addsHost: Bool = true
) -> Status? {
    do throws(Refusal) {
        _ = try head(method, target, headers, version: version, addsHost: addsHost)
        return nil
    } catch {
        return error.status
    }
}

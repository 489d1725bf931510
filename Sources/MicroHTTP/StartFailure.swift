import Glibc

/// Why a server could not start.
public struct StartFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried, as the system or the library names it: `"bind"`, `"MHD_start_daemon"`.
    public let operation: String
    /// What it was tried on.
    public let object: String
    /// The system's error number, or 0 where it is not the system that refused.
    public let errorNumber: Int32

    init(_ operation: String, _ object: String, _ errorNumber: Int32) {
        self.operation = operation
        self.object = object
        self.errorNumber = errorNumber
    }

    public var description: String {
        let reason = errorNumber == 0 ? "" : unsafe ": " + String(cString: strerror(errorNumber))
        let advice =
            switch errorNumber {
            case EADDRINUSE: ". Another program listens there: stop it, or choose another port (0 picks a free one)"
            case EACCES: ". Ports below 1024 need a right of their own: choose a higher one"
            case EADDRNOTAVAIL: ". No interface of this host has that address"
            default: ""
            }
        return "\(operation) of \(object) failed\(reason)\(advice)"
    }
}

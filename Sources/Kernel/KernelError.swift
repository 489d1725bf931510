public import SystemPackage

/// What the system refused, of which object, and what to do about it.
public struct KernelError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was tried, as the system names it: `"open"`, `"getdents64"`; `"parse"` where the system answered and
    /// the answer was not understood.
    public let operation: String
    /// What it was tried on: a path.
    public let object: String
    public let errno: Errno
    /// The right that would allow it, where a right is what is missing: `"CAP_SYS_PTRACE"`.
    public let needs: String?

    public init(operation: String, object: String, errno: Errno, needs: String? = nil) {
        self.operation = operation
        self.object = object
        self.errno = errno
        self.needs = errno.isRefusal ? needs : nil
    }

    public var description: String { "\(operation) of \(object) failed: \(errno). \(advice)" }

    /// What to do next, as a sentence.
    public var advice: String {
        switch errno {
        case .permissionDenied, .notPermitted:
            "Run as the owner of \(object), or with \(needs ?? "CAP_DAC_READ_SEARCH")."
        case .noSuchFileOrDirectory, .noSuchProcess:
            "It is gone, or was never there: list again."
        case .tooManySymbolicLinkLevels:
            "It is a symbolic link, and links in a folder that all may write are not followed."
        case .resourceTemporarilyUnavailable:
            "Another process holds a lease on it: try again."
        case .staleNFSFileHandle:
            "The name belongs to another object by now: list again."
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem:
            "Close some descriptors, or raise the limit (ulimit -n, fs.file-max)."
        case .timedOut:
            "A process holds up who looks at its memory: try again, or look for one that stands still in a system call."
        case .invalidArgument where operation == "open":
            "Only a regular file can be read, by a name without empty parts, \".\" and \"..\"."
        case .badMessage:
            "This kernel writes it differently: please report its text and the kernel's version."
        default:
            "See \(operation) in section 2 of the manual."
        }
    }
}

extension Errno {
    /// Whether a right is what is missing.
    var isRefusal: Bool { self == .permissionDenied || self == .notPermitted }

    /// Whether a process ended while it was being looked at: its folder is gone, or is there and answers no more.
    var meansGone: Bool { self == .noSuchFileOrDirectory || self == .noSuchProcess }
}

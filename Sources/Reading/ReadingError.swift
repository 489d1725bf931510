public import Diagnostics
public import Kernel
public import Observations
public import SegmentFormat

/// Why something could not be shown.
public enum ReadingError: Error, Sendable, Equatable {
    /// Nothing has that name or number.
    case notFound(SegmentIdentifier)
    /// It is there and not a managed segment, or one that cannot be decoded.
    case notManaged(SegmentIdentifier, FormatError)
    /// The system refused; the error says which right would help.
    case refused(KernelError)
    /// Bytes could not be read.
    case failed(ReadFailure)
    /// The object ends before what every answer needs.
    case truncated(SegmentIdentifier, at: Int)
    /// Objects of this kind are listed and cannot be looked into.
    case unsupported(SegmentIdentifier)
    /// A System V segment that nobody has attached: only attaching reaches its bytes, which leaves traces.
    case unattached(SegmentIdentifier)
}

extension ReadingError {
    /// What is wrong with a segment that is one and cannot be read as one; nil for any other error.
    var finding: Finding? {
        switch self {
        case .truncated(_, let at):
            Finding(code: "truncated", severity: .error, message: description, offset: at)
        case .notManaged(_, let error) where error != .notASegment:
            Finding(code: "header", severity: .error, message: error.description, offset: 0)
        default: nil
        }
    }
}

extension ReadingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notFound(let id): "there is no shared memory \(id)"
        case .notManaged(let id, let error): "\(id): \(error)"
        case .refused(let error): error.description
        case .failed(let failure): failure.description
        case .truncated(let id, let at): "\(id) is cut short: it ends at byte \(at), inside its own tables"
        case .unsupported(let id): "\(id) cannot be looked into"
        case .unattached(let id):
            "nobody has \(id) attached, so that its bytes can be had only by attaching it, which changes its times and its last process: ask with attach=true"
        }
    }
}

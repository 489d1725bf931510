import Diagnostics
import Encoding
import HTTPCore
import Kernel
import Observations
import Reading
import SharedSegments
import SystemPackage
import Workload

// Every error that a request can meet, as the problem that its client is shown: here and nowhere else.

/// Looks, and shows what went wrong as a problem.
func looking<Result>(_ body: () throws(ReadingError) -> Result) throws(Problem) -> Result {
    do throws(ReadingError) { return try body() } catch { throw Problem(error) }
}

/// Changes, and shows what went wrong as a problem.
func changing<Result>(_ body: () throws(SegmentError) -> Result) throws(Problem) -> Result {
    do throws(SegmentError) { return try body() } catch { throw Problem(error) }
}

/// Reads a question, and shows what is wrong with it as a problem.
func asking<Result>(_ body: () throws(QueryError) -> Result) throws(Problem) -> Result {
    do throws(QueryError) { return try body() } catch { throw Problem(error) }
}

extension Problem {
    init(_ error: ReadingError) {
        let detail = error.description
        self =
            switch error {
            case .notFound: .notFound(detail)
            case .notManaged, .truncated: .conflict(detail)
            case .refused(let error): Problem(errno: error.errno, detail)
            case .failed(let failure): Problem(errno: Errno(rawValue: failure.errorNumber), detail)
            case .unsupported, .unattached: .conflict(detail)
            }
    }

    init(_ error: SegmentError) {
        let detail = error.description
        self =
            switch error {
            case .system(_, _, let errno): Problem(errno: errno, detail)
            case .invalid(let field, let reason): .unprocessable("\(field): \(reason)", field: field)
            case .exists: .conflict(detail, field: "name")
            case .notFound, .noSuchBlock: .notFound(detail)
            case .lockTimeout: .locked(detail)
            case .noFreeBlock: .insufficientStorage(detail)
            case .noSpace: .insufficientStorage(detail)
            case .outsidePool: .unprocessable(detail, field: "offset")
            case .readOnly: .forbidden(detail)
            case .notManaged, .foreign, .lockHeldByThisThread, .lockNotRecoverable, .damaged, .participantsFull,
                .participantsAlive, .protected, .truncated, .memoryLockLimit:
                .conflict(detail)
            case .gaveUp: .unavailable("the server ends: \(detail)")
            }
    }

    init(_ error: SupervisorError) {
        let detail = error.description
        self =
            switch error {
            case .option(let error): .unprocessable(error.description, field: error.field)
            case .tooMany, .shuttingDown, .abandoned: .unavailable(detail)
            case .noSuchWorker: .notFound(detail)
            case .notEnded: .conflict(detail)
            case .system(_, _, let number): Problem(errno: Errno(rawValue: number), detail)
            }
    }

    /// What the system refused.
    init(errno: Errno, _ detail: String) {
        self =
            switch errno {
            case .permissionDenied, .notPermitted: .forbidden(detail)
            case .noSuchFileOrDirectory, .noSuchProcess, .staleNFSFileHandle: .notFound(detail)
            case .fileExists: .conflict(detail)
            case .noSpace, .noMemory, .diskQuotaExceeded: .insufficientStorage(detail)
            case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .timedOut: .unavailable(detail)
            default: .internalError(detail)
            }
    }

    /// What the server refuses by itself.
    init(_ refusal: Refusal) {
        let detail = refusal.detail
        self =
            switch refusal.status {
            case .badRequest: .badRequest(detail)
            case .unauthorized: .unauthorized(detail)
            case .forbidden: .forbidden(detail)
            case .notFound: .notFound(detail)
            case .lengthRequired: .lengthRequired(detail)
            case .contentTooLarge: .contentTooLarge(detail)
            case .unsupportedMediaType: .unsupportedMediaType(detail)
            case .serviceUnavailable: .unavailable(detail)
            default: .internalError(detail)
            }
    }

    init(_ error: JSONParseError) { self = .badRequest("the body is not JSON: \(error)") }

    /// - Parameter field: what was to be a size.
    init(_ error: ByteSizeError, field: String) {
        let detail = "\(field): \(error)"
        self =
            switch error {
            case .notASize, .unknownUnit: .badRequest(detail, field: field)
            case .negative, .notWhole, .outOfRange: .unprocessable(detail, field: field)
            }
    }
}

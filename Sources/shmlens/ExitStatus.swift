import ArgumentParser
import Glibc
import SharedSegments
import SystemPackage
import Workload

/// What the program's exit status says.
enum ExitStatus {
    static let failed: Int32 = 1
    static let findings: Int32 = 2
    static let notFound: Int32 = 4
    static let noRight: Int32 = 5
    static let lockNotHad: Int32 = 6
    /// EX_USAGE of sysexits.h, which the argument parser uses too.
    static let usage: Int32 = 64

    /// Tells why something failed, on standard error.
    ///
    /// - Returns: what to throw.
    static func failure(_ message: String, _ status: Int32) -> ExitCode {
        _ = try? FileDescriptor.standardError.writeAll("shmlens: \(message)\n".utf8)
        return ExitCode(status)
    }
}

extension SegmentError {
    var exitStatus: Int32 {
        switch self {
        case .notFound, .noSuchBlock: ExitStatus.notFound
        case .system(_, _, .permissionDenied), .system(_, _, .notPermitted): ExitStatus.noRight
        case .lockTimeout, .gaveUp: ExitStatus.lockNotHad
        case .invalid, .outsidePool: ExitStatus.usage
        default: ExitStatus.failed
        }
    }
}

extension WorkloadError {
    var exitStatus: Int32 {
        switch self {
        case .option: ExitStatus.usage
        case .segment(let error): error.exitStatus
        case .corruption: ExitStatus.findings
        case .system(_, _, .permissionDenied), .system(_, _, .notPermitted): ExitStatus.noRight
        default: ExitStatus.failed
        }
    }
}

/// A place that breaks a rule.
struct Violation: Equatable, CustomStringConvertible {
    let path: String
    /// Counted from 1.
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// The rules that look at one file's text at a time.
enum Rules {
    static let functionLinesMaximum = 70
    static let fileLinesMaximum = 600
    /// How far from `@unchecked Sendable` its reason may stand, in lines.
    static let reasonDistance = 6

    /// Where `unsafe` may stand in Sources, and why there.
    static let unsafePermitted = [
        (path: "Sources/Kernel/", reason: "system calls take pointers"),
        (path: "Sources/Parallel/", reason: "threads are handed pointers"),
        (path: "Sources/SharedSegments/", reason: "memory that other processes write is reached by pointers only"),
        (path: "Sources/MicroHTTP/", reason: "callbacks of a C library bring pointers"),
        (path: "Sources/Workload/", reason: "processes are started, signalled and reaped by system calls"),
        (path: "Sources/shmlens/HealthCheck.swift", reason: "a socket's address is a pointer"),
        (path: "Sources/shmlens/StopSignals.swift", reason: "signal sets are passed by pointer"),
        (path: "Sources/shmlens/ServeCommand.swift", reason: "random bytes are read into a buffer"),
        (path: "Sources/shmlens/Terminal.swift", reason: "standard input is read into a buffer"),
        (path: "Sources/Encoding/HexRowBytes.swift", reason: "rows of hex dumps are four times as fast in words"),
    ]

    // MARK: Swift

    /// The word `unsafe` in the code of `Sources` outside the permitted places.
    static func unsafeWords(_ source: String, path: String) -> [Violation] {
        guard path.hasPrefix("Sources/"), !unsafePermitted.contains(where: { path.hasPrefix($0.path) }) else {
            return []
        }
        return SwiftText(source).codeLines.enumerated().compactMap { index, line in
            guard line.words.contains(where: { $0.word == "unsafe" }) else { return nil }
            return Violation(path: path, line: index + 1, message: "unsafe: Rules.unsafePermitted lacks this file")
        }
    }

    /// `@unchecked Sendable` without a comment of at least three words near it.
    static func uncheckedSendable(_ source: String, path: String) -> [Violation] {
        let text = SwiftText(source)
        let comments = text.commentLines
        return text.codeLines.enumerated().compactMap { index, line in
            let isUnchecked = line.words.contains { $0.before == UInt8(ascii: "@") && $0.word == "unchecked" }
            guard isUnchecked else { return nil }
            let near = comments[max(0, index - reasonDistance)...min(comments.count - 1, index + reasonDistance)]
            guard !near.contains(where: { $0.words.count >= 3 }) else { return nil }
            return Violation(path: path, line: index + 1, message: "@unchecked needs its reason in a comment beside it")
        }
    }

    static func longFunctions(_ source: String, path: String) -> [Violation] {
        FunctionLengths(source).functions.compactMap { function in
            guard function.lineCount > functionLinesMaximum else { return nil }
            let message = "\(function.keyword) of \(function.lineCount) lines; at most \(functionLinesMaximum)"
            return Violation(path: path, line: function.line, message: message)
        }
    }

    static func whitespace(_ source: String, path: String) -> [Violation] {
        source.lines.enumerated().flatMap { index, line in
            var violations: [Violation] = []
            if line.hasSuffix(" ") || line.hasSuffix("\t") || line.hasSuffix("\r") {
                violations.append(Violation(path: path, line: index + 1, message: "white space at the end of the line"))
            }
            if line.contains("\t") {
                violations.append(Violation(path: path, line: index + 1, message: "a tab"))
            }
            return violations
        }
    }

    // MARK: Any text

    static func longFile(_ source: String, path: String) -> [Violation] {
        let count = source.lines.count - (source.hasSuffix("\n") ? 1 : 0)
        guard count > fileLinesMaximum else { return [] }
        return [Violation(path: path, line: count, message: "\(count) lines; at most \(fileLinesMaximum)")]
    }

    /// Put together so that this file does not break its own rule.
    static let markers = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]

    static func leftoverMarkers(_ source: String, path: String) -> [Violation] {
        source.lines.enumerated().flatMap { index, line in
            line.words.filter { markers.contains($0.word) }.map {
                Violation(path: path, line: index + 1, message: "leftover \($0.word)")
            }
        }
    }

    /// Folders of a machine that something was built on. Put together for the same reason.
    static let buildFolders = ["work", "opt", "farm", "home"].map { "/" + $0 + "/" }

    /// A path that begins in one of ``buildFolders``. In the middle of a longer path they are other folders.
    static func absolutePaths(_ source: String, path: String) -> [Violation] {
        source.lines.enumerated().flatMap { index, line in
            buildFolders.filter { folder in
                line.places(of: folder).contains { place in
                    guard let before = place.before else { return true }
                    return !before.isWordByte && !".-})~*".utf8.contains(before)
                }
            }.map { Violation(path: path, line: index + 1, message: "a path of one machine: \($0)") }
        }
    }

    // MARK: The dashboard

    /// Ways to turn text into a document or a program.
    static let forbiddenSinks = [
        "innerHTML", "outerHTML", "insertAdjacentHTML", "createContextualFragment", "document.write", "eval(",
        "Function(",
    ]

    /// Anything that a page of `public/` would fetch from elsewhere, or could run from data.
    ///
    /// Names of XML namespaces look like addresses and are never fetched.
    static func dashboard(_ source: String, path: String) -> [Violation] {
        source.lines.enumerated().flatMap { index, line in
            var found = forbiddenSinks.filter { sink in
                line.places(of: sink).contains { $0.before?.isWordByte != true }
            }
            found += ["http://", "https://", "ws://", "wss://"].filter { scheme in
                line.places(of: scheme).contains { place in
                    place.before?.isWordByte != true && !place.after.starts(with: "www.w3.org/".utf8)
                }
            }
            found += ["\"//", "'//", "`//", "(//", "=//"].filter { opening in
                line.places(of: opening).contains { $0.after.first?.isWordByte == true }
            }
            return found.map { Violation(path: path, line: index + 1, message: "\($0) in the dashboard") }
        }
    }
}

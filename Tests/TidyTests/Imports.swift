/// The rules about which target may import which.
struct Imports {
    /// The package's targets in the order of Package.swift, in which data flows.
    let targets: [String]

    /// Modules that one target alone may import.
    static let soleImporters = [
        (module: "CMicroHTTPD", target: "MicroHTTP", reason: "the HTTP library stays behind one room"),
        (module: "ArgumentParser", target: "shmlens", reason: "arguments are parsed in the executable"),
    ]
    /// Imports that no order forbids and the design does.
    static let forbidden = [
        (module: "SharedSegments", target: "Reading", reason: "what answers a GET cannot name a lock")
    ]

    init(targets: [String]) { self.targets = targets }

    /// Reads the order of targets from a manifest: the first string in each call that makes a target.
    init(manifest: String) {
        var targets: [String] = []
        var rest = manifest[...]
        while let parenthesis = rest.firstIndex(of: "(") {
            let maker = rest[..<parenthesis].reversed().prefix { $0.isLetter }.reversed()
            rest = rest[rest.index(after: parenthesis)...]
            guard ["room", "tests", "target", "systemLibrary", "executableTarget", "testTarget"].contains(String(maker))
            else { continue }
            var arguments = rest.drop { $0.isWhitespace }
            if arguments.hasPrefix("name:") { arguments = arguments.dropFirst(5).drop { $0.isWhitespace } }
            guard arguments.first == "\"" else { continue }
            targets.append(String(arguments.dropFirst().prefix { $0 != "\"" }))
        }
        self.targets = targets
    }

    /// What a file of `Sources` imports against the order of targets or a rule of its own.
    func violations(_ source: String, path: String) -> [Violation] {
        let components = path.split(separator: "/")
        guard components.count > 2, components[0] == "Sources" else { return [] }
        let target = String(components[1])
        guard let place = targets.firstIndex(of: target) else {
            return [Violation(path: path, line: 1, message: "\(target) is no target of Package.swift")]
        }
        return Self.imports(source).flatMap { module, line in
            var reasons: [String] = []
            if let index = targets.firstIndex(of: module), index >= place {
                reasons.append("\(target) stands above it in Package.swift")
            }
            reasons += Self.soleImporters.filter { $0.module == module && $0.target != target }.map(\.reason)
            reasons += Self.forbidden.filter { $0.module == module && $0.target == target }.map(\.reason)
            return reasons.map { Violation(path: path, line: line, message: "import \(module): \($0)") }
        }
    }

    /// Routes that answer a GET stand in files that do not import what can lock a segment.
    static func lockingReads(_ source: String, path: String) -> [Violation] {
        guard path.hasPrefix("Sources/API/Routes/") else { return [] }
        // As a route begins with its method.
        guard source.contains(".get,") || source.contains(".head,") else { return [] }
        return imports(source).filter { $0.module == "SharedSegments" }.map { _, line in
            Violation(path: path, line: line, message: "import SharedSegments: what answers a GET cannot name a lock")
        }
    }

    /// The modules that a file imports, with their lines, counted from 1.
    static func imports(_ source: String) -> [(module: String, line: Int)] {
        let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        return SwiftText(source).codeLines.enumerated().compactMap { index, line in
            let words = line.words.map(\.word)
            guard let position = words.firstIndex(of: "import") else { return nil }
            let module = words[(position + 1)...].first { !kinds.contains($0) }
            return module.map { ($0, index + 1) }
        }
    }
}

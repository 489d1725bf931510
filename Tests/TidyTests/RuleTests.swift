import Testing

/// The rules themselves, on texts that keep and break them: a rule that finds nothing anywhere would look tidy.
@Suite struct RuleTests {
    private func lines(_ violations: [Violation]) -> [Int] { violations.map(\.line) }

    @Test(arguments: [
        ("let a = unsafe b()", [1]), ("\n@unsafe func f()\n", [2]), ("nonisolated(unsafe) var x", [1]),
        ("try unsafe(b)", [1]), (#"let s = "\(unsafe b)""#, [1]), ("unsafe a\nunsafe b", [1, 2]),
        ("// unsafe", []), ("/* a /* unsafe */ unsafe */ let b", []), (#"let s = "unsafe""#, []),
        ("let s = \"\"\"\n  unsafe \" unsafe\n  \"\"\"\nunsafe x", [4]), (##"let s = #"a" unsafe \(unsafe)"#"##, []),
        (##"let s = #"a\#(unsafe b) unsafe"#"##, [1]), ("func `is unsafe`() {}", []), ("withUnsafeBytes { }", []),
        ("unsafelyUnwrapped", []), (#"let s = "\"" + unsafe b"#, [1]), (#"let s = "\(f("unsafe"))" // unsafe"#, []),
        (###"let s = #"""# + unsafe b"###, [1]),
    ] as [(String, [Int])])
    func `unsafe is found in code only`(source: String, expected: [Int]) {
        #expect(lines(Rules.unsafeWords(source, path: "Sources/API/A.swift")) == expected)
    }

    @Test func `unsafe is left alone in its rooms, its file and in tests`() {
        for path in ["Sources/Kernel/A.swift", "Sources/Encoding/HexRowBytes.swift", "Tests/T/A.swift"] {
            #expect(Rules.unsafeWords("unsafe a", path: path).isEmpty)
        }
        for path in ["Sources/Encoding/HexRows.swift", "Sources/KernelLike/A.swift", "Sources/shmlens/main.swift"] {
            #expect(lines(Rules.unsafeWords("unsafe a", path: path)) == [1])
        }
    }

    @Test(arguments: [
        ("final class A: @unchecked Sendable {}", [1]), ("// The lock guards it.\nclass A: @unchecked Sendable {}", []),
        ("class A: @unchecked Sendable {\n  // no reason\n}", [1]), ("let s = \"@unchecked Sendable\"", []),
        ("// A reason stands here.\n\n\n\n\n\nclass A: @unchecked Sendable {}", []),
        ("// A reason stands here.\n\n\n\n\n\n\nclass A: @unchecked Sendable {}", [8]),
        ("class A: @unchecked Sendable {\n\n\n\n\n\n  /* It never changes. */\n}", []),
        ("let s = \"// a reason here\"\nclass A: @unchecked\n  Sendable {}", [2]),
    ] as [(String, [Int])])
    func `unchecked Sendable without a reason near it is found`(source: String, expected: [Int]) {
        #expect(lines(Rules.uncheckedSendable(source, path: "Sources/A.swift")) == expected)
    }

    private func function(_ head: String, lines: Int) -> String {
        "\(head) {\n" + String(repeating: "  f { }\n", count: lines - 2) + "}\n"
    }

    @Test(arguments: [
        "func f()", "init?(a: Int = g { })", "deinit", "subscript(i: Int) -> Int", "static func + (a: A, b: A) -> A",
        "func `it's { odd`() async throws(E) -> [Int]", "func f<T>(_ a: (T) -> Void = { _ in })",
    ])
    func `a function is found when it passes its limit`(head: String) {
        let limit = Rules.functionLinesMaximum
        for (count, expected) in [(limit - 1, []), (limit, []), (limit + 1, [2])] {
            let source = "struct S {\n" + function(head, lines: count) + "}\n" + function("func g()", lines: 3)
            #expect(lines(Rules.longFunctions(source, path: "A.swift")) == expected)
        }
    }

    @Test func `a head of several lines counts, and what is no function does not`() {
        let long = function("func f(\n  a: Int\n)\n  -> Int\n  where T: U\n", lines: Rules.functionLinesMaximum - 4)
        #expect(lines(Rules.longFunctions(long, path: "A.swift")) == [1])
        let requirement = "protocol P {\n func f() throws\n init(a: Int)\n}\n"
        let type = function("struct S", lines: Rules.functionLinesMaximum * 2)
        let call = "let a = A.init(b)\n" + type
        #expect(Rules.longFunctions(requirement + type + call, path: "A.swift").isEmpty)
        let braces = "func f() {\n let s = \"{{{\" // {{{\n}\n" + type
        #expect(FunctionLengths(braces).functions == [.init(keyword: "func", line: 1, lineCount: 3)])
    }

    @Test func `a function in another is found, and so is the outer one`() {
        let inner = function("func inner()", lines: Rules.functionLinesMaximum + 1)
        let violations = Rules.longFunctions("func outer() {\n\(inner)}\n", path: "A.swift")
        #expect(violations.map(\.line) == [1, 2])
        #expect(violations.first?.description == "A.swift:1: func of 73 lines; at most 70")
    }

    @Test(arguments: [
        ("a\nb\n", []), ("a \nb", [1]), ("a\n\t\n", [2, 2]), ("a\tb", [1]), ("a\r\nb", [1]), ("a\n   \n", [2]),
    ] as [(String, [Int])])
    func `tabs and white space at the end of a line are found`(source: String, expected: [Int]) {
        #expect(lines(Rules.whitespace(source, path: "A.swift")) == expected)
    }

    @Test(arguments: ["", "\n"])
    func `a file is found when it passes its limit`(end: String) {
        let limit = Rules.fileLinesMaximum
        for (count, expected) in [(limit - 1, []), (limit, []), (limit + 1, [limit + 1])] {
            let source = repeatElement("x", count: count).joined(separator: "\n") + end
            #expect(lines(Rules.longFile(source, path: "A.swift")) == expected)
        }
    }

    @Test(arguments: Rules.markers)
    func `a marker is found as a word of its own`(marker: String) {
        #expect(lines(Rules.leftoverMarkers("a\n// \(marker): b", path: "A")) == [2])
        #expect(lines(Rules.leftoverMarkers("\(marker)", path: "A")) == [1])
        #expect(Rules.leftoverMarkers("\(marker)S a\(marker) _\(marker) \(marker.lowercased())", path: "A").isEmpty)
    }

    @Test(arguments: Rules.buildFolders)
    func `a path of a machine is found where a path begins`(folder: String) {
        for line in ["\(folder)x", "cd \(folder)x", "\"\(folder)", "=\(folder)a", ":\(folder)a"] {
            #expect(lines(Rules.absolutePaths("a\n" + line, path: "A")) == [2])
        }
        let others = ["a\(folder)b", "../x\(folder)", "..\(folder)", "\\(a)\(folder)", "${A}\(folder)"]
        for line in others + ["\(folder.dropLast())"] {
            #expect(Rules.absolutePaths(line, path: "A").isEmpty)
        }
    }

    @Test(arguments: [
        "<script src=\"https://cdn.example/x.js\">", "<link href='http://example/x.css'>", "<img src=//example/x.png>",
        "@import url(//example/x.css);", "import x from \"//example/x.js\";", "new WebSocket(`ws://example`)",
        "a.innerHTML = b", "a.outerHTML = b", "a.insertAdjacentHTML('x', b)", "document.write(a)", "eval(a)",
        "new Function(a)", "r.createContextualFragment(a)", "x = 'http://www.w3.org.example/'",
    ])
    func `a dashboard that reaches out or runs data is found`(line: String) {
        #expect(lines(Rules.dashboard("ok\n\(line)\n", path: "public/a.js")) == [2])
    }

    @Test(arguments: [
        "<script type=\"module\" src=\"js/main.js\">", "const svg = 'http://www.w3.org/2000/svg';", "// a comment",
        "import { x } from \"./x.js\"; // y", "retrieval(a)", "a.textContent = b", "f(// why", "makeFunction(a)",
        "fetch('api/v1/segments')", "function f() {}",
    ])
    func `a dashboard that stays at home is left alone`(line: String) {
        #expect(Rules.dashboard(line, path: "public/a.js").isEmpty)
    }
}

@Suite struct ImportTests {
    let imports = Imports(
        targets: ["CMicroHTTPD", "Low", "SharedSegments", "MicroHTTP", "Reading", "High", "shmlens"])

    private func messages(_ source: String, in target: String) -> [String] {
        imports.violations(source, path: "Sources/\(target)/A.swift").map { "\($0.line) \($0.message)" }
    }

    @Test func `the order of targets is read from the manifest`() {
        let manifest = """
            func room(_ name: String) -> Target { .target(name: name) }
            let package = Package(name: "p", products: [.library(name: "L", targets: ["A"])],
                dependencies: [.package(url: "u", exact: "1")],
                targets: [
                    .systemLibrary(
                        name: "A", pkgConfig: "a"), .target(name: "B"), room("C", ["A"]),
                    room(
                        "D", [.product(name: "X", package: "x")]),
                    .executableTarget(name: "E"), tests("F", ["E"]),
                ])
            """
        #expect(Imports(manifest: manifest).targets == ["A", "B", "C", "D", "E", "F"])
    }

    @Test func `imports are found with every modifier, and not in comments`() {
        let source = """
            import A
            public import B // import C
            @testable import D
            import struct E.F
            @preconcurrency internal import enum G.H
            // import I
            let s = "import J"
            """
        let found = Imports.imports(source)
        #expect(found.map(\.module) == ["A", "B", "D", "E", "G"])
        #expect(found.map(\.line) == [1, 2, 3, 4, 5])
    }

    @Test func `a target may import what stands above it and what is not the package's`() {
        #expect(messages("import Low\npublic import SharedSegments\nimport Glibc", in: "High").isEmpty)
        #expect(messages("import CMicroHTTPD", in: "MicroHTTP").isEmpty)
        #expect(messages("import ArgumentParser", in: "shmlens").isEmpty)
        #expect(imports.violations("import High", path: "Tests/LowTests/A.swift").isEmpty)
    }

    @Test func `a target may not import what stands below it, nor itself`() {
        #expect(messages("\nimport High", in: "Low") == ["2 import High: Low stands above it in Package.swift"])
        #expect(messages("import Low", in: "Low").count == 1)
        #expect(messages("import Low", in: "Unknown") == ["1 Unknown is no target of Package.swift"])
    }

    @Test func `the walls of the design are found`() {
        #expect(messages("import SharedSegments", in: "Reading").count == 1)
        #expect(messages("import CMicroHTTPD", in: "High").count == 1)
        #expect(messages("import ArgumentParser", in: "High").count == 1)
    }
}

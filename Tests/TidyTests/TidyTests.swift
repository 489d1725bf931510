import Testing

/// The package's style, checked like everything else. Every place that breaks a rule is named, not only the first.
@Suite struct TidyTests {
    static let files = Result { try Tree.files() }

    private func expectNone(_ rule: (Tree.File) -> [Violation]) throws {
        for file in try Self.files.get() {
            for violation in rule(file) { Issue.record("\(violation)") }
        }
    }

    private func expectNoneInSwift(_ rule: (String, String) -> [Violation]) throws {
        try expectNone { $0.path.hasSuffix(".swift") ? rule($0.text, $0.path) : [] }
    }

    @Test func `the walk finds the package`() throws {
        let paths = try Self.files.get().map(\.path)
        #expect(paths.contains("Package.swift"))
        #expect(paths.contains("Tests/TidyTests/TidyTests.swift"))
        #expect(paths.contains("Sources/Observations/Image.swift"))
        #expect(!paths.contains { $0.hasPrefix(".build") || $0.hasPrefix(".git/") })
    }

    @Test func `unsafe stands only in the permitted places`() throws {
        try expectNoneInSwift { Rules.unsafeWords($0, path: $1) }
    }

    @Test func `every place that is permitted to be unsafe is there`() throws {
        let paths = try Self.files.get().map(\.path)
        for place in Rules.unsafePermitted {
            #expect(paths.contains { $0.hasPrefix(place.path) }, "\(place.path) is gone: take it from the table")
        }
    }

    @Test func `every unchecked Sendable has its reason beside it`() throws {
        try expectNoneInSwift { Rules.uncheckedSendable($0, path: $1) }
    }

    @Test func `what answers a GET cannot name a lock`() throws {
        try expectNoneInSwift { Imports.lockingReads($0, path: $1) }
        let bad = "import SharedSegments\nlet routes = [route(.get, \"/x\", e)]"
        #expect(Imports.lockingReads(bad, path: "Sources/API/Routes/X.swift").count == 1)
        let good = bad.replacing(".get", with: ".put")
        #expect(Imports.lockingReads(good, path: "Sources/API/Routes/X.swift").isEmpty)
    }

    @Test func `a function fits a screen`() throws {
        try expectNoneInSwift { Rules.longFunctions($0, path: $1) }
    }

    @Test func `no Swift file has tabs or white space at the end of a line`() throws {
        try expectNoneInSwift { Rules.whitespace($0, path: $1) }
    }

    @Test func `no file is too long to have one subject`() throws {
        try expectNone { file in
            let isCounted = ["Sources/", "Tests/", "public/"].contains { file.path.hasPrefix($0) }
            return isCounted ? Rules.longFile(file.text, path: file.path) : []
        }
    }

    @Test func `nothing is marked as left over`() throws {
        try expectNone { Rules.leftoverMarkers($0.text, path: $0.path) }
    }

    @Test func `no path of a machine is in a file`() throws {
        try expectNone { Rules.absolutePaths($0.text, path: $0.path) }
    }

    @Test func `the dashboard loads nothing from elsewhere and makes no document out of data`() throws {
        try expectNone { $0.path.hasPrefix("public/") ? Rules.dashboard($0.text, path: $0.path) : [] }
    }

    @Test func `targets import only what stands above them`() throws {
        let files = try Self.files.get()
        let manifest = try #require(files.first { $0.path == "Package.swift" })
        let imports = Imports(manifest: manifest.text)
        #expect(Set(["CMicroHTTPD", "Observations", "Encoding", "shmlens", "TidyTests"]).isSubset(of: imports.targets))
        try expectNoneInSwift { imports.violations($0, path: $1) }
    }
}

import Testing

/// What the program says of itself.
@Suite struct HelpTests {
    static let looking = [
        "list", "show", "dump", "bytes", "blocks", "heap", "locks", "events", "participants", "layout", "verify",
        "search", "processes",
    ]
    static let changing = ["create", "remove", "allocate", "resize", "free", "write", "protect", "reclaim"]
    /// What each of them is asked of a segment: a search must say what for.
    static func question(_ verb: String, _ name: String) -> [String] {
        [verb, name] + (verb == "search" ? ["--text", "x"] : [])
    }
    static let verbs = ["serve", "worker", "top"] + looking + changing

    @Test func `the help of the program names each verb, and no other`() throws {
        let help = try shmlens("--help")
        #expect(help.ending == .exited(0) && help.messages.isEmpty)
        let sections = help.text.split(separator: "SUBCOMMANDS:\n").dropFirst()
        let named = sections.flatMap { section in
            section.split(separator: "\n").prefix { $0.hasPrefix("  ") }
                .filter { !$0.hasPrefix("   ") && !$0.hasPrefix("  See ") }
                .compactMap { $0.split(separator: " ").first.map(String.init) }
        }
        #expect(named.filter { $0 != "help" }.sorted() == Self.verbs.sorted())
        #expect(help.text.contains("Examples:\n  shmlens serve --demo"))
        #expect(help.text.contains("Exit status: 0 fine"))
        #expect(Self.broken(help.text[...]).isEmpty)
    }

    @Test(arguments: verbs)
    func `the help of a verb shows examples that use what it has`(verb: String) throws {
        let help = try shmlens(verb, "--help")
        #expect(help.ending == .exited(0) && help.messages.isEmpty)
        let parts = help.text.split(separator: "\n\nUSAGE: shmlens \(verb)", maxSplits: 1)
        try #require(parts.count == 2, "no usage in \(help.text)")
        let examples = parts[0].split(separator: "\n")
            .filter { $0.hasPrefix("  shmlens ") || $0.contains(" | shmlens ") }
        #expect(!examples.isEmpty)
        for example in examples {
            // What stands behind a pipe belongs to another program, and so does its mark for standard input.
            let words = example.split(separator: "|").first { $0.contains("shmlens \(verb)") }?.split(separator: " ")
            try #require(words != nil, "\(example) is not about \(verb)")
            for option in words ?? [] where option.hasPrefix("--") {
                #expect(parts[1].contains("  \(option)"), "\(example): no \(option)")
            }
        }
        #expect(Self.broken(parts[0]).isEmpty)
    }

    /// Pieces of examples that did not fit on their line: such a line can no more be pasted.
    private static func broken(_ help: Substring) -> [Substring] {
        help.split(separator: "\n").drop { !$0.hasPrefix("Example") }.dropFirst()
            .prefix { !$0.hasPrefix("Exit status") && !$0.hasPrefix("USAGE") }.filter { !$0.hasPrefix("  ") }
    }

    @Test func `the version is one line`() throws {
        let version = try shmlens("--version")
        #expect(version.ending == .exited(0) && version.messages.isEmpty)
        #expect(version.lines.count == 1 && version.text.first?.isNumber == true, "\(version.text)")
    }
}

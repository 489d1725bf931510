import Diagnostics
import Observations
import Testing

@Suite struct CursorTests {
    static let cursors = [
        Cursor(.blocks, number: 0), Cursor(.blocks, number: -1), Cursor(.events, number: .max),
        Cursor(.workers, number: .min), Cursor(.segments, []),
        Cursor(.segments, [.bytes([]), .number(1), .bytes([0, 255, 47]), .bytes(Array(repeating: 7, count: 300))]),
    ]

    @Test(arguments: cursors)
    func `its text reads back as the same cursor and needs no encoding in a URL`(cursor: Cursor) throws {
        #expect(try Cursor(text: cursor.text, list: cursor.list) == cursor)
        #expect(cursor.text.utf8.allSatisfy { "-_".utf8.contains($0) || isAlphanumeric($0) })
    }

    private func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    @Test func `one of another list is refused`() {
        #expect(throws: QueryError.self) { try Cursor(text: Cursor(.blocks, number: 5).text, list: .events) }
    }

    @Test func `a cursor cut anywhere is refused, or is another one, and never traps`() {
        for cursor in Self.cursors {
            let text = cursor.text
            for length in 0..<text.count {
                let cut = String(text.prefix(length))
                if let read = try? Cursor(text: cut, list: cursor.list) { #expect(read.text == cut && read != cursor) }
            }
        }
    }

    @Test(arguments: ["", "A", "AA==", "Ag==", "Ag ", "ä", "Ah", "AgB", "+/", String(repeating: "A", count: 3000)])
    func `what is no cursor is refused by its name`(text: String) {
        let error = #expect(throws: QueryError.self) { try Cursor(text: text, list: .blocks) }
        #expect(error?.field == "cursor")
    }

    @Test func `the longest text is looked at and a longer one is not`() throws {
        // One byte of list, three before the content; four characters stand for three bytes.
        let content = Cursor.textMaximum / 4 * 3 - 4
        let longest = Cursor(.blocks, [.bytes(Array(repeating: 1, count: content))])
        #expect(longest.text.utf8.count == Cursor.textMaximum)
        #expect(try Cursor(text: longest.text, list: .blocks) == longest)
        let longer = Cursor(.blocks, [.bytes(Array(repeating: 1, count: content + 1))])
        #expect(throws: QueryError.self) { try Cursor(text: longer.text, list: .blocks) }
    }

    @Test func `a cursor of another shape has no number`() {
        #expect(throws: QueryError.self) { try Cursor(.blocks, [.bytes([1])]).number() }
        #expect(throws: QueryError.self) { try Cursor(.blocks, [.number(1), .number(2)]).number() }
        #expect(throws: QueryError.self) { try Cursor(.blocks, []).number() }
    }
}

@Suite struct PageTests {
    @Test(arguments: [1, 100, 10_000])
    func `limits within the range are accepted`(limit: Int) throws {
        #expect(try PageRequest(limit: limit).limit == limit)
    }

    @Test(arguments: [0, -1, 10_001, Int.max, Int.min])
    func `limits outside are refused by name`(limit: Int) {
        let error = #expect(throws: QueryError.self) { try PageRequest(limit: limit) }
        #expect(error?.field == "limit")
        guard case .outOfRange = error else {
            Issue.record("it can be read, so it is out of range")
            return
        }
    }

    @Test func `without a limit a page has a hundred elements`() throws {
        #expect(try PageRequest().limit == 100)
        #expect(PageRequest.first.limit == 100)
    }

    @Test(arguments: [1, 2, 3, 5, 6, 7])
    func `pages make the whole list, in order`(limit: Int) throws {
        let numbers = [2, 3, 5, 7, 11, 13]
        var found: [Int] = []
        var request = try PageRequest(limit: limit)
        while true {
            let page = try request.page(of: numbers, .workers) { $0 }
            found += page.elements
            guard let next = page.next else { break }
            request = try PageRequest(limit: limit, cursor: next)
        }
        #expect(found == numbers)
    }

    @Test func `a page goes on behind a number that is not there any more`() throws {
        let request = try PageRequest(limit: 2, cursor: Cursor(.workers, number: 6))
        #expect(try request.page(of: [2, 3, 5, 7, 11, 13], .workers) { $0 }.elements == [7, 11])
    }

    @Test func `the last page has no next, also where it is full`() throws {
        #expect(try PageRequest(limit: 3).page(of: [1, 2, 3], .workers) { $0 }.next == nil)
        #expect(try PageRequest(limit: 3).page(of: [Int](), .workers) { $0 }.next == nil)
        #expect(try PageRequest(limit: 2).page(of: [1, 2, 3], .workers) { $0 }.next == Cursor(.workers, number: 2))
    }
}

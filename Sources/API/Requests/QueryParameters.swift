import Diagnostics
import Encoding
import HTTPCore

/// A request's query, read by type.
///
/// A parameter that the route does not know is refused: what somebody mistyped must not pass for what they meant.
/// `fresh` is known to each route. Two values of one parameter are refused too.
struct QueryParameters {
    private let values: [String: String]

    /// - Parameter known: the names that the route takes beside `fresh`.
    /// - Throws: ``Problem`` (400).
    init(_ items: [QueryItem], known: [String]) throws(Problem) {
        var values: [String: String] = [:]
        for item in items {
            guard known.contains(item.name) || item.name == Self.fresh else {
                let names = (known + [Self.fresh]).joined(separator: ", ")
                throw .badRequest("there is no parameter “\(item.name)” here; there are \(names)", field: item.name)
            }
            // A name alone is a flag that is set, as on the command line.
            guard values.updateValue(item.value ?? "true", forKey: item.name) == nil else {
                throw .badRequest("\(item.name): stands in the query twice", field: item.name)
            }
        }
        self.values = values
    }

    private static let fresh = "fresh"

    func text(_ name: String) -> String? { values[name] }

    func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = values[name] else { return nil }
        return try FieldValue.integer(name, text, in: range)
    }

    /// A number of bytes: `4096`, `64KiB`.
    func size(_ name: String, in range: ClosedRange<Int> = 0...(.max)) throws(Problem) -> Int? {
        guard let text = values[name] else { return nil }
        return try FieldValue.size(name, .string(text), in: range)
    }

    /// False where it is missing.
    func flag(_ name: String) throws(Problem) -> Bool { try bool(name) ?? false }

    func bool(_ name: String) throws(Problem) -> Bool? {
        switch values[name] {
        case nil: return nil
        case "true": return true
        case "false": return false
        case let text?: throw .badRequest("\(name): must be true or false, not “\(text)”", field: name)
        }
    }

    func choice<Choice: RawRepresentable & CaseIterable>(
        _ name: String, of type: Choice.Type = Choice.self
    ) throws(Problem) -> Choice? where Choice.RawValue == String {
        guard let text = values[name] else { return nil }
        return try FieldValue.choice(name, text)
    }

    /// Whether nothing older than the request will do.
    func isFresh() throws(Problem) -> Bool { try flag(Self.fresh) }

    /// How long a change may wait for the segment's lock.
    func timeout() throws(Problem) -> Duration {
        .milliseconds(try integer("timeoutMilliseconds", in: Self.timeoutMilliseconds) ?? 1000)
    }

    /// Longer waits would let few clients take all threads for changes.
    static let timeoutMilliseconds = 0...60_000

    /// The order of a list; its own where nothing is said.
    func sort<Key: SortKey>() throws(Problem) -> ListSort<Key> {
        let text = values["sort"]
        return try asking { () throws(QueryError) in try ListSort(text: text) }
    }

    func page(_ list: Cursor.List) throws(Problem) -> PageRequest {
        let limit = try integer("limit", in: PageRequest.limits)
        let text = values["cursor"]
        return try asking { () throws(QueryError) in
            let cursor: Cursor? = if let text { try Cursor(text: text, list: list) } else { nil }
            return try PageRequest(limit: limit, cursor: cursor)
        }
    }
}

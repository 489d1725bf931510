import Encoding
import Testing

@Suite struct ByteSizeTests {
    @Test(arguments: [
        ("0", 0), ("4096", 4096), ("0016", 16), ("7B", 7), ("7 b", 7), ("16MiB", 16 << 20), ("64KiB", 64 << 10),
        ("1GiB", 1 << 30), ("1 TiB", 1 << 40), ("2PiB", 2 << 50), ("7EiB", 7 << 60), ("64kB", 64_000),
        ("3MB", 3_000_000), ("4GB", 4_000_000_000), ("5TB", 5_000_000_000_000), ("6PB", 6_000_000_000_000_000),
        ("9EB", 9_000_000_000_000_000_000), ("16mib", 16 << 20), ("16MIB", 16 << 20), ("1KB", 1000), ("1kb", 1000),
        ("1.5MiB", 3 << 19), ("1.50 GiB", 3 << 29), ("0.5KiB", 512), ("1.0", 1), ("2.000 B", 2), ("0.001kB", 1),
        ("1.001MB", 1_001_000), ("0.0009765625KiB", 1), ("9223372036854775807", .max),
        ("7.999755859375EiB", 9_223_090_561_878_065_152),
    ] as [(String, Int)])
    func `a size is a number and a unit`(text: String, expected: Int) throws {
        #expect(try ByteSize(parsing: text).bytes == expected)
        #expect(try ByteSize(json: .string(text)).bytes == expected)
    }

    @Test(arguments: [
        ("", .notASize), (" ", .notASize), ("MiB", .notASize), ("a", .notASize), (".5MiB", .notASize),
        ("1.MiB", .notASize), ("+1", .notASize), (" 1", .notASize), ("1 ", .unknownUnit), ("1  MiB", .unknownUnit),
        ("1MiB ", .unknownUnit), ("1\n", .unknownUnit), ("0x10", .unknownUnit), ("1e3", .unknownUnit),
        ("1_000", .unknownUnit), ("1,5MiB", .unknownUnit), ("1.5.5MiB", .unknownUnit), ("1K", .unknownUnit),
        ("1M", .unknownUnit), ("1Ki", .unknownUnit), ("1iB", .unknownUnit), ("1ZiB", .unknownUnit),
        ("1MiBs", .unknownUnit), ("1µB", .unknownUnit), ("١", .notASize), ("-1", .negative), ("-1MiB", .negative),
        ("-", .negative), ("1.5", .notWhole), ("0.1KiB", .notWhole), ("1.0001kB", .notWhole),
        ("0.0000000000000000001", .notWhole), ("9223372036854775808", .outOfRange), ("8EiB", .outOfRange),
        ("7.999999999999999999EiB", .notWhole), ("10EB", .outOfRange), ("9.5EB", .outOfRange),
        ("99999999999999999999999999999999", .outOfRange), ("9223372036854775807KiB", .outOfRange),
        (String(repeating: "0", count: 65), .notASize),
    ] as [(String, ByteSizeError)])
    func `anything else is refused, and says why`(text: String, error: ByteSizeError) {
        #expect(throws: error) { try ByteSize(parsing: text) }
        #expect(!error.description.isEmpty)
    }

    @Test func `a text of the greatest length is read`() throws {
        #expect(try ByteSize(parsing: String(repeating: "0", count: 63) + "5").bytes == 5)
    }

    @Test(arguments: [
        (.number(.integer(4096)), .success(4096)), (.number(.integer(0)), .success(0)),
        (.number(.integer(.max)), .success(.max)), (.number(.integer(-1)), .failure(.negative)),
        (.number(.unsigned(1 << 63)), .failure(.outOfRange)), (.number(.outOfRange("1e999")), .failure(.outOfRange)),
        (.number(.outOfRange("-1e999")), .failure(.negative)), (.number(.real(1e6)), .success(1_000_000)),
        (.number(.real(1.5)), .failure(.notWhole)), (.number(.real(-1.5)), .failure(.negative)),
        (.number(.real(1e19)), .failure(.outOfRange)), (.null, .failure(.notASize)), (.bool(true), .failure(.notASize)),
        (.array([]), .failure(.notASize)), (.string("x"), .failure(.notASize)),
    ] as [(JSONValue, Result<Int, ByteSizeError>)])
    func `a request gives a size as a number or a text`(value: JSONValue, expected: Result<Int, ByteSizeError>) {
        let result = Result { () throws(ByteSizeError) in try ByteSize(json: value).bytes }
        #expect(result == expected)
    }

    @Test(arguments: [
        (0, "0 B"), (1, "1 B"), (1023, "1023 B"), (1024, "1 KiB"), (1025, "1.0 KiB"), (1536, "1.5 KiB"),
        (1075, "1.0 KiB"), (1076, "1.1 KiB"), (64 << 10, "64 KiB"), (1_048_524, "1023.9 KiB"), (1_048_525, "1.0 MiB"),
        (1 << 20, "1 MiB"), (3 << 19, "1.5 MiB"), (1 << 30, "1 GiB"), (5 << 40, "5 TiB"), (5 << 50, "5 PiB"),
        (1 << 60, "1 EiB"), (.max, "8.0 EiB"),
    ] as [(Int, String)])
    func `people read the largest unit that a size fills`(bytes: Int, expected: String) {
        #expect(ByteSize(bytes: bytes).description == expected)
    }

    @Test func `what is shown without a point is exact and can be typed back`() throws {
        for shift in 0..<63 {
            let size = ByteSize(bytes: 1 << shift)
            #expect(try ByteSize(parsing: size.description) == size)
        }
    }
}

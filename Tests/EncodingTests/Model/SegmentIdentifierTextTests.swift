import Diagnostics
import Encoding
import Observations
import Testing

@Suite struct SegmentIdentifierTextTests {
    private static let device = DeviceNumber(major: 0, minor: 25)

    static let texts: [(SegmentIdentifier, String)] = [
        (.posix("shmlens-demo"), "posix:shmlens-demo"),
        (.posix("a b@c:d%/e"), "posix:a%20b%40c%3Ad%25%2Fe"),
        (.posix(ByteString([0xff, 0xc3])), "posix:%FF%C3"),
        (.posix("ä"), "posix:%C3%A4"),
        (SegmentIdentifier(.posix("x"), namespace: 4_026_532_288), "posix:x@4026532288"),
        (SegmentIdentifier(.semaphore("lock"), namespace: 5), "semaphore:lock@5"),
        (SegmentIdentifier(.sysv(0)), "sysv:0"),
        (SegmentIdentifier(.sysv(.max), namespace: 7), "sysv:2147483647@7"),
        (SegmentIdentifier(.sysvSemaphore(12)), "sysvsem:12"),
        (SegmentIdentifier(.memfd(inode: 1497)), "memfd:1497"),
        (SegmentIdentifier(.anonymous(inode: .max)), "anonymous:18446744073709551615"),
        (SegmentIdentifier(.file(device: DeviceNumber(major: 259, minor: 1), inode: 3)), "file:259:1:3"),
        (SegmentIdentifier(.deleted(device: device, inode: 1234)), "deleted:0:25:1234"),
    ]

    @Test(arguments: texts)
    func `an identifier has one text, and the text means it`(id: SegmentIdentifier, text: String) throws {
        #expect(id.text == text)
        #expect(try SegmentIdentifier(pathSegment: text) == id)
        #expect(try SegmentIdentifier(commandLineWord: text) == id)
    }

    @Test(arguments: [
        ("shmlens-demo", SegmentIdentifier.posix("shmlens-demo")), ("a%20b", .posix("a b")),
        ("x@7", SegmentIdentifier(.posix("x"), namespace: 7)), ("sem.lock", SegmentIdentifier(.semaphore("lock"))),
        ("posix:sem.lock", SegmentIdentifier(.semaphore("lock"))), ("sem.", .posix("sem.")), ("sysv", .posix("sysv")),
        ("%73hm", .posix("shm")), ("folder%2Fsem.x", .posix("folder/sem.x")),
    ])
    func `a name alone is one of dev shm`(text: String, id: SegmentIdentifier) throws {
        #expect(try SegmentIdentifier(pathSegment: text) == id)
        #expect(try SegmentIdentifier(commandLineWord: text) == id)
    }

    @Test(arguments: [
        ("", SegmentIdentifierError.Reason.name), ("posix:", .name), ("posix:.", .name), ("posix:..", .name),
        ("..", .name), ("posix:..%2F..%2Fetc%2Fpasswd", .name), ("posix:%2Fetc", .name), ("posix:a%2F", .name),
        ("posix:a%2F%2Fb", .name), ("posix:a%2Fb%2Fc", .name), ("posix:a%2F..", .name), ("posix:a%00b", .name),
        ("semaphore:a%2Fb", .name), ("semaphore:", .name), ("posix:a b", .encoding), ("posix:ä", .encoding),
        ("posix:a%2", .encoding), ("posix:a%zz", .encoding), ("a/b", .encoding), ("a:b", .encoding),
        ("Posix:a", .encoding), ("posix:a:b", .encoding), ("sysv:", .number), ("sysv:-1", .number),
        ("sysv:+1", .number), ("sysv:01", .number), ("sysv:2147483648", .number), ("sysv:1x", .number),
        ("memfd:18446744073709551616", .number), ("memfd:٣", .number), ("file:0:25", .number),
        ("file:0:25:1:2", .number),
        ("deleted:0:4294967296:1", .number), ("deleted::25:1", .number), ("posix:a@", .namespace),
        ("posix:a@0", .namespace), ("posix:a@b", .namespace), ("posix:a@1@2", .namespace), ("memfd:1@2", .namespace),
        ("file:0:25:1@2", .namespace), ("sysv:1@-2", .namespace),
    ])
    func `what names nothing is refused with its reason`(text: String, reason: SegmentIdentifierError.Reason) {
        #expect(throws: SegmentIdentifierError(text: text, reason: reason)) {
            try SegmentIdentifier(pathSegment: text)
        }
    }

    @Test(arguments: [
        ("my segment", SegmentIdentifier.posix("my segment")), ("100%", .posix("100%")), ("ä", .posix("ä")),
        ("a@b", .posix("a@b")), ("a:b", .posix("a:b")), ("http://x", nil), ("a/b", .posix("a/b")),
        ("sem.a b", SegmentIdentifier(.semaphore("a b"))),
    ] as [(String, SegmentIdentifier?)])
    func `on the command line a name may stand as it is`(word: String, id: SegmentIdentifier?) {
        #expect((try? SegmentIdentifier(commandLineWord: word)) == id)
    }

    @Test(arguments: ["", "..", "/etc", "a/../b", "memfd:x", "posix:a b", "posix:a@b", "memfd:1@2"])
    func `but not what no name can be, nor a broken identifier`(word: String) {
        #expect(throws: SegmentIdentifierError.self) { try SegmentIdentifier(commandLineWord: word) }
    }

    @Test(arguments: [(255, true), (256, false)])
    func `a name is as long as a file's may be`(length: Int, isName: Bool) {
        let name = String(repeating: "n", count: length)
        #expect(((try? SegmentIdentifier(pathSegment: name)) != nil) == isName)
        #expect(((try? SegmentIdentifier(pathSegment: "folder%2F\(name)")) != nil) == isName)
    }

    @Test(arguments: [(251, true), (252, false)])
    func `a semaphore's name is four bytes shorter, for its file is longer`(length: Int, isName: Bool) {
        let name = String(repeating: "n", count: length)
        #expect(((try? SegmentIdentifier(pathSegment: "semaphore:\(name)")) != nil) == isName)
    }

    @Test func `a refusal names the text and says what to write`() {
        for reason in SegmentIdentifierError.Reason.allCases {
            let text = SegmentIdentifierError(text: "x y", reason: reason).description
            #expect(text.contains("\"x y\""))
        }
    }
}

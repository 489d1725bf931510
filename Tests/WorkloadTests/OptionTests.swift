import SharedSegments
import Testing

@testable import Workload

@Suite struct OptionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let field: String
        let kind: WorkloadKind
        let range: ClosedRange<Int>
        let set: @Sendable (inout WorkloadOptions, Int) -> Void

        var testDescription: String { field }
    }

    static let numbers: [Case] = [
        Case(field: "operations", kind: .counter, range: WorkloadOptions.Limit.operations) { $0.operations = $1 },
        Case(field: "durationMilliseconds", kind: .churn, range: WorkloadOptions.Limit.milliseconds) {
            $0.durationMilliseconds = $1
        },
        Case(
            field: "durationMilliseconds", kind: .falsesharing,
            range: WorkloadOptions.Limit.falsesharingMilliseconds
        ) { $0.durationMilliseconds = $1 },
        Case(field: "holdMilliseconds", kind: .hold, range: WorkloadOptions.Limit.milliseconds) {
            $0.holdMilliseconds = $1
        },
        Case(field: "step", kind: .crash, range: WorkloadOptions.Limit.step) { $0.step = $1 },
        Case(field: "offset", kind: .trespass, range: WorkloadOptions.Limit.bytes) { $0.offset = $1 },
        Case(field: "length", kind: .trespass, range: WorkloadOptions.Limit.bytes) { $0.length = $1 },
    ]

    @Test(arguments: numbers) func `a number is taken up to its limits and refused beyond them`(_ test: Case) throws {
        func check(_ value: Int) throws {
            var options = WorkloadOptions()
            test.set(&options, value)
            try options.check(for: test.kind)
        }
        try check(test.range.lowerBound)
        try check(test.range.upperBound)
        for wrong in [test.range.lowerBound - 1, test.range.upperBound + 1, .min, .max] {
            let error = #expect(throws: WorkloadOptionError.self) { try check(wrong) }
            #expect(error?.field == test.field)
            #expect(error?.reason.contains("\(wrong)") == true)
        }
    }

    @Test(arguments: [0.001, 1, 1_000_000]) func `a rate within its limits is taken`(_ rate: Double) throws {
        var options = WorkloadOptions()
        options.ratePerSecond = rate
        try options.check(for: .counter)
    }

    @Test(arguments: [0, 0.000_9, 1_000_001, -1, .infinity, .nan])
    func `a rate beyond its limits is refused`(_ rate: Double) {
        var options = WorkloadOptions()
        options.ratePerSecond = rate
        let error = #expect(throws: WorkloadOptionError.self) { try options.check(for: .counter) }
        #expect(error?.field == "ratePerSecond")
    }

    static let ownOptions: [(String, WorkloadKind, @Sendable (inout WorkloadOptions) -> Void)] = [
        ("holdMilliseconds", .hold, { $0.holdMilliseconds = 1 }),
        ("step", .crash, { $0.step = 1 }),
        ("offset", .trespass, { $0.offset = 0 }),
        ("length", .trespass, { $0.length = 4096 }),
        ("access", .trespass, { $0.access = .read }),
        ("padding", .falsesharing, { $0.padding = .both }),
        ("primitive", .pingpong, { $0.primitive = .futex }),
    ]

    @Test(arguments: ownOptions.indices)
    func `an option that means nothing to a workload is refused by its name`(_ index: Int) throws {
        let (field, owner, set) = Self.ownOptions[index]
        var options = WorkloadOptions()
        set(&options)
        try options.check(for: owner)
        for kind in WorkloadKind.allCases where kind != owner {
            let error = #expect(throws: WorkloadOptionError.self) { try options.check(for: kind) }
            #expect(error?.field == field)
        }
    }

    @Test func `options become words of the command line, in kebab-case`() {
        var options = WorkloadOptions()
        #expect(options.arguments == [])
        options.operations = 7
        options.ratePerSecond = 2.5
        options.seed = .max
        options.durationMilliseconds = 200
        options.holdMilliseconds = 3
        options.step = 4
        options.offset = 8192
        options.length = 4096
        options.access = .readWrite
        options.padding = .packed
        options.primitive = .pthread
        #expect(
            options.arguments == [
                "--operations", "7", "--rate-per-second", "2.5", "--seed", "18446744073709551615",
                "--duration-milliseconds", "200", "--hold-milliseconds", "3", "--step", "4", "--offset", "8192",
                "--length", "4096", "--access", "readWrite", "--padding", "packed", "--primitive", "pthread",
            ])
    }
}

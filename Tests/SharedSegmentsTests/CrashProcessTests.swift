import CShmlens
import CrashScenarios
import Observations
import SegmentFormat
import SystemPackage
import TestSupport
import Testing

@testable import SharedSegments

/// Real processes, really killed: what the copies of `CrashEnumerationTests` leave out is the kernel's part in the
/// mutex, and that a death is one.
@Suite struct CrashProcessTests {
    /// A scenario whose operation another process does.
    final class Victim {
        let run: CrashRun
        let helper = HelperProcess(HelperProcess.path(of: "CrashHelper"))
        /// Recovered states that were checked, as bytes.
        private var good: [Scratch] = []

        init(_ run: CrashRun) { self.run = run }

        /// Has the operation done by a process that dies before a store.
        ///
        /// - Returns: whether it died there; else it has done all of its stores.
        func operate(dyingAt step: Int) throws -> Bool {
            try stores(helper.ask("operate \(run.segment.name) \(step) \(run.scenario.name)")) == nil
        }

        /// Has the lock taken by a process that dies before a store.
        func recover(dyingAt step: Int) throws -> Bool {
            try stores(helper.ask("recover \(run.segment.name) \(step)")) == nil
        }

        /// Stores of the operation in a process that nobody kills.
        func countStores() throws -> Int {
            defer { run.restart() }
            return try #require(try stores(helper.ask("operate \(run.segment.name) 0 \(run.scenario.name)")))
        }

        /// How many stores a process made that came through; nil where it was killed.
        private func stores(_ answer: String?) throws -> Int? {
            if answer == "killed" { return nil }
            let words = try #require(answer).split(separator: " ")
            try #require(words.first == "done", "\(words)")
            return try #require(Int(words[1]) as Int?) as Int
        }

        /// Takes the lock from whoever died and checks everything.
        ///
        /// - Returns: which of the allowed states there is.
        func inherit(_ comment: String) throws -> Int {
            let segment = run.segment
            let deaths = segment.core.memory.load(shmlens_header_offset_lock_owner_deaths)
            let before = segment.core.memory.load(shmlens_header_offset_event_head)
            let scratch = Scratch(layout: segment.layout)
            scratch.load(segment.core.memory)
            let numbers = scratch.sequences
            try segment.withLock(timeout: .seconds(10)) { _ in }
            #expect(
                segment.core.memory.load(shmlens_header_offset_lock_owner_deaths) == deaths + 1, "\(comment)")
            let head = segment.core.memory.load(shmlens_header_offset_event_head)
            let place = segment.layout.eventOffset(head)
            let event = EventRecord(
                image: Image(bytes: segment.core.memory.copyOut(place..<place + shmlens_event_bytes), offset: place),
                at: place)
            #expect(head == before + 1 && event.kind == .recover && event.sequence == head, "\(comment)")

            scratch.load(segment.core.memory)
            if let problem = scratch.unsettled(since: numbers) { Issue.record("\(comment): \(problem)") }
            if let state = good.firstIndex(where: scratch.isSame(as:)) { return states[state] }
            let kept = Scratch(layout: segment.layout)
            kept.load(segment.core.memory)
            let (state, problem) = try run.expectation.check(scratch)
            if let problem { Issue.record("\(comment): \(problem)") }
            good.append(kept)
            states.append(state)
            return state
        }

        private var states: [Int] = []
    }

    func withVictim(_ scenario: CrashScenario, _ body: (Victim) throws -> Void) throws {
        let segment = try Segment.create(name: Unique.name("kill"), options: scenario.options)
        defer { try? Segment.remove(name: segment.name, force: true) }
        try body(Victim(CrashRun(scenario, in: segment)))
    }

    @Test(arguments: CrashScenario.all)
    func `a process killed before any store is recovered from`(scenario: CrashScenario) throws {
        try withVictim(scenario) { victim in
            let stores = try victim.countStores()
            let stride = runsFull ? 1 : 4
            var lastState = 0
            var kills = 0
            // Each scenario begins elsewhere, so that together they die everywhere.
            for step in Swift.stride(from: 1 + scenario.name.utf8.count % stride, through: stores, by: stride) {
                try #require(try victim.operate(dyingAt: step), "store \(step) of \(stores)")
                kills += 1
                let state = try victim.inherit("killed before store \(step)")
                #expect(state >= lastState, "killed before store \(step)")
                lastState = state
                victim.run.restart()
            }
            #expect(kills >= stores / stride && kills > 0)
            let survives = try !victim.operate(dyingAt: stores + 1)
            #expect(survives, "there is no store behind the last")
            #expect(try victim.run.segment.verification().findings == [])
            if runsFull { print("\(scenario): killed \(kills) times, at each of \(stores) stores") }
        }
    }

    #if arch(x86_64)
        /// One allocation that splits a block and one free that joins three, instruction by instruction: every store
        /// that the compiler made, whether the primitive knows of it or not.
        @Test(
            .enabled(if: runsFull),
            arguments: ["allocate: split, with a descriptor that was given back", "free: joined with both"]
        )
        func `a process stopped behind any instruction is recovered from`(name: String) throws {
            let scenario = try #require(CrashScenario.named(name))
            let segment = try Segment.create(name: Unique.name("trace"), options: scenario.options)
            defer { try? Segment.remove(name: segment.name, force: true) }
            let run = try CrashRun(scenario, in: segment)
            let tracer = HelperProcess(
                HelperProcess.path(of: "StepTracer"),
                [
                    Segment.folder.appending(segment.name).string, "\(20_000_000)",
                    HelperProcess.path(of: "CrashHelper"), "trace", segment.name, name,
                ])
            let scratch = Scratch(layout: segment.layout)
            let good = Scratch(layout: segment.layout)
            var images = 0
            var lastState = -1
            while true {
                let header = try #require(tracer.bytes(8))
                let number = header.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                guard number >> 63 == 0 else {
                    print("\(scenario): \(number & ~(1 << 63)) instructions, \(images) of them changed the segment")
                    break
                }
                let image = try #require(tracer.bytes(segment.layout.totalBytes))
                images += 1
                scratch.load(bytes: image)
                let numbers = scratch.sequences
                scratch.recoverWhole()
                if let problem = scratch.unsettled(since: numbers) {
                    Issue.record("stopped behind instruction \(number): \(problem)")
                }
                if lastState >= 0, scratch.isSame(as: good) { continue }
                good.load(scratch.memory)
                let (state, problem) = try run.expectation.check(scratch)
                if let problem { Issue.record("stopped behind instruction \(number): \(problem)") }
                #expect(state >= lastState, "stopped behind instruction \(number)")
                lastState = state
            }
            // Some stores write what stands there already; the journal's and the ring's do not.
            #expect(lastState == 1 && images >= run.stores / 2 && images <= run.stores * 2)
        }
    #endif

    /// Kills at one store of the operation, then two processes that recover, one after the other.
    func killRecoverers(_ victim: Victim, at step: Int, first: (Int) -> Bool, second: (Int) -> Bool) throws -> Int {
        var kills = 0
        var once = 1
        while true {
            guard first(once) else {
                once += 1
                continue
            }
            var twice = 1
            while true {
                guard second(twice) else {
                    twice += 1
                    continue
                }
                victim.run.restart()
                try #require(try victim.operate(dyingAt: step))
                guard try victim.recover(dyingAt: once) else { return kills }
                let died = try victim.recover(dyingAt: twice)
                kills += died ? 2 : 1
                if died { _ = try victim.inherit("killed before stores \(step), \(once) and \(twice)") }
                if !died { break }
                twice += 1
            }
            once += 1
        }
    }

    /// The stores at which recovery has the most to do: right before the commit, and right behind it.
    func stepsAroundCommit(_ run: CrashRun) throws -> [Int] {
        var committed: Int?
        let head = run.segment.core.memory.load(shmlens_header_offset_event_head)
        try run.forEachKill { step, left in
            if committed == nil, left.load(shmlens_header_offset_event_head) != head { committed = step }
        }
        run.restart()
        let behind = try #require(committed)
        return [behind - 1, behind]
    }

    static let representative = [
        "allocate: one of three equal blocks with children", "aligned: prefix and remainder",
        "free: joined with both, neighbours in one list", "resize: moved, nothing to join", "join", "count",
    ]

    @Test(arguments: representative)
    func `processes killed while they recover, two in a row, are recovered from`(name: String) throws {
        let scenario = try #require(CrashScenario.named(name))
        try withVictim(scenario) { victim in
            for step in try stepsAroundCommit(victim.run) {
                let kills = try killRecoverers(victim, at: step, first: { $0 % 7 == 1 }, second: { $0 % 11 == 3 })
                #expect(kills > 0)
            }
        }
    }

    @Test(.enabled(if: runsFull), arguments: CrashScenario.all.filter { !$0.isRefused })
    func `processes killed at every pair of stores of two recoveries are recovered from`(scenario: CrashScenario) throws {
        try withVictim(scenario) { victim in
            var kills = 0
            for step in try stepsAroundCommit(victim.run) {
                kills += try killRecoverers(victim, at: step, first: { _ in true }, second: { _ in true })
            }
            print("\(scenario): recoverers killed \(kills) times")
            #expect(kills > 0)
        }
    }
}

import CShmlens
import CrashScenarios
import Observations
import SegmentFormat
import TestSupport
import Testing

@testable import SharedSegments

/// What a segment that was recovered is held against.
struct Expectation {
    let layout: SegmentLayout
    /// The states that are allowed: before, and after each operation of the scenario.
    let states: [LogicalState]
    /// The page sequence numbers before.
    let sequences: [UInt64]

    /// - Returns: what is wrong with a recovered copy, and which state it is in.
    func check(_ scratch: Scratch) throws -> (state: Int, problem: String?) {
        let findings = try scratch.core.verification().findings
        guard findings.isEmpty else { return (0, "verify finds \(findings)") }
        let image = scratch.image
        guard let state = states.firstIndex(of: LogicalState(image: image, layout: layout)) else {
            return (0, "the state is neither before nor after")
        }
        let numbers = sequenceNumbers(image: image, layout: layout)
        guard numbers.allSatisfy({ $0 & 1 == 0 }), zip(numbers, sequences).allSatisfy({ $0 >= $1 }) else {
            return (state, "a page's sequence number is odd or went back")
        }
        return (state, try checkUse(of: scratch))
    }

    /// Another allocation and another free work.
    private func checkUse(of scratch: Scratch) throws -> String? {
        let core = scratch.core
        let blocks = scratch.memory.load(layout.indexOffset + shmlens_index_header_offset_used_blocks)
        do throws(SegmentError) {
            let request = try AllocationRequest(sizeBytes: 1, alignment: 16, tag: .none, owner: .external)
            let offset = try core.allocate(request, actor: .external)
            try core.free(payload: offset, kind: .free, actor: .external)
        } catch {
            // A pool may be full.
            guard case .noFreeBlock(_, 0) = error else { return "the next operation fails: \(error)" }
        }
        guard scratch.memory.load(layout.indexOffset + shmlens_index_header_offset_used_blocks) == blocks else {
            return "the next operation left other counts"
        }
        let findings = try core.verification().findings
        return findings.isEmpty ? nil : "verify finds \(findings) after the next operation"
    }
}

extension Scratch {
    /// The page sequence numbers.
    var sequences: [UInt64] {
        let offset = layout.sequencesOffset
        return (0..<layout.sequenceCount).map { memory.load(offset + $0 * 8) }
    }

    /// What must hold of every recovered segment whatever its state, and what does not where it does not.
    ///
    /// - Parameter left: the sequence numbers as the dead left them: a page in the middle of an operation must look
    ///   changed to who copied it before, so its number may not be an old one again.
    func unsettled(since left: [UInt64]) -> String? {
        for (page, (now, before)) in zip(sequences, left).enumerated() {
            guard now & 1 == 0 else { return "page \(page) has the odd number \(now)" }
            guard now > before || (now == before && before & 1 == 0) else {
                return "page \(page) went from number \(before) to \(now)"
            }
        }
        guard memory.load(shmlens_header_offset_journal_count) == 0 else { return "the journal is not empty" }
        guard memory.load(shmlens_header_offset_damaged) == 0 else { return "damage was found" }
        return nil
    }
}

/// A scenario in a segment: run as often as one likes from the same beginning.
final class CrashRun {
    let scenario: CrashScenario
    let segment: Segment
    let pristine: [UInt8]
    /// Stores of a run that nothing interrupts.
    let stores: Int
    let expectation: Expectation

    init(_ scenario: CrashScenario, in segment: Segment) throws {
        self.scenario = scenario
        self.segment = segment
        try scenario.prepare(segment)
        pristine = segment.image().bytes
        // A time that is written again as it was is no store: let every run be later than the beginning.
        let now = Clock.realtimeCoarse()
        while Clock.realtimeCoarse() / 1_000_000 == now / 1_000_000 {}
        let layout = segment.layout
        var states = [LogicalState(image: Image(bytes: pristine), layout: layout)]
        var stores = 0
        segment.armSteps { stores += 1 }
        for operation in scenario.operations {
            do throws(SegmentError) {
                try operation(segment)
            } catch {
                guard scenario.isRefused, case .noFreeBlock = error else { throw error }
            }
            states.append(LogicalState(image: Image(bytes: segment.image().bytes), layout: layout))
        }
        segment.armSteps(nil)
        self.stores = stores
        expectation = Expectation(
            layout: layout, states: states,
            sequences: sequenceNumbers(image: Image(bytes: pristine), layout: layout))
        restart()
    }

    /// Brings the segment back to the beginning. Nobody holds the lock.
    func restart() {
        let bytes = pristine
        unsafe segment.core.memory.copyIn(bytes.span.bytes, at: 0)
    }

    /// Calls `body` with what a kill before each store leaves, from the first on.
    func forEachKill(_ body: (_ step: Int, _ left: LiveMemory) throws -> Void) throws {
        restart()
        var step = 0
        var failure: (any Error)?
        try withoutActuallyEscaping(body) { body in
            segment.armSteps { [segment] in
                step += 1
                do { try body(step, segment.core.memory) } catch { failure = failure ?? error }
            }
            defer { segment.armSteps(nil) }
            try scenario.operate(on: segment)
        }
        if let failure { throw failure }
    }
}

extension Scratch {
    /// How this differs from a recovery that nothing disturbed, if it does.
    func difference(from good: Scratch, since left: [UInt64]) -> String? {
        isSame(as: good) ? unsettled(since: left) : "recovered differently"
    }

    /// Calls `body` with what a kill before each store of a recovery leaves.
    ///
    /// - Returns: how many.
    func forEachKillWhileRecovering(_ body: (_ step: Int) -> Void) -> Int {
        var step = 0
        withoutActuallyEscaping(body) { body in
            core.stepHook = {
                step += 1
                body(step)
            }
            recoverWhole()
            core.stepHook = nil
        }
        return step
    }
}

@Suite struct CrashEnumerationTests {
    func withRun(_ scenario: CrashScenario, _ body: (CrashRun) throws -> Void) throws {
        let segment = try Segment.create(name: Unique.name("crash"), options: scenario.options)
        defer { try? Segment.remove(name: segment.name, force: true) }
        try body(CrashRun(scenario, in: segment))
    }

    @Test(arguments: CrashScenario.all)
    func `a death before any store leaves the state before or after`(scenario: CrashScenario) throws {
        try withRun(scenario) { run in
            let scratch = Scratch(layout: run.segment.layout)
            let good = Scratch(layout: run.segment.layout)
            var lastState = -1
            var kills = 0
            try run.forEachKill { step, left in
                kills += 1
                scratch.load(left)
                let numbers = scratch.sequences
                scratch.recoverWhole()
                if let problem = scratch.unsettled(since: numbers) {
                    Issue.record("killed before store \(step): \(problem)")
                }
                // Most steps of an operation are recovered to the very same bytes: one check serves all of them.
                if lastState >= 0, scratch.isSame(as: good) { return }
                good.load(scratch.memory)
                let (state, problem) = try run.expectation.check(scratch)
                if let problem { Issue.record("killed before store \(step): \(problem)") }
                #expect(state >= lastState, "killed before store \(step): an operation that was committed is gone")
                lastState = state
            }
            #expect(kills == run.stores && kills > 0)
            let after = run.expectation.states.firstIndex(of: run.expectation.states[run.expectation.states.count - 1])
            #expect(lastState == after, "the last stores are behind the commit")
        }
    }

    /// Kills the operation before each store, or each `outer`-th; then recovery before each of its own; then that of
    /// the next process before each of its own, or for each `inner`-th of the places before.
    func killRecoveries(_ scenario: CrashScenario, outer: Int, inner: Int) throws -> Int {
        var kills = 0
        try withRun(scenario) { run in
            let layout = run.segment.layout
            let (first, second, third, good) = (
                Scratch(layout: layout), Scratch(layout: layout), Scratch(layout: layout), Scratch(layout: layout)
            )
            let phase = scenario.name.utf8.count
            try run.forEachKill { step, left in
                guard (step + phase) % outer == 0 else { return }
                good.load(left)
                let numbers = good.sequences
                good.recoverWhole()
                first.load(left)
                kills += first.forEachKillWhileRecovering { once in
                    second.load(first.memory)
                    if (step + once) % inner == 0 {
                        kills += second.forEachKillWhileRecovering { twice in
                            third.load(second.memory)
                            third.recoverWhole()
                            if let problem = third.difference(from: good, since: numbers) {
                                Issue.record("killed before stores \(step), \(once) and \(twice): \(problem)")
                            }
                        }
                    } else {
                        second.recoverWhole()
                    }
                    if let problem = second.difference(from: good, since: numbers) {
                        Issue.record("killed before stores \(step) and \(once): \(problem)")
                    }
                }
            }
        }
        return kills
    }

    @Test(arguments: CrashScenario.all)
    func `deaths of one or two who recover change nothing of what the next one recovers`(scenario: CrashScenario) throws {
        #expect(try killRecoveries(scenario, outer: 5, inner: 29) > 0)
    }

    @Test(.enabled(if: runsFull), arguments: CrashScenario.all)
    func `deaths of two who recover, at every pair of stores, change nothing`(scenario: CrashScenario) throws {
        let kills = try killRecoveries(scenario, outer: 1, inner: 1)
        print("\(scenario): recovery killed at \(kills) places")
        #expect(kills > 0)
    }

    @Test func `damage that a recovery found is known to the next one, wherever the first one dies`() throws {
        let scenario = try #require(CrashScenario.named("count"))
        try withRun(scenario) { run in
            let (spoilt, first, second) = (
                Scratch(layout: run.segment.layout), Scratch(layout: run.segment.layout),
                Scratch(layout: run.segment.layout)
            )
            try run.forEachKill { step, left in
                if step == run.stores / 2 { spoilt.load(left) }
            }
            try #require(spoilt.memory.load(shmlens_header_offset_journal_count) > 0)
            // An entry that names a word which no operation journals: what it saved cannot be put back.
            spoilt.memory.store(shmlens_header_offset_journal, 8)
            first.load(spoilt.memory)
            let kills = first.forEachKillWhileRecovering { step in
                second.load(first.memory)
                second.recoverWhole()
                if !second.isDamaged { Issue.record("killed before store \(step): the damage is forgotten") }
            }
            #expect(kills > 10 && first.isDamaged)
        }
    }
}

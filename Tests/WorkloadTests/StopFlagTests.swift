import Kernel
import SegmentFormat
import SharedSegments
import TestSupport
import Testing

@testable import Workload

@Suite(.timeLimit(.minutes(10))) struct StopFlagTests {
    @Test func `a sleeper without an end is woken by the flag`() {
        let flag = StopFlag()
        let woken = Flag()
        let sleeper = InThread {
            if flag.wait(until: .max) { woken.set() }
        }
        #expect(!woken.isSet)
        flag.raise()
        sleeper.join()
        #expect(woken.isSet)
        #expect(flag.isRaised)
    }

    @Test func `a time that has passed ends the sleep with the flag not raised`() {
        #expect(!StopFlag().wait(until: Clocks.monotonicNanoseconds()))
    }

    @Test func `a worker that is told to end before it begins does nothing and leaves no slot`() throws {
        let segment = try Segment.createUnnamed(label: "stop", options: SegmentOptions(capacityBytes: 65536))
        let stop = StopFlag()
        stop.raise()
        let outcome = try Worker.run(
            segment: segment, kind: .churn, options: WorkloadOptions(), stop: stop,
            report: ProgressReport(descriptor: nil))
        #expect(outcome == WorkerOutcome(operations: 0, result: nil))
        #expect(try segment.livingParticipants() == 0)
    }

    @Test(arguments: [WorkloadKind.counter, .churn, .mixed])
    func `a worker does as many operations as asked for, then leaves nothing behind`(_ kind: WorkloadKind) throws {
        let segment = try Segment.createUnnamed(label: "work", options: SegmentOptions(capacityBytes: 65536))
        var options = WorkloadOptions()
        options.operations = 500
        options.seed = 7
        let outcome = try Worker.run(
            segment: segment, kind: kind, options: options, stop: StopFlag(),
            report: ProgressReport(descriptor: nil))
        #expect(outcome.operations == 500)
        #expect(try segment.livingParticipants() == 0)
        #expect(try segment.blocks().used == 0)
        #expect(try segment.findings() == [])
    }

    @Test func `the same seed does the same to a segment`() throws {
        func bytes() throws -> [UInt8] {
            let segment = try Segment.createUnnamed(label: "seed", options: SegmentOptions(capacityBytes: 65536))
            var options = WorkloadOptions()
            options.operations = 300
            options.seed = 11
            _ = try Worker.run(
                segment: segment, kind: .churn, options: options, stop: StopFlag(),
                report: ProgressReport(descriptor: nil))
            let layout = segment.layout
            return try segment.withLock { (locked) throws(SegmentError) in
                try locked.copy(layout.poolOffset..<layout.totalBytes)
            }
        }
        #expect(try bytes() == bytes())
    }
}

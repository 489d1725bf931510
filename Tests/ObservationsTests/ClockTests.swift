import Observations
import Testing

@Suite struct ClockTests {
    let reading = ClockReading(
        realTime: WallTime(nanoseconds: 1_000_000_000_000), monotonicNanoseconds: 300_000_000_000,
        coarseNanoseconds: 299_996_000_000, bootNanoseconds: 400_000_000_000)

    @Test func `a start in ticks since boot becomes a time that people know`() {
        #expect(reading.wallTime(ofStartTicks: 40_000, ticksPerSecond: 100) == reading.realTime)
        #expect(reading.wallTime(ofStartTicks: 0, ticksPerSecond: 100) == WallTime(nanoseconds: 600_000_000_000))
    }

    @Test func `a monotonic time becomes one too`() {
        #expect(reading.wallTime(ofMonotonic: 299_000_000_000) == WallTime(nanoseconds: 999_000_000_000))
    }

    @Test(arguments: [Int64.min, -1, 0, .max])
    func `any monotonic time may be asked`(nanoseconds: Int64) {
        let time = reading.wallTime(ofMonotonic: nanoseconds)
        #expect((time < reading.realTime) == (nanoseconds < reading.monotonicNanoseconds))
    }

    @Test func `a start that does not fit is the latest that does`() {
        let latest = reading.wallTime(ofStartTicks: .max, ticksPerSecond: 1)
        #expect(latest.nanoseconds > reading.realTime.nanoseconds)
        #expect(reading.wallTime(ofStartTicks: UInt64(Int64.max), ticksPerSecond: 100) == latest)
    }
}

import HTTPCore
import MicroHTTP

/// A stream that gives prepared steps and then ends, and tells what was done with it.
final class ScriptedStream: BodyStream {
    private let steps: Monitor<[StreamStep]>
    let started = Event()
    let ended = Event()

    init(_ steps: [StreamStep]) { self.steps = Monitor(steps) }

    func start(wake: @escaping @Sendable () -> Void) { started.happen() }

    func next(wanted: Int) -> StreamStep {
        steps.withLock { $0.isEmpty ? .end : $0.removeFirst() }
    }

    func finished() { ended.happen() }
}

/// A stream that sends what a test puts into it, and waits in between.
final class FedStream: BodyStream {
    private struct State {
        var chunks: [[UInt8]] = []
        var isClosed = false
        var wake: (@Sendable () -> Void)?
    }

    private let state = Monitor(State())
    let started = Event()
    /// How often it had nothing.
    let waited = Event()
    let ended = Event()

    /// - Parameter isClosed: ends the stream after `text`.
    func feed(_ text: String, isClosed: Bool = false) {
        let wake = state.withLock { state in
            if !text.isEmpty { state.chunks.append(Array(text.utf8)) }
            state.isClosed = isClosed
            return state.wake
        }
        wake?()
    }

    /// Says that there is more although there is nothing.
    func wakeInVain() { state.withLock { $0.wake }?() }

    func start(wake: @escaping @Sendable () -> Void) {
        state.withLock { $0.wake = wake }
        started.happen()
    }

    func next(wanted: Int) -> StreamStep {
        let step: StreamStep = state.withLock { state in
            if !state.chunks.isEmpty { return .bytes(state.chunks.removeFirst()) }
            return state.isClosed ? .end : .wait
        }
        if case .wait = step { waited.happen() }
        return step
    }

    func finished() { ended.happen() }
}

import Diagnostics
import Kernel
import Observations
import Workload

/// What changes, for all who watch: one look at a subject serves every stream of it, however many there are.
///
/// One thread does all looking, while anybody watches. Safe to use from any thread.
final class StreamHub: Sendable {
    /// From one look at a subject to the next.
    static let periodNanoseconds: Int64 = 250_000_000
    /// A look at what is expensive to look at is not repeated before ten times what it took: a tenth of a processor.
    static let costFactor: Int64 = 10
    /// However expensive.
    static let periodNanosecondsMax: Int64 = 2_000_000_000

    private struct Watched {
        var streams: [ChangeStream] = []
        /// CLOCK_MONOTONIC.
        var due: Int64 = 0
    }

    private struct State {
        var subjects: [Subject: Watched] = [:]
        var isRunning = false
    }

    private let shared = Monitor(State())

    /// A stream of what changes in a subject.
    ///
    /// - Parameter after: the newest event that the client knows.
    /// - Throws: ``Problem`` where no thread can be had.
    func subscribe(_ subject: Subject, after: UInt64?, _ service: Service) throws(Problem) -> ChangeStream {
        let stream = ChangeStream(after: after) { [weak self] in self?.leave($0, subject) }
        let starts = shared.change { state in
            state.subjects[subject, default: Watched()].streams.append(stream)
            // Who is new does not wait for the next turn.
            state.subjects[subject]?.due = 0
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return stream }
        let error = OSThread.start { [weak self, weak service] in
            guard let self, let service else { return }
            self.run(service)
        }
        guard error == 0 else {
            shared.change { $0.isRunning = false }
            throw .unavailable("no thread can be started to watch (error \(error))")
        }
        return stream
    }

    /// How many streams there are of a subject.
    func count(_ subject: Subject) -> Int { shared.read { $0.subjects[subject]?.streams.count ?? 0 } }

    private func leave(_ stream: ChangeStream, _ subject: Subject) {
        shared.change { state in
            state.subjects[subject]?.streams.removeAll { $0 === stream }
            if state.subjects[subject]?.streams.isEmpty == true { state.subjects[subject] = nil }
        }
    }

    // MARK: The thread

    /// Looks until nobody watches any more.
    private func run(_ service: Service) {
        var channels: [Subject: Channel] = [:]
        while let subject = nextDue() {
            let begin = Clocks.monotonicNanoseconds()
            let look = channels[subject, default: Channel(subject)].look(service)
            deliver(look, subject, service)
            let end = Clocks.monotonicNanoseconds()
            let pause = min(max(Self.periodNanoseconds, (end - begin) * Self.costFactor), Self.periodNanosecondsMax)
            let watched = shared.change { state in
                // One that came meanwhile has said so by 0, and is looked at for.
                if let due = state.subjects[subject]?.due, due > 0 || look.isOver {
                    state.subjects[subject]?.due = begin + pause
                }
                return Set(state.subjects.keys)
            }
            channels = channels.filter { watched.contains($0.key) }
        }
    }

    /// Waits for the next subject to be looked at.
    ///
    /// - Returns: nil where nobody watches.
    private func nextDue() -> Subject? {
        while true {
            let earliest = shared.read { state in state.subjects.values.map(\.due).min() ?? 0 }
            let found: Subject?? = shared.wait(until: earliest) { state in
                guard let next = state.subjects.min(by: { $0.value.due < $1.value.due }) else {
                    state.isRunning = false
                    return .some(nil)
                }
                guard next.value.due <= Clocks.monotonicNanoseconds() else { return nil }
                // From here on 0 says that somebody came since.
                state.subjects[next.key]?.due = 1
                return .some(next.key)
            }
            if let found { return found }
        }
    }

    private func deliver(_ look: Look, _ subject: Subject, _ service: Service) {
        for stream in shared.read({ $0.subjects[subject]?.streams ?? [] }) {
            let needs = stream.needs
            guard needs.everything else {
                stream.push(look.changed + look.events, after: look.newestEvent)
                continue
            }
            var frames = look.everything
            if case .segment(let id) = subject, let after = needs.after,
                let missed = try? Channel.events(id, after: after, service)
            {
                frames += missed.bytes
            }
            stream.push(frames, after: look.newestEvent)
        }
        guard look.isOver else { return }
        for stream in shared.read({ $0.subjects[subject]?.streams ?? [] }) { stream.close() }
    }
}

import Glibc
import Kernel
import Synchronization
public import SystemPackage

/// What a worker tells the process that started it, line by line; ``ReportLine`` says in which words.
///
/// Safe to use from any thread.
public final class ProgressReport: Sendable {
    /// How often the count of operations is told.
    static let intervalNanoseconds: Int64 = 100_000_000
    /// How long the last lines may wait for a reader that does not read.
    static let patienceMilliseconds: Int32 = 500

    private let descriptor: FileDescriptor?
    private let nextProgress = Atomic<Int64>(0)

    /// - Parameter descriptor: the writing end of a pipe, which stays the caller's; nil tells nobody.
    public init(descriptor: FileDescriptor?) {
        self.descriptor = descriptor
        if let descriptor {
            // A supervisor that does not read must not stop its workers.
            _ = fcntl(descriptor.rawValue, F_SETFL, O_WRONLY | O_NONBLOCK)
        }
    }

    /// Tells how many operations are done, where the last telling is long enough ago and the pipe has room.
    ///
    /// - Parameter now: CLOCK_MONOTONIC_COARSE.
    func progress(_ operations: UInt64, now: Int64) {
        guard descriptor != nil, now >= nextProgress.load(ordering: .relaxed) else { return }
        nextProgress.store(now + Self.intervalNanoseconds, ordering: .relaxed)
        write(.operations(operations), patienceMilliseconds: 0)
    }

    /// Tells a line, waiting a moment where the pipe is full.
    func send(_ line: ReportLine) { write(line, patienceMilliseconds: Self.patienceMilliseconds) }

    /// Tells what a worker did.
    public func send(_ outcome: WorkerOutcome) {
        for line in outcome.lines { send(line) }
    }

    /// Tells why it failed.
    public func send(message: String) { send(.message(message)) }

    private func write(_ line: ReportLine, patienceMilliseconds: Int32) {
        guard let descriptor else { return }
        let bytes = Array(line.text.utf8)
        for isLast in [false, true] {
            // A pipe takes a piece of up to PIPE_BUF bytes whole or not at all; pipe(7).
            let written = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor.rawValue, $0.baseAddress, $0.count)
            }
            guard written < 0, errno == EAGAIN, !isLast, patienceMilliseconds > 0 else { return }
            var wanted = pollfd(fd: descriptor.rawValue, events: Int16(POLLOUT), revents: 0)
            _ = unsafe poll(&wanted, 1, patienceMilliseconds)
        }
    }
}

extension WorkerOutcome {
    var lines: [ReportLine] {
        var lines: [ReportLine] = [.operations(operations)]
        switch result {
        case nil: break
        case .pingpong(let roundTrips, let perSecond):
            lines += [.roundTrips(roundTrips), .rate(.perSecond, perSecond)]
        case .falsesharing(let packed, let padded, let ratio):
            if let packed { lines.append(.rate(.packedPerSecond, packed)) }
            if let padded { lines.append(.rate(.paddedPerSecond, padded)) }
            if let ratio { lines.append(.rate(.ratio, ratio)) }
        }
        return lines
    }

    /// For a terminal: a line each.
    public var text: String { lines.map(\.text).joined() }
}

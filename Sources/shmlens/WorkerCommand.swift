public import ArgumentParser
import Diagnostics
import Encoding
import SharedSegments
import SystemPackage
import Workload

extension WorkloadKind: ExpressibleByArgument {}
extension Primitive: ExpressibleByArgument {}
extension Padding: ExpressibleByArgument {}
extension ProtectedRange.Access: ExpressibleByArgument {}

/// `shmlens worker`: one process that works on a managed segment until it is done or told to end.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Work on a managed segment, as one process of many.",
        discussion: """
            WORKLOAD is one of:
              counter       adds one to the counter and writes NAME: N into the text
              churn         allocates, fills, checks, resizes and frees blocks at random
              mixed         counter and churn, and now and then the text and the flag
              pingpong      alternates with another process through the flag; start two
              hold          takes the lock and keeps it
              crash         ends itself by SIGKILL in the middle of a change
              trespass      writes where it must not, and is ended by SIGSEGV
              falsesharing  counts on a shared cache line, then on its own; start several

            It ends cleanly on SIGTERM and Ctrl-C: it frees what it has and leaves. What it did it prints when it \
            ends.

            Examples:
              shmlens worker orders --workload counter --operations 1000
              shmlens worker orders --workload churn --duration-milliseconds 60000
              shmlens worker orders --workload pingpong --primitive pthread
              shmlens worker orders --workload hold --hold-milliseconds 5000
              shmlens worker memfd:1234 --workload mixed --rate-per-second 100

            Exit status: 0 done, 1 failed, 2 what it had written was changed, 4 not found, 5 no right, 6 it could \
            not leave because somebody keeps the lock, 64 usage.
            """)

    @OptionGroup var segment: SegmentArgument

    @Option(help: "What to do.")
    var workload: WorkloadKind

    @Option(parsing: .unconditional, help: "Who it is, for people, at most 32 bytes. (default: the workload and the pid)")
    var name: String?

    @Option(parsing: .unconditional, help: "Operations to do. (default: no limit; one of hold)")
    var operations: Int?

    @Option(parsing: .unconditional, help: "Operations a second. (default: as fast as it goes)")
    var ratePerSecond: Double?

    @Option(parsing: .unconditional, help: "What the random choices come from. (default: another one each time)")
    var seed: UInt64?

    @Option(parsing: .unconditional, help: "How long to work. (default: no limit; one second of falsesharing)")
    var durationMilliseconds: Int?

    @Option(parsing: .unconditional, help: "hold: how long to keep the lock. (default: until told to end)")
    var holdMilliseconds: Int?

    @Option(parsing: .unconditional, help: "crash: before which store to end, from 1. (default: a random one)")
    var step: Int?

    @Option(parsing: .unconditional, help: "trespass: the range to protect, whole pages. (default: the pool)")
    var offset: SizeArgument?

    @Option(parsing: .unconditional, help: "trespass: its length. (default: to the end)")
    var length: SizeArgument?

    @Option(help: "trespass: none, read or readWrite. (default: read; without a range, all is mapped read-only)")
    var access: ProtectedRange.Access?

    @Option(help: "falsesharing: packed, padded or both. (default: both)")
    var padding: Padding?

    @Option(help: "pingpong: futex or pthread. (default: futex)")
    var primitive: Primitive?

    @Option(help: .hidden)
    var supervisor: Int32?

    private var options: WorkloadOptions {
        var options = WorkloadOptions()
        options.operations = operations
        options.ratePerSecond = ratePerSecond
        options.seed = seed
        options.durationMilliseconds = durationMilliseconds
        options.holdMilliseconds = holdMilliseconds
        options.step = step
        options.offset = offset?.bytes
        options.length = length?.bytes
        options.access = access
        options.padding = padding
        options.primitive = primitive
        return options
    }

    func validate() throws {
        do throws(WorkloadOptionError) {
            try options.check(for: workload)
        } catch {
            throw ValidationError(error.description)
        }
    }

    /// Gives the process the name that /proc, `top` and the locks' owners show. Without it one that a server started
    /// would be called after the link it was started through.
    private func nameProcess() {
        // At most 15 bytes (proc(5), comm). A /proc that cannot be written costs the name only.
        guard let file = try? FileDescriptor.open(FilePath("/proc/self/comm"), .writeOnly, options: .closeOnExec)
        else { return }
        _ = try? file.closeAfter { try file.writeAll("shmlens-worker".utf8) }
    }

    func run() throws {
        try Terminal.run(Self.self) {
            nameProcess()
            let stop = StopFlag()
            let progress = ProgressReport(
                descriptor: supervisor == nil ? nil : FileDescriptor(rawValue: Supervisor.reportNumber))
            do {
                if let supervisor, try !Termination.bind(toSupervisor: supervisor) {
                    throw WorkloadError.supervisorGone
                }
                try Termination.raise(stop, overdueStatus: Exit.lockTimeout.rawValue)
                let outcome = try Worker.run(
                    segment: try open(), kind: workload, options: options, name: name, stop: stop, report: progress)
                progress.send(outcome)
                try Terminal.print(outcome.text)
            } catch {
                progress.send(message: "\(error)")
                throw error
            }
        }
    }

    private func open() throws -> Segment {
        let id = try segment.identifier()
        // A supervisor hands an unnamed segment over; by hand it is found through /proc.
        guard case .memfd(let inode) = id.object, let descriptor = Memfd.handedOver(inode: inode) else {
            return try segment.open()
        }
        return try Segment(adopting: descriptor, name: id.text)
    }
}

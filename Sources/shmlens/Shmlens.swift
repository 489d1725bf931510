import ArgumentParser

/// The root of the command line; each verb is a file of its own.
@main
struct ShmlensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shmlens",
        abstract: "Shows what shared memory is on this host, who uses it and what is in it.",
        subcommands: [WorkerCommand.self])
}

import ArgumentParser

/// The program: one verb for each thing that can be looked at or done.
@main
struct Shmlens: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shmlens",
        abstract: "Show shared memory: what is there, who has it, who holds which lock in it.",
        discussion: """
            SEGMENT is a name (orders) or an identifier (posix:orders, memfd:1234). Every verb that looks \
            takes no lock and changes nothing. --json prints exactly what the HTTP API answers.

            Examples:
              shmlens serve --demo                      a server, and a segment that lives
              shmlens list                              what shared memory there is
              shmlens show shmlens-demo                 one segment, its lock and its heap
              shmlens dump shmlens-demo --length 64     its first bytes
              shmlens blocks shmlens-demo --limit 10    the blocks of its heap
              shmlens processes --sort -mappedBytes     who has most of it
              shmlens search --text hello               where a text stands, in all of it
              shmlens locks                             who waits for which lock

            Exit status: 0 fine, 1 failed, 2 findings, 3 deadlock, 4 not found, 5 no right, \
            6 lock not had in time, 64 usage.
            """,
        version: version,
        groupedSubcommands: [
            CommandGroup(name: "Running", subcommands: [Serve.self, WorkerCommand.self]),
            CommandGroup(
                name: "Looking",
                subcommands: [
                    List.self, Show.self, Dump.self, Bytes.self, Blocks.self, Heap.self, Locks.self, Events.self,
                    Participants.self, Layout.self, Verify.self, SearchCommand.self, Processes.self, Top.self,
                ]),
            CommandGroup(
                name: "Changing",
                subcommands: [
                    Create.self, Remove.self, Allocate.self, Resize.self, Free.self, Write.self, Protect.self,
                    Reclaim.self,
                ]),
        ])

    static let version = "0.1.0"
}

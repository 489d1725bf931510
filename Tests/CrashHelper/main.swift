// A second process for the tests: does what it is told on standard input and answers each line with one.
//
//     operate SEGMENT STEP SCENARIO    in a child of its own that kills itself before store number STEP
//     recover SEGMENT STEP             the same while it takes the lock
//
// And as arguments, to be run instruction by instruction: it stops itself before the operation and behind it.
//
//     CrashHelper trace SEGMENT SCENARIO
//
// As arguments, too: what a test needs another process for.
//
//     CrashHelper hold SEGMENT             joins, takes the lock, says `held SLOT GENERATION`, keeps it until a line comes
//     CrashHelper wait SEGMENT             joins, says `waits SLOT GENERATION`, waits until the flag is set, says `woken`
//     CrashHelper open SEGMENT UID         as another user: says `opened` or the error
//     CrashHelper create SEGMENT UID MODE [FOLDER]     the same; says `created` or the error
//     CrashHelper fill FOLDER              makes a segment there, lets a file take the rest of the file system, and
//                                          changes the segment in all ways: says what came of it
//
// The lines are answered by `killed`, or `done N` where the child came through with N stores, or `failed …`.
// The children are forked: this program has one thread and starts none, so that nothing is lost on the way.

import CrashScenarios
import Glibc
import SegmentFormat
import SharedSegments
import SystemPackage

/// Counts stores and ends the process before one of them.
final class Steps {
    private(set) var count = 0
    let last: Int

    init(last: Int) { self.last = last }

    func step() {
        count += 1
        if count == last { kill(getpid(), SIGKILL) }
    }
}

func say(_ line: String) {
    let bytes = Array("\(line)\n".utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(1, $0.baseAddress, $0.count) }
}

func operate(_ segment: Segment, _ scenario: CrashScenario, _ steps: Steps) throws(SegmentError) {
    segment.armSteps(steps.step)
    try scenario.operate(on: segment)
    segment.armSteps(nil)
}

func recover(_ segment: Segment, _ steps: Steps) throws(SegmentError) {
    segment.armSteps(steps.step)
    try segment.withLock { _ in segment.armSteps(nil) }
}

/// Runs one line's work in this process, which it ends.
func work(_ words: [Substring]) -> Never {
    let steps = Steps(last: Int(words[2]) ?? 0)
    do throws(SegmentError) {
        let segment = try Segment.open(name: String(words[1]))
        if words[0] == "recover" {
            try recover(segment, steps)
        } else if let scenario = CrashScenario.named(String(words[3])) {
            try operate(segment, scenario, steps)
        } else {
            say("failed: no such scenario")
            _exit(1)
        }
        say("done \(steps.count)")
        _exit(0)
    } catch {
        say("failed: \(error)")
        _exit(1)
    }
}

/// Does a line's work once, in a segment of its own, before children do it: the language's runtime builds its tables
/// of types when they are first used, and a child that found them built is killed three times sooner.
func rehearse(_ words: [Substring]) throws {
    guard words.count > 3, let scenario = CrashScenario.named(String(words[3])) else { return }
    let segment = try Segment.createUnnamed(label: "rehearsal", options: scenario.options)
    try scenario.prepare(segment)
    try operate(segment, scenario, Steps(last: 0))
    _ = try Segment.open(name: String(words[1]))
}

/// Stops this process, for whoever traces it.
func mark() { raise(SIGSTOP) }

func trace(_ name: String, _ scenarioName: String) throws {
    guard let scenario = CrashScenario.named(scenarioName) else { fatalError("no such scenario") }
    try rehearse(["trace", Substring(name), "0", Substring(scenarioName)])
    let segment = try Segment.open(name: name)
    mark()
    try scenario.operate(on: segment)
    mark()
}

func hold(_ name: String) throws(SegmentError) {
    let segment = try Segment.open(name: name)
    let me = try segment.join(name: "holder")
    try segment.withLock(as: me) { _ in
        say("held \(me.key.slot) \(me.key.generation)")
        _ = readLine()
    }
    say("released")
}

func wait(_ name: String) throws(SegmentError) {
    let segment = try Segment.open(name: name)
    let me = try segment.join(name: "waiter")
    say("waits \(me.key.slot) \(me.key.generation)")
    let flag = try segment.withLock(as: me, timeout: .seconds(3600), when: { $0.flag != 0 }) {
        (locked) throws(SegmentError) in locked.flag
    }
    say(flag == nil ? "late" : "woken")
}

/// Does all kinds of operations where the file system has not a page left.
///
/// - Returns: how many went well, and how many were refused for want of a page.
func change(_ segment: Segment, rounds: Int) throws(SegmentError) -> (done: Int, refused: Int) {
    var (done, refused) = (0, 0)
    var offsets: [Int] = []
    func attempt(_ body: () throws(SegmentError) -> Void) throws(SegmentError) {
        do throws(SegmentError) {
            try body()
            done += 1
        } catch {
            guard case .noSpace = error else { throw error }
            refused += 1
        }
    }
    for round in 0..<rounds {
        try attempt { () throws(SegmentError) in
            let size = 1 + round * 7919 % 6000
            offsets.append(try segment.withLock { (locked) throws(SegmentError) in try locked.allocate(sizeBytes: size) })
        }
        try attempt { () throws(SegmentError) in
            _ = try segment.withLock { (locked) throws(SegmentError) in try locked.count() }
        }
        try attempt { () throws(SegmentError) in _ = try segment.join(name: "filler") }
        guard let last = offsets.last else { continue }
        try attempt { () throws(SegmentError) in
            offsets[offsets.count - 1] = try segment.withLock { (locked) throws(SegmentError) in
                try locked.resize(last, to: 1 + round * 104_729 % 9000)
            }
        }
        guard round % 3 == 0 else { continue }
        try attempt { () throws(SegmentError) in
            let first = offsets[0]
            try segment.withLock { (locked) throws(SegmentError) in try locked.free(first) }
            offsets.removeFirst()
        }
    }
    return (done, refused)
}

func fill(_ folder: String) throws(SegmentError) {
    let options = SegmentOptions(capacityBytes: 16 << 20, maxParticipants: 200, eventCount: 8192)
    let segment = try Segment.create(name: "s", options: options, folder: FilePath(folder))
    _ = try change(segment, rounds: 5)
    let filler = unsafe open("\(folder)/filler", O_CREAT | O_WRONLY, 0o600)
    let bytes = [UInt8](repeating: 1, count: 4096)
    while unsafe bytes.withUnsafeBytes({ unsafe write(filler, $0.baseAddress, $0.count) }) == bytes.count {}
    let full = try change(segment, rounds: 300)
    // A death with the lock held, recovered while there is no page for the event.
    let child = fork()
    if child == 0 {
        // Right behind taking the lock: the ring may have no page for an operation.
        let steps = Steps(last: 3)
        segment.armSteps(steps.step)
        _ = try? segment.withLock { (locked) throws(SegmentError) in try locked.setText("cut short") }
        _exit(1)
    }
    var status: Int32 = 0
    unsafe waitpid(child, &status, 0)
    try segment.withLock { _ in }
    _ = unsafe unlink("\(folder)/filler")
    close(filler)
    let after = try change(segment, rounds: 50)
    say("\(full.done > 0) \(full.refused > 0) \(status & 0x7f) \(after.done > 0) \(after.refused)")
    _ = readLine()
}

func become(_ uid: String) {
    guard let uid = uid_t(uid), uid != geteuid() else { return }
    precondition(setgid(uid) == 0 && setuid(uid) == 0, "setuid")
}

/// Does what the arguments say.
func obey(_ words: ArraySlice<String>) throws {
    let words = Array(words)
    do throws(SegmentError) {
        switch (words[0], words.count) {
        case ("hold", 2): try hold(words[1])
        case ("wait", 2): try wait(words[1])
        case ("open", 3):
            become(words[2])
            let segment = try Segment.open(name: words[1])
            try segment.withLock { (locked) throws(SegmentError) in _ = try locked.count() }
            say("opened")
        case ("fill", 2): try fill(words[1])
        case ("create", 4...):
            become(words[2])
            let options = SegmentOptions(capacityBytes: 4096, mode: UInt32(words[3], radix: 8) ?? 0o600)
            let folder = words.count > 4 ? FilePath(words[4]) : Segment.folder
            _ = try Segment.create(name: words[1], options: options, folder: folder)
            say("created")
        default: fatalError("not a command: \(words)")
        }
    } catch {
        say("\(error)")
    }
}

if CommandLine.arguments.count == 4, CommandLine.arguments[1] == "trace" {
    try trace(CommandLine.arguments[2], CommandLine.arguments[3])
    exit(0)
}
if CommandLine.arguments.count > 1 {
    try obey(CommandLine.arguments.dropFirst())
    exit(0)
}

var isRehearsed = false
while let line = readLine() {
    let words = line.split(separator: " ", maxSplits: 3)
    guard words.count >= 3 else { fatalError("not a command: \(line)") }
    if !isRehearsed {
        try rehearse(words)
        isRehearsed = true
    }
    let child = fork()
    precondition(child >= 0, "fork")
    if child == 0 { work(words) }
    var status: Int32 = 0
    unsafe waitpid(child, &status, 0)
    // The child answered for itself unless it was killed: the low seven bits are the signal.
    if status & 0x7f == SIGKILL {
        say("killed")
    } else if status & 0x7f != 0 {
        say("failed: signal \(status & 0x7f)")
    }
}

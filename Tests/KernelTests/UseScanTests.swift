import Glibc
import Observations
import TestSupport
import Testing

@testable import Kernel

/// Processes that sleep between two scans are not visited again: what they use, and what that is called, is right all the same.
@Suite struct UseScanTests {
    private let proc = ProcFS()
    private let name = Unique.name("use")

    /// What a scan is told that comes after another.
    private func context(after before: UseScan?) throws -> ProcFS.UseContext {
        var context = ProcFS.UseContext()
        context.before = before
        for mount in try proc.mounts().elements { context.mounts.devices[mount.id] = mount.device }
        context.mounts.shared = [try SharedFolder().device()]
        for file in try SharedFolder().inventory().files.elements { context.listed[file.file.key] = file.name }
        return context
    }

    private func scan(_ child: ChildProcess, after before: UseScan? = nil) throws -> UseScan {
        proc.useScan(of: BoundedList([child.pid]), try context(after: before))
    }

    /// Scans until the child has gone to sleep and is therefore not visited by the next scan.
    private func settled(_ child: ChildProcess, where isSo: (UseScan) -> Bool) async throws -> UseScan {
        for _ in 0..<500 {
            let found = try scan(child)
            if isSo(found), try scan(child, after: found).renewed == [child.pid] { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the child did not do what it was told within five seconds")
        return UseScan()
    }

    private func holding(_ scan: UseScan, _ object: SharedObject) -> HeldObject? {
        let source = try? DescriptorSource.open(.descriptor(pid: getpid(), number: object.descriptor))
        return source.flatMap { scan.holders.objects[$0.file.key] }
    }

    @Test func `who sleeps is not visited again, and holds what it held`() async throws {
        let object = SharedObject(named: name, bytes: 4_096)
        let child = ChildProcess(script: "exec 9<>/dev/shm/\(name); read a; exec 9<&-; read b")
        let first = try await settled(child) { holding($0, object) != nil }
        #expect(first.renewed.isEmpty && holding(first, object)?.file?.sizeBytes == 4_096)
        let second = try scan(child, after: first)
        let held = try #require(holding(second, object))
        #expect(second.renewed == [child.pid] && held.holders == [Holder(pid: child.pid, number: 9)])
        // What it is now is asked by who shows it: another may have changed it.
        #expect(held.file == nil && !held.isDeleted)
        #expect(second.holders.processCount == 1 && second.mappers.processCount == 1 && second.mappers.hidden.isEmpty)

        child.tell("let go")
        let third = try await settled(child) { holding($0, object) == nil }
        // The same, told as what came after the second.
        #expect(holding(third, object) == nil)
        let fourth = try scan(child, after: second)
        #expect(fourth.renewed.isEmpty && holding(fourth, object) == nil)
    }

    @Test func `an object that lost its name, or got another, has not the old one`() async throws {
        let object = SharedObject(named: name, bytes: 4_096)
        let child = ChildProcess(script: "exec 9<>/dev/shm/\(name); read a")
        let first = try await settled(child) { holding($0, object) != nil }
        let other = Unique.name("other")
        #expect(unsafe rename("/dev/shm/" + name, "/dev/shm/" + other) == 0)
        let renamed = try scan(child, after: first)
        #expect(renamed.renewed.isEmpty && holding(renamed, object)?.name.text == "/dev/shm/" + other)
        #expect(unsafe unlink("/dev/shm/" + other) == 0)
        let deleted = try scan(child, after: renamed)
        #expect(deleted.renewed.isEmpty && holding(deleted, object)?.isDeleted == true)
        // It has no name to lose any more.
        let still = try scan(child, after: deleted)
        #expect(still.renewed == [child.pid] && holding(still, object)?.isDeleted == true)
    }

    @Test func `a mapped file that was renamed is asked for anew`() async throws {
        let folder = TemporaryFolder()
        folder.write("bytes", to: "file")
        let python = "/usr/bin/python3"
        let code = "import mmap,os,sys; f=os.open(sys.argv[1],os.O_RDWR); m=mmap.mmap(f,5); sys.stdin.readline()"
        let child = ChildProcess(script: "exec \(python) -c '\(code)' \(folder.path)/file")
        let path = folder.path + "/file"
        func mapped(_ scan: UseScan) -> MappedObject? { scan.mappers.objects.values.first { $0.name.text.hasPrefix(path) } }
        let first = try await settled(child) { mapped($0) != nil }
        #expect(try scan(child, after: first).renewed == [child.pid])
        #expect(unsafe rename(path, path + "2") == 0)
        let renamed = try scan(child, after: first)
        #expect(renamed.renewed.isEmpty && mapped(renamed)?.name.text == path + "2")
    }

    @Test func `who has a file open has it open by whatever name, as soon as somebody maps it`() async throws {
        let folder = TemporaryFolder()
        folder.write("bytes", to: "file")
        let path = folder.path + "/file"
        let child = ChildProcess(script: "exec 9<\(path); read a")
        // Its descriptors tell whether the shell has opened it.
        let first = try await settled(child) { _ in
            (try? proc.target(of: proc.path(child.pid, "fd").appending(9))) == Array(path.utf8)
        }
        #expect(unsafe rename(path, path + "2") == 0)
        let descriptor = unsafe open(path + "2", O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        let address = unsafe mmap(nil, 5, PROT_READ, MAP_SHARED, descriptor, 0)
        defer { _ = unsafe munmap(address, 5) }
        var before = first
        for _ in 0..<3 {
            let both = proc.useScan(of: BoundedList([child.pid, getpid()].sorted()), try context(after: before))
            let held = try #require(both.holders.objects.values.first { $0.name.text == path + "2" })
            #expect(both.renewed == [child.pid] && held.holders.map(\.pid) == [child.pid, getpid()].sorted())
            before = both
        }
        // On a mount that is not known it may be any file with its inode number.
        let unknown = proc.useScan(of: BoundedList([child.pid]))
        let inode = try #require(before.mappers.objects.values.first { $0.name.text == path + "2" }).key.inode
        #expect(unknown.holders.unplacedInodes.contains(inode))
    }

    /// Python, with threads that wait, and maybe one that runs.
    private func threaded(_ count: Int, spinning: Bool = false) -> ChildProcess {
        let more = spinning ? "threading.Thread(target=spin,daemon=True).start()" : "pass"
        let code = """
            import sys,threading
            def spin():
                while True: pass
            gate=threading.Event()
            for _ in range(\(count)): threading.Thread(target=gate.wait,daemon=True).start()
            \(more)
            sys.stdin.readline()
            threading.Thread(target=gate.wait,daemon=True).start()
            sys.stdin.readline()
            """
        return ChildProcess(script: "exec /usr/bin/python3 -c '\(code)'")
    }

    private func threadCount(_ child: ChildProcess) -> Int { ((try? proc.process(child.pid)) ?? nil)?.threadCount ?? 0 }

    @Test func `of several threads all must sleep, and one more is noticed`() async throws {
        let child = threaded(3)
        let first = try await settled(child) { _ in threadCount(child) == 4 }
        #expect(try scan(child, after: first).renewed == [child.pid])
        child.tell("one more")
        _ = try await settled(child) { _ in threadCount(child) == 5 }
        #expect(try scan(child, after: first).renewed.isEmpty)
    }

    @Test func `who has a thread that runs, or many, is visited each time`() async throws {
        for (child, count) in [(threaded(2, spinning: true), 4), (threaded(9), 10)] {
            for _ in 0..<1_000 where threadCount(child) < count { try await Task.sleep(for: .milliseconds(10)) }
            #expect(threadCount(child) == count)
            for _ in 0..<20 {
                let first = try scan(child)
                #expect(try scan(child, after: first).renewed.isEmpty)
            }
        }
    }

    @Test func `what is not renewed within the limits is counted as what is visited`() async throws {
        let object = SharedObject(named: name, bytes: 4_096)
        let child = ChildProcess(script: "exec 9<>/dev/shm/\(name); read a")
        let first = try await settled(child) { holding($0, object) != nil }
        var limits = ProcFS.UseLimits()
        limits.descriptorsInAll = 1
        let cut = proc.useScan(of: BoundedList([child.pid]), try context(after: first), limits: limits)
        #expect(cut.renewed.isEmpty && cut.holders.hidden.map(\.what) == ["descriptors"])
        limits = ProcFS.UseLimits()
        limits.nameBytes = 3
        let nameless = proc.useScan(of: BoundedList([child.pid]), try context(after: nil), limits: limits)
        #expect(nameless.holders.objects.isEmpty && nameless.holders.hidden.map(\.what) == ["descriptors"])
    }

    @Test func `a second look is at those who ran, or are new, and tells what they use`() async throws {
        let child = ChildProcess(script: "read a; exec 9<>/dev/shm/\(name); read b")
        _ = try await settled(child) { _ in true }
        makeObject(name, bytes: [1])
        defer { removeObject(name) }
        let key = try DescriptorSource.open(.sharedFile(ByteString(Array(name.utf8)))).file.key
        let everybody = try proc.useScan(try context(after: nil))
        #expect(everybody.holders.objects[key] == nil && everybody.mappers.objects[key] == nil)
        #expect(try proc.usesSince(everybody, try context(after: nil).mounts)?.mayUse(key) != true)
        child.tell("take it")
        _ = try await settled(child) { $0.holders.objects[key] != nil }
        // Who may not look at all processes may come upon one that is new, and refuses.
        let later = try proc.usesSince(everybody, try context(after: nil).mounts)
        #expect(later?.mayUse(key) == true || (later == nil && geteuid() != 0))
    }

    @Test func `who runs is visited each time, also beside who sleeps`() async throws {
        let child = ChildProcess()
        let sleeping = try await settled(child) { _ in true }
        let both = BoundedList([child.pid, getpid()].sorted())
        var context = try context(after: sleeping)
        let first = proc.useScan(of: both, context)
        #expect(first.renewed == [child.pid])
        context.before = first
        #expect(proc.useScan(of: both, context).renewed == [child.pid])
    }

    @Test func `a process that ended is gone`() async throws {
        let object = SharedObject(named: name, bytes: 4_096)
        let child = ChildProcess(script: "exec 9<>/dev/shm/\(name); read a")
        let first = try await settled(child) { holding($0, object) != nil }
        child.killUnreaped()
        let dead = try scan(child, after: first)
        #expect(dead.renewed.isEmpty && holding(dead, object) == nil)
    }
}

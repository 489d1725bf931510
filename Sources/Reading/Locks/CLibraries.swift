import ForeignFormats
import Kernel
import Synchronization

/// The C libraries of processes, each asked once in a look. May be used by several threads at a time.
final class CLibraries: Sendable {
    private struct State {
        var libraries: [Int32: CLibrary] = [:]
        var musl: [Int32: Bool] = [:]
    }

    private let proc: ProcFS
    private let state = Mutex(State())

    init(_ proc: ProcFS) { self.proc = proc }

    /// Which layout a process's conditions have; nil where its C library does not tell.
    func layout(of pid: Int32) -> GlibcCondition.Layout? {
        let library = state.withLock { $0.libraries[pid] } ?? proc.cLibrary(of: pid)
        state.withLock { $0.libraries[pid] = library }
        guard case .glibc(let major, let minor) = library else { return nil }
        // Commit c36fc50781, of January 2025.
        return (major, minor) >= (2, 41) ? .withoutReferences : .countingReferences
    }

    func usesMusl(_ pid: Int32) -> Bool {
        let answer = state.withLock { $0.musl[pid] } ?? proc.usesMusl(pid)
        state.withLock { $0.musl[pid] = answer }
        return answer
    }
}

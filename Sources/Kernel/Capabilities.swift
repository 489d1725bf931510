import Observations
import SystemPackage

/// The capabilities that a process can use now; capabilities(7).
public struct Capabilities: Sendable, Hashable {
    private let mask: UInt64

    /// - Parameter mask: bit n is the capability of number n (linux/capability.h).
    public init(mask: UInt64) { self.mask = mask }

    private static let numbers = [
        "CAP_DAC_READ_SEARCH": 2, "CAP_FOWNER": 3, "CAP_IPC_OWNER": 15, "CAP_SYS_PTRACE": 19, "CAP_CHECKPOINT_RESTORE": 40,
    ]

    /// Whether all that is needed is there: `CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH`; false of what is no capability.
    public func cover(_ needs: String) -> Bool {
        needs.split(separator: " ").filter { $0 != "and" }.allSatisfy { name in
            Self.numbers[String(name)].map { mask >> UInt64($0) & 1 == 1 } ?? false
        }
    }
}

extension ProcFS {
    /// What this process may do now; nothing where `/proc` will not tell.
    public func capabilities() -> Capabilities {
        guard let contents = try? FileContents(root.appending("self").appending("status"), bytesMax: Limit.statusBytes) else {
            return Capabilities(mask: 0)
        }
        for line in contents.bytes.split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: { $0 == "\t" || $0 == " " })
            guard words.count == 2, words[0] == "CapEff:" else { continue }
            return Capabilities(mask: UInt64(words[1], radix: 16) ?? 0)
        }
        return Capabilities(mask: 0)
    }
}

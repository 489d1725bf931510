public import Diagnostics
public import Kernel
public import Observations

extension DescriptorSource {
    /// Reads again what was read.
    ///
    /// - Parameter isCut: the object ended before what was asked for.
    public func proof(_ watch: ChangeWatch, isCut: Bool) -> ReadingProof {
        let changed: [Range<Int>]? = try? watch.changed(in: self)
        let after = (try? currentFile().allocatedBytes) ?? file.allocatedBytes
        return ReadingProof(
            changed: changed, allocatedBefore: file.allocatedBytes, allocatedAfter: after, atimeMoved: !leavesAccessTime,
            isCut: isCut)
    }
}

import Diagnostics
import Kernel
import Observations
import Reading

extension Lens {
    /// An object of /dev/shm, open to be read.
    func source(ofNamed name: String) throws -> DescriptorSource {
        try object(.posix(ByteString(Array(name.utf8)))).source
    }
}

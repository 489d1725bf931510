// Hex dumps beside the programs that they copy, in one run: GB of input a second, and the ratio of the two.
//
//     swift run --package-path Benchmarks -c release hexdump-benchmark [FILE]
//
// The programs read FILE and write to /dev/null. The formatter does the same in this process (as a server would,
// without the start of a process), and once more from memory, into an array that is used again and again.
// Without FILE: 64 MiB of pseudorandom bytes. Rounds alternate; the median counts.

import Encoding
import Glibc

let chunkSize = 1 << 16
let roundCount = 7
let generatedSize = 64 << 20

guard let file = CommandLine.arguments.dropFirst().first ?? generate() else {
    print("no file could be made in /dev/shm")
    exit(1)
}
for style in HexDump.Style.allCases { report(style) }
if CommandLine.arguments.count < 2 { unsafe unlink(file) }

func report(_ style: HexDump.Style) {
    let tool = style == .xxd ? "/usr/bin/xxd" : "/usr/bin/hexdump -C"
    let chunk = chunks(of: file, 1).first ?? []
    var tools: [Double] = []
    var files: [Double] = []
    var memories: [Double] = []
    for _ in 0..<roundCount {
        var size = 0
        let toolSeconds = seconds { _ = unsafe system("\(tool) \(file) > /dev/null") }
        let fileSeconds = seconds { size = dumpFile(style) }
        tools.append(Double(size) / toolSeconds / 1e9)
        files.append(Double(size) / fileSeconds / 1e9)
        memories.append(Double(size) / seconds { dumpMemory(style, chunk, times: size / chunk.count) } / 1e9)
    }
    print("\(tool): \(rounded(median(tools))) GB/s")
    let ratios = zip(files, tools).map { $0 / $1 }
    print("  file to /dev/null: \(rounded(median(files))) GB/s, \(rounded(median(ratios))) times as fast")
    print("  in memory: \(rounded(median(memories))) GB/s")
}

/// Reads, formats and writes the whole file, and returns its size.
func dumpFile(_ style: HexDump.Style) -> Int {
    var formatter = HexDump(style: style, offset: 0)
    var output: [UInt8] = []
    output.reserveCapacity(HexDump.outputMaximum(forInput: chunkSize))
    var size = 0
    let null = unsafe open("/dev/null", O_WRONLY)
    forEachChunk(of: file) { chunk in
        size += chunk.count
        output.removeAll(keepingCapacity: true)
        formatter.append(chunk.span, to: &output)
        _ = unsafe output.withUnsafeBytes { unsafe write(null, $0.baseAddress, $0.count) }
        return true
    }
    formatter.finish(to: &output)
    close(null)
    return size
}

func dumpMemory(_ style: HexDump.Style, _ chunk: [UInt8], times: Int) {
    var formatter = HexDump(style: style, offset: 0)
    var output: [UInt8] = []
    output.reserveCapacity(HexDump.outputMaximum(forInput: chunkSize))
    for _ in 0..<times {
        output.removeAll(keepingCapacity: true)
        formatter.append(chunk, to: &output)
    }
}

func chunks(of file: String, _ count: Int) -> [[UInt8]] {
    var chunks: [[UInt8]] = []
    forEachChunk(of: file) { chunk in
        chunks.append(Array(chunk))
        return chunks.count < count
    }
    return chunks
}

/// Calls `body` with each chunk of the file until it returns false.
func forEachChunk(of file: String, _ body: (ArraySlice<UInt8>) -> Bool) {
    let descriptor = unsafe open(file, O_RDONLY)
    var buffer = [UInt8](repeating: 0, count: chunkSize)
    while true {
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
        guard count > 0, body(buffer[..<count]) else { break }
    }
    close(descriptor)
}

/// Makes a file of pseudorandom bytes (xorshift64) in memory, and returns its path.
func generate() -> String? {
    let path = "/dev/shm/hexdump-benchmark-\(getpid())"
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
    guard descriptor >= 0 else { return nil }
    var state: UInt64 = 88_172_645_463_325_252
    var words = [UInt64](repeating: 0, count: chunkSize / 8)
    for _ in 0..<(generatedSize / chunkSize) {
        for index in words.indices {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            words[index] = state
        }
        let written = unsafe words.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        guard written == chunkSize else { return nil }
    }
    close(descriptor)
    return path
}

func seconds(_ body: () -> Void) -> Double {
    ContinuousClock().measure(body) / .seconds(1)
}

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

package import Observations

extension TaskFacts {
    /// Parses `/proc/PID/stat`; proc_pid_stat(5). Nil where it is not like that. Any bytes may be given.
    ///
    /// The name is whatever the program calls itself, also `a) R 1 (b`: it ends at the *last* `)`, since nothing
    /// after it is but numbers and one letter.
    package init?(stat bytes: [UInt8]) {
        let text = bytes.span
        var position = 0
        guard let id = takeDecimal(text, &position).flatMap({ Int32(exactly: $0) }),
            take(UInt8(ascii: " "), text, &position), take(UInt8(ascii: "("), text, &position),
            let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")")), nameEnd >= position
        else { return nil }
        let command = ByteString(copy(text, position..<nameEnd))
        position = nameEnd + 1
        guard take(UInt8(ascii: " "), text, &position), position < text.count else { return nil }
        let letter = text[position]
        position += 1

        // What follows the letter is field 4 and on.
        let parentField = 4
        let threadCountField = 20
        let startField = 22
        var parent: Int64 = 0
        var threadCount: Int64 = 0
        for field in parentField..<startField {
            guard take(UInt8(ascii: " "), text, &position), let value = takeSigned(text, &position) else { return nil }
            if field == parentField { parent = value }
            if field == threadCountField { threadCount = value }
        }
        guard take(UInt8(ascii: " "), text, &position), let start = takeDecimal(text, &position),
            position == text.count || !isDigit(text[position]),
            let parentPID = Int32(exactly: parent), threadCount >= 0
        else { return nil }
        self.init(
            id: id, command: command, state: ThreadState(letter: letter), parentPID: parentPID,
            threadCount: Int(threadCount), startTicks: start)
        if take(UInt8(ascii: " "), text, &position), let size = takeDecimal(text, &position) { virtualBytes = Int(clamping: size) }
    }
}

extension ProcessStatus {
    /// Takes what one line of `/proc/PID/status` says; proc_pid_status(5). Lines of other fields and lines that
    /// are not like that change nothing.
    package mutating func take(line text: Span<UInt8>) {
        var position = 0
        let key = takeUntil(UInt8(ascii: ":"), text, &position)
        guard Kernel.take(UInt8(ascii: ":"), text, &position) else { return }
        if equals(text, key, "Name") {
            _ = Kernel.take(UInt8(ascii: "\t"), text, &position)
            command = ByteString(Self.unescaped(copy(text, position..<text.count)))
        } else if equals(text, key, "Tgid") {
            let ids: [Int32] = Self.numbers(text, position, limit: 1)
            threadGroup = ids.first
        } else if equals(text, key, "Uid") {
            uids = Self.numbers(text, position, limit: Self.idsPerLine)
        } else if equals(text, key, "Gid") {
            gids = Self.numbers(text, position, limit: Self.idsPerLine)
        } else if equals(text, key, "NSpid") {
            namespacePIDs = Self.numbers(text, position, limit: ProcFS.Limit.namespaceLevels + 1)
        } else if equals(text, key, "VmLck") {
            skipBlanks(text, &position)
            guard let kibibytes = takeDecimal(text, &position) else { return }
            let (bytes, overflow) = kibibytes.multipliedReportingOverflow(by: 1_024)
            lockedBytes = overflow ? .max : Int(clamping: bytes)
        }
    }

    /// Real, effective, saved, file system.
    private static let idsPerLine = 4

    private static func numbers<Number: FixedWidthInteger>(
        _ text: Span<UInt8>, _ start: Int, limit: Int
    ) -> [Number] {
        var numbers: [Number] = []
        var position = start
        skipBlanks(text, &position)
        while numbers.count < limit, let value = takeDecimal(text, &position), let number = Number(exactly: value) {
            numbers.append(number)
            skipBlanks(text, &position)
        }
        return numbers
    }

    /// status writes a newline in a name as `\n` and a backslash as two.
    private static func unescaped(_ bytes: [UInt8]) -> [UInt8] {
        var plain: [UInt8] = []
        plain.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0
            switch (bytes[index], next) {
            case (UInt8(ascii: "\\"), UInt8(ascii: "n")):
                plain.append(UInt8(ascii: "\n"))
                index += 2
            case (UInt8(ascii: "\\"), UInt8(ascii: "\\")):
                plain.append(UInt8(ascii: "\\"))
                index += 2
            default:
                plain.append(bytes[index])
                index += 1
            }
        }
        return plain
    }
}

private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

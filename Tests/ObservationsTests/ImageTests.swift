import Observations
import Testing

@Suite struct ImageTests {
    let image = Image(bytes: Array(0..<16), offset: 100)

    @Test func `a word is little-endian and counted from the object's first byte`() {
        #expect(image.word(at: 100) == 0x0706_0504_0302_0100)
        #expect(image.halfWord(at: 101) == 0x0403_0201)
    }

    @Test(arguments: [99, 109, 116, -1, Int.min, Int.max])
    func `a word that the image does not hold whole is nil`(position: Int) {
        #expect(image.word(at: position) == nil)
    }

    @Test func `any count may be asked, also a senseless one`() {
        #expect(!image.contains(100, count: -1))
        #expect(!image.contains(100, count: .max))
        #expect(image.contains(116, count: 0))
        #expect(!image.contains(117, count: 0))
    }
}

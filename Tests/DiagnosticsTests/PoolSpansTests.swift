import Diagnostics
import Testing

@Suite struct Placeholder {}

/// Objects by what names them on this host, in the order in which they were added.
///
/// A dictionary of large values moves all of them each time it grows; here only their indices move.
@frozen
public struct ObjectTable<Object> {
    @usableFromInline var elements: [Object] = []
    @usableFromInline var indices: [ObjectKey: Int] = [:]

    @inlinable
    public init() {}

    /// All objects. O(1).
    @inlinable
    public var values: [Object] { elements }

    @inlinable
    public var count: Int { elements.count }

    @inlinable
    public var isEmpty: Bool { elements.isEmpty }

    @inlinable
    public mutating func reserveCapacity(_ count: Int) {
        elements.reserveCapacity(count)
        indices.reserveCapacity(count)
    }

    /// The object of a key. What was put in stays: setting nil does nothing.
    @inlinable
    public subscript(key: ObjectKey) -> Object? {
        get { indices[key].map { elements[$0] } }
        set {
            guard let newValue else { return }
            update(key, { newValue }) { $0 = newValue }
        }
    }

    /// Adds an object, or changes the one that is there. O(1).
    @inlinable
    public mutating func update(_ key: ObjectKey, _ make: () -> Object, _ change: (inout Object) -> Void) {
        if let index = indices[key] {
            change(&elements[index])
        } else {
            indices[key] = elements.count
            elements.append(make())
        }
    }
}

extension ObjectTable: Sendable where Object: Sendable {}

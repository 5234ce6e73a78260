/// The globals of JavaScript, of browsers and of Node that a program has looked for in vain.
///
/// To look is nothing to be told: programs find out in this way where they run. To use what is not there is.
struct MissingGlobals {
    /// Globals that programs expect; of these the user is told what is missing, and of other names nothing, which are
    /// the program's own.
    private static let known: Set = [
        // The language.
        "Atomics", "BigInt", "BigInt64Array", "BigUint64Array", "FinalizationRegistry", "Function", "Intl", "Iterator",
        "Proxy", "RegExp", "SharedArrayBuffer", "WeakMap", "WeakRef", "WeakSet", "eval",
        // Browsers and Node.
        "Blob", "BroadcastChannel", "CompressionStream", "CustomEvent", "DecompressionStream", "Event", "EventSource",
        "EventTarget", "File", "FormData", "MessageChannel", "ReadableStream", "Request", "TransformStream", "URL",
        "URLSearchParams", "WebAssembly", "WebSocket", "WritableStream", "navigator",
        // Browsers.
        "Audio", "CSS", "DOMParser", "Element", "FileReader", "HTMLElement", "Image", "IntersectionObserver",
        "MutationObserver", "Node", "Notification", "ResizeObserver", "SharedWorker", "Worker", "XMLHttpRequest",
        "alert",
        "cancelAnimationFrame", "caches", "confirm", "customElements", "document", "getComputedStyle", "history",
        "importScripts", "indexedDB", "localStorage", "location", "matchMedia", "parent", "postMessage", "prompt",
        "requestAnimationFrame", "requestIdleCallback", "screen", "self", "sessionStorage", "top", "window",
        // Node.
        "Buffer", "__dirname", "__filename", "global", "module", "require",
    ]

    /// The one that was looked for last.
    private var last: String?
    /// Those that the user has been told.
    private var told: Set<String> = []

    /// Notes that a property of the global object was read and is not there.
    mutating func note(_ name: String) { last = Self.known.contains(name) ? name : nil }

    /// The name that the user is to be told now; nil if there is none, or it was told before.
    mutating func takeForHint() -> String? {
        guard let name = last, told.insert(name).inserted else { return nil }
        return name
    }
}

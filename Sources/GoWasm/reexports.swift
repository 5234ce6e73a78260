@_exported import WasmFrontend
@_exported import WasmRuntime

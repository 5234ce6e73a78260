@_exported public import HostSystem
@_exported public import WASI
@_exported import WasmFrontend
@_exported import WasmRuntime

@_exported public import HostSystem
@_exported import WasmFrontend
@_exported import WasmRuntime

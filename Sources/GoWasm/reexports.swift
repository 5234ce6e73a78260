@_exported public import HostSystem
@_exported public import WasmFrontend
@_exported public import WasmRuntime

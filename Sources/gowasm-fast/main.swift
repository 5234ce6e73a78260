import GoWasmCLI

GoWasmFast.launch()

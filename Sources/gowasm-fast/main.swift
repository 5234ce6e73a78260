import ArgumentParser
import GoWasmCLI

GoWasmFast.main()

// The system's C library under one name, and whatever else depends on which system it is: nowhere else in Sources is
// asked for it (Tests/Tools/lint_functions.py looks). `import LibC` is all that a file needs of it.

#if canImport(Glibc)
    @_exported public import Glibc
#elseif canImport(Musl)
    @_exported public import Musl
#else
    @_exported public import Darwin
#endif

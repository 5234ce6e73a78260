#!/usr/bin/env bash
# Checks the C sources: no warnings of the compiler (one is that a function which no header declares is not static), lines
# of at most 120 columns, no tabs or blanks at the end of a line.
#
# usage: lint_c.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

# The compiler that SwiftPM uses for C lies beside swift.
clang=$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")/clang
flags=(-std=gnu17 -Wall -Wextra -Wstrict-prototypes -Wmissing-prototypes -Werror
    -ICSupport/include -ICSupport/Loop -ICSupport/Vectors -ICSupport/Native -ISources/CHostSystem/include
    -ITests/_NativeTestSupport/include -ITests/Images/Format/include)
read -ra ffi <<<"$(pkg-config --cflags libffi)"
failed=0
for file in CSupport/*/*.c CSupport/*/*/*.c Sources/CHostSystem/*.c Tests/_NativeTestSupport/*.c Tests/Images/*/*.c; do
    "$clang" -fsyntax-only "${flags[@]}" ${ffi[@]+"${ffi[@]}"} "$file" || failed=1
done
if grep -rnP --include='*.'{c,h,inc,def} '^.{121,}|\t| $' CSupport Sources/CHostSystem Tests/_NativeTestSupport Tests/Images; then
    echo "These lines are longer than 120 columns, or have tabs or blanks at their end." >&2
    failed=1
fi
exit $failed

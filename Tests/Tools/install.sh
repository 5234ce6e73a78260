#!/usr/bin/env bash
# Installs a built program below a folder, with all that belongs to it, or removes what was installed.
#
# usage: install.sh PROGRAM FOLDER
#        install.sh --remove FOLDER
#
# FOLDER is such as /usr/local. The program is stripped of what only debuggers read. MANUAL_TOOL is the path of
# swift-argument-parser's generate-manual, PARSER that of its sources; SOURCE_DATE_EPOCH is the date of the manual.
# ZSH_FOLDER is where zsh looks for completions, below FOLDER.
set -euo pipefail
umask 022

root=$(cd "$(dirname "$0")/../.." && pwd)
name=gowasm-fast
zsh_folder=${ZSH_FOLDER:-share/zsh/site-functions}
# The names that the go command looks for.
links=(go_js_wasm_exec go_wasip1_wasm_exec)
documents=share/doc/$name
files=("bin/$name" "share/man/man1/$name.1" "share/bash-completion/completions/$name" "$zsh_folder/_$name"
    "share/fish/vendor_completions.d/$name.fish" "$documents/copyright" "$documents/changelog.md")
for link in "${links[@]}"; do files+=("bin/$link" "share/man/man1/$link.1"); done

if [[ $1 == --remove ]]; then
    for file in "${files[@]}"; do rm -f "$2/$file"; done
    if [[ -d $2/$documents ]]; then rmdir "$2/$documents"; fi
    exit 0
fi

program=$1
folder=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# All is made before anything is installed.
strip -o "$work/$name" "$program"
for shell in bash zsh fish; do "$program" --generate-completion-script $shell >"$work/completion.$shell"; done
# GNU's date and BSD's say the day of a number of seconds in different ways.
seconds=${SOURCE_DATE_EPOCH:-$(date +%s)}
day=$(date -u -d "@$seconds" +%F 2>/dev/null || date -u -r "$seconds" +%F)
# The tool starts the program, by a whole path.
TZ=UTC "$MANUAL_TOOL" "$(cd "$(dirname "$program")" && pwd)/$(basename "$program")" --date "$day" \
    --output-directory "$work"
# The tool leaves empty lines between paragraphs, which readers of manuals complain of.
sed -i.before 's/^$/.Pp/' "$work/$name.1"
{
    cat "$root/LICENSE"
    for part in "swift-argument-parser:$PARSER/LICENSE.txt" "libffi:/usr/share/doc/libffi-dev/copyright" \
        "zlib:/usr/share/doc/zlib1g-dev/copyright"; do
        [[ -f ${part#*:} ]] || continue
        printf '\n%s\nParts of %s are in the program. Its licence:\n\n' "$(printf '=%.0s' {1..72})" "${part%%:*}"
        cat "${part#*:}"
    done
    printf '\n%s\n' "$(printf '=%.0s' {1..72})"
    echo "The runtime and libraries of Swift may be in the program, too, under the Apache License 2.0 with its Runtime"
    echo "Library Exception, and libstdc++, under the GPL with the GCC Runtime Library Exception."
} >"$work/copyright"

place() { # mode, source, place below the folder
    mkdir -p "$folder/$(dirname "$3")"
    install -m "$1" "$2" "$folder/$3"
}
place 755 "$work/$name" bin/$name
place 644 "$work/$name.1" share/man/man1/$name.1
for link in "${links[@]}"; do
    ln -sfn $name "$folder/bin/$link"
    ln -sfn $name.1 "$folder/share/man/man1/$link.1"
done
place 644 "$work/completion.bash" share/bash-completion/completions/$name
place 644 "$work/completion.zsh" "$zsh_folder/_$name"
place 644 "$work/completion.fish" share/fish/vendor_completions.d/$name.fish
place 644 "$work/copyright" $documents/copyright
place 644 "$root/CHANGELOG.md" $documents/changelog.md
for file in "${files[@]}"; do
    [[ -e $folder/$file ]] || { echo "$folder/$file was not installed." >&2; exit 1; }
done

# What DevStack's inc/ini-config does for the plugin, as its documentation says it.
# shellcheck shell=bash

# _ini FILE SECTION OPTION: the lines of an option, with their numbers
function _ini {
    awk -v section="[$2]" -v option="$3" '
        /^\[/ { inside = ($0 == section) }
        inside && $0 ~ "^" option "[ \t]*=" { print NR ":" $0 }
    ' "$1"
}

# iniget FILE SECTION OPTION
function iniget {
    local line
    line=$(_ini "$1" "$2" "$3")
    # Words are printed with one blank between two.
    # shellcheck disable=SC2086
    echo ${line#*=}
}

# iniset FILE SECTION OPTION VALUE: a new option is the first one of its section
function iniset {
    local line
    if ! grep -qxF "[$2]" "$1" 2>/dev/null; then
        printf '\n[%s]\n' "$2" >> "$1"
    fi
    line=$(_ini "$1" "$2" "$3")
    awk -v section="[$2]" -v text="$3 = $4" -v at="${line%%:*}" '
        NR == at { print text; next }
        { print }
        at == "" && $0 == section { print text }
    ' "$1" > "$1.new"
    mv "$1.new" "$1"
}

# inidelete FILE SECTION OPTION
function inidelete {
    local line
    line=$(_ini "$1" "$2" "$3")
    if [[ -n "$line" ]]; then
        sed -i "${line%%:*}d" "$1"
    fi
}

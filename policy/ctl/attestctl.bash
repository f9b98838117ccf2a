# SPDX-License-Identifier: Apache-2.0
# Completion of attestctl(1) for bash. Words and options are those that the program itself prints, so
# that the two cannot differ. Devices and documents are not asked for: that would call the verifier.

_attestctl()
{
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} program=${COMP_WORDS[0]}
    local words word argument
    COMPREPLY=()

    # The two words of the command, wherever options stand.
    words=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        [[ $word == -* ]] || words+=("$word")
    done

    if [[ ${#words[@]} -lt 2 && $current != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" --help 2>/dev/null |
            awk -v group="${words[0]-}" '/^  [a-z]/ && (group == "" || $1 == group) {
                if (group == "") print $1; else if ($2 ~ /^[a-z]/) print $2 }')" -- "$current")
        # A command of one word takes arguments from here on.
        [[ ${words[0]-} == simulate ]] && compopt -o filenames 2>/dev/null &&
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
    fi
    if [[ ${#words[@]} -lt 1 ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--help --version" -- "$current")
        return
    fi

    # "--name ARGUMENT" lines of the command's own help.
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$("$program" "${words[0]}" ${words[1]+"${words[1]}"} --help 2>/dev/null |
            awk '$1 == "-h," { print $2; next } /^  --/ { print $1 }')" -- "$current")
        return
    fi
    if [[ $previous == --* ]]; then
        argument=$("$program" "${words[0]}" ${words[1]+"${words[1]}"} --help 2>/dev/null |
            awk -v name="$previous" '$1 == name { print $2 }')
        case $previous:$argument in
        --state:*) mapfile -t COMPREPLY < <(compgen -W "expected pending enrolled quarantined revoked
            decommissioned" -- "$current"); return ;;
        --verdict:*) mapfile -t COMPREPLY < <(compgen -W "trusted warning untrusted none" -- "$current")
            return ;;
        --role:*) mapfile -t COMPREPLY < <(compgen -W "viewer operator admin auditor relying-party" \
            -- "$current"); return ;;
        *:DIR) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        *:FILE) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        *:[A-Z]*) return ;;
        esac
    fi
    case ${words[0]}:${words[1]-} in
    reference:from-device) ;;
    simulate:* | inspect:* | *:check | *:put | reference:from-*)
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    esac
}

complete -F _attestctl attestctl

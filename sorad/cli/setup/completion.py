"""`sorad completion SHELL`: prints the function that lets a shell ask `sorad __complete` at each TAB."""

from __future__ import annotations

import argparse
from typing import Any

from sorad.cli.shared.common import OK, say
from sorad.messages import _

# Each asks with the words up to the cursor, takes the first line for what to offer besides, and the others for
# candidates with a tab and a description. `-o filenames` lets bash quote what it inserts, an open quotation
# mark included; fish quotes by itself.
_BASH = r"""
_sorad() {
    local line besides='' IFS=$'\n'
    COMPREPLY=()
    while read -r line; do
        if [[ -z $besides ]]; then
            besides=$line
        else
            COMPREPLY+=("${line%%$'\t'*}")
        fi
    done < <("$1" __complete bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null </dev/null)
    compopt -o nosort 2>/dev/null  # bash 3 of macOS has no compopt
    case $besides in
        files) compopt -o filenames -o default 2>/dev/null ;;
        folders) compopt -o filenames -o dirnames 2>/dev/null ;;
    esac
}
complete -F _sorad sorad
"""
_ZSH = r"""
#compdef sorad
_sorad() {
    local line besides='' value
    local -a values shown
    while IFS= read -r line; do
        if [[ -z $besides ]]; then
            besides=$line
            continue
        fi
        value=${line%%$'\t'*}
        [[ $value == '~'* ]] && continue  # would be quoted; _files knows what it is
        values+=("$value")
        if [[ $line == *$'\t'* ]]; then
            shown+=("$value  -- ${line#*$'\t'}")
        else
            shown+=("$value")
        fi
    done < <("${(Q)words[1]}" __complete zsh "${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)
    local found=1
    if (( $#values )); then
        compadd -l -V sorad -d shown -a values && found=0
    fi
    case $besides in
        files) _files && found=0 ;;
        folders) _files -/ && found=0 ;;
    esac
    return found
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _sorad "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _sorad sorad
fi
"""
_FISH = r"""
function __sorad_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] __complete fish $words[2..-1] "$current" 2>/dev/null </dev/null)
    printf '%s\n' $answer[2..-1]
    switch "$answer[1]"
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current"
    end
end
complete -c sorad -k -f -a '(__sorad_complete)'
"""
SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def add(subparsers: Any, common: list[argparse.ArgumentParser]) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "completion",
        parents=common,
        help=_("complete commands, takes and storyboards with TAB: for bash, zsh and fish"),
        description=_(
            "Prints what your shell needs to complete commands, options, takes, states and storyboards.\n\n"
            "bash: this line at the end of ~/.bashrc\n"
            '  eval "$(sorad completion bash)"\n'
            "zsh: this line at the end of ~/.zshrc\n"
            '  eval "$(sorad completion zsh)"\n'
            "fish: once\n"
            "  sorad completion fish > ~/.config/fish/completions/sorad.fish"
        ),
    )
    parser.add_argument("shell", metavar=_("SHELL"), choices=tuple(SCRIPTS), help="bash, zsh, fish")
    parser.set_defaults(handler=handler)


def handler(args: argparse.Namespace) -> int:
    """Print it."""
    say(SCRIPTS[args.shell].strip())
    return OK

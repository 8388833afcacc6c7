# bash completion for overt-witness(1)                                    -*- shell-script -*-

_overt_witness()
{
    local cur prev words cword
    _init_completion || return

    if ((cword == 1)); then
        COMPREPLY=($(compgen -W 'serve once monitor --help' -- "$cur"))
        return
    fi
    case $prev in
        --key | --state | --policy)
            _filedir
            return
            ;;
        --log | --listen | --witness | --every) return ;;
    esac
    if [[ $cur == -* ]]; then
        case ${words[1]} in
            serve) COMPREPLY=($(compgen -W '--key --state --log --listen --help' -- "$cur")) ;;
            once) COMPREPLY=($(compgen -W '--key --state --log --help' -- "$cur")) ;;
            monitor) COMPREPLY=($(compgen -W '--log --state --policy --witness --every --help' -- "$cur")) ;;
        esac
    else
        _filedir
    fi
} && complete -F _overt_witness overt-witness

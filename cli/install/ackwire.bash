# Completion of `ackwire` for bash: commands, their words, and the options that `--help` lists.
_ackwire() {
  local current=${COMP_WORDS[COMP_CWORD]} words=() word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || words+=("$word")
  done
  local noun=${words[0]-} verb=${words[1]-}
  case $noun in
    "") COMPREPLY=($(compgen -W "serve queue group pub sub peek dlq stats verify compact bench version" -- "$current")); return ;;
    queue) [[ $verb ]] || { COMPREPLY=($(compgen -W "create ls info set pause resume purge rm" -- "$current")); return; } ;;
    group) [[ $verb ]] || { COMPREPLY=($(compgen -W "create ls rm" -- "$current")); return; } ;;
    dlq) [[ $verb ]] || { COMPREPLY=($(compgen -W "ls show redrive discard" -- "$current")); return; } ;;
    serve | verify | compact) [[ $current == -* ]] || { COMPREPLY=($(compgen -d -- "$current")); return; } ;;
  esac
  if [[ $current == -* ]]; then
    local command=("$noun")
    case $noun in queue | group | dlq) command+=("$verb") ;; esac
    COMPREPLY=($(compgen -W "$(ackwire "${command[@]}" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u)" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -F _ackwire ackwire

# Completion of `ackwire` for bash. The command itself knows what fits: commands, options, and names that the broker knows.
_ackwire() {
  local line word rest=:words current=${COMP_WORDS[COMP_CWORD]} words=()
  COMPREPLY=()
  # bash splits words at = and :, the command wants them whole.
  local typed=${COMP_LINE:0:COMP_POINT}
  read -r -a words <<<"$typed"
  [[ $typed == *[[:space:]] ]] && words+=("")
  word=${words[-1]}
  while IFS= read -r line; do
    case $line in
      :*) rest=$line ;;
      *) COMPREPLY+=("${line#"${word%"$current"}"}") ;;
    esac
  done < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
  case $rest in
    :files) compopt -o default 2>/dev/null; COMPREPLY=() ;;
    :directories) compopt -o dirnames 2>/dev/null; COMPREPLY=() ;;
  esac
}
complete -F _ackwire ackwire

// Both scripts do the same: find the command that the words before the cursor name, then offer its commands, options,
// or the values of the option before the cursor. Everything is in tables, so that pressing Tab starts no program.

import type { CompletedCommand, CompletedOption } from "./completion-tree.ts";

export function bashScript(tree: readonly CompletedCommand[]): string {
  return `# bash completion for rusuban; made by: rusuban completion bash
_rusuban() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="" path="" word i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$prev" in
      ${valueOptions(tree)}) prev=""; continue ;;
    esac
    prev="$word"
    case "$path $word" in
      ${paths(tree)}) path="$path $word" ;;
    esac
  done
  local commands="" options=""
  case "$path" in
${tree.map((command) => `    ${quoted(pathKey(command))}) commands=${quoted(offered(command))} options=${quoted(command.options.map(({ word }) => word).join(" "))} ;;`).join("\n")}
  esac
  case "$path:$prev" in
${valueCases(tree, {
  choices: (words) => `COMPREPLY=($(compgen -W ${quoted(words.join(" "))} -- "$cur"))`,
  directory: 'compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur"))',
  any: "",
})}
  esac
  if [[ "$cur" == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "$commands" -- "$cur"))
  fi
}
complete -o default -F _rusuban rusuban`;
}

export function zshScript(tree: readonly CompletedCommand[]): string {
  return `#compdef rusuban
# zsh completion for rusuban; made by: rusuban completion zsh
_rusuban() {
  local cur="\${words[CURRENT]}" prev="" where="" word
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
    case "$prev" in
      ${valueOptions(tree)}) prev=""; continue ;;
    esac
    prev="$word"
    case "$where $word" in
      ${paths(tree)}) where="$where $word" ;;
    esac
  done
  local -a commands options
  case "$where" in
${tree.map((command) => `    ${quoted(pathKey(command))}) commands=(${described(command.commands)}${command.choices.map((word) => ` ${quoted(word)}`).join("")}) options=(${described(command.options)}) ;;`).join("\n")}
  esac
  case "$where:$prev" in
${valueCases(tree, {
  choices: (words) => `compadd -- ${words.map(quoted).join(" ")}`,
  directory: "_files -/",
  any: "_default",
})}
  esac
  if [[ "$cur" == -* ]]; then
    _describe -o option options
  elif (( \${#commands} )); then
    _describe command commands
  else
    _default
  fi
}
if (( \${+functions[compdef]} )); then compdef _rusuban rusuban; fi`;
}

function pathKey({ path }: CompletedCommand): string {
  return path === "" ? "" : ` ${path}`;
}

function offered({ commands, choices }: CompletedCommand): string {
  return [...commands.map(({ word }) => word), ...choices].join(" ");
}

/** `' host'|' host list'`: what continues a path. */
function paths(tree: readonly CompletedCommand[]): string {
  return tree
    .filter(({ path }) => path !== "")
    .map((command) => quoted(pathKey(command)))
    .join("|");
}

/** The options behind which a word is a value, so not a command. */
function valueOptions(tree: readonly CompletedCommand[]): string {
  const words = tree.flatMap(({ options }) => options.filter(({ value }) => value !== "none").map(({ word }) => word));
  return [...new Set(words)].join("|");
}

function valueCases(
  tree: readonly CompletedCommand[],
  reply: { choices: (words: readonly string[]) => string; directory: string; any: string },
): string {
  const replyFor = ({ value, choices }: CompletedOption) =>
    value === "choices" ? reply.choices(choices) : value === "directory" ? reply.directory : reply.any;
  return tree
    .flatMap((command) =>
      command.options
        .filter(({ value }) => value !== "none")
        .map((option) => {
          const then = [replyFor(option), "return"].filter(Boolean).join("; ");
          return `    ${quoted(`${pathKey(command)}:${option.word}`)}) ${then} ;;`;
        }),
    )
    .join("\n");
}

/** For `_describe`: `word:what it does`, colons in the word escaped. */
function described(words: readonly { readonly word: string; readonly about: string }[]): string {
  return words.map(({ word, about }) => quoted(`${word.replaceAll(":", "\\:")}:${about}`)).join(" ");
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

// Scripts by which shells complete what is typed. Each holds all the words, so that a completion starts no process.
import type { NamedWord, OptionWords, Words } from './words.ts'

/** Scripts by the names of their shells. */
export const COMPLETIONS: Readonly<Record<Shell, (words: Program) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
}

/** The words of the program, then those of its commands. */
type Program = readonly [Words, ...Words[]]

/** A shell that has a script. */
export type Shell = 'bash' | 'zsh' | 'fish'

/** Sourced by bash, or put into a folder of bash-completion. Bash splits words at `=` as well. */
function bashCompletion(words: Program): string {
  const [{ options: everywhere }] = words
  const cases = words.map(({ path, commands, options }) => {
    const names = commands.map(({ name }) => name)
    return `    ${quoted(path)}) ${lists({ commands: names, options: allNames(options), valued: allNames(options.filter(hasValue)) })} ;;`
  })
  return `# bash completion of cairn, made by: cairn commands completion bash
_cairn_words() {
  case "$1" in
${cases.join('\n')}
    *) return 1 ;;
  esac
  options+=(${allNames(everywhere).join(' ')})
  valued+=(${allNames(everywhere.filter(hasValue)).join(' ')})
}

_cairn_choices() {
  case "$1" in
${choiceCases(words)}
    *) choices=() ;;
  esac
}

_cairn() {
  local cur=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} at='' word='' value='' index
  local -a commands options valued choices
  [[ $cur == '=' ]] && cur=''
  [[ $before == '=' ]] && before=\${COMP_WORDS[COMP_CWORD - 2]}
  _cairn_words ''
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ $word == '=' ]]; then value=1
    elif [[ -n $value ]]; then value=''
    elif [[ $word == -* ]]; then [[ " \${valued[*]} " == *" $word "* ]] && value=1
    elif _cairn_words "\${at:+$at }$word"; then at="\${at:+$at }$word"
    fi
  done
  if [[ -n $value || \${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
    _cairn_choices "$at $before"
    COMPREPLY=($(compgen -W "\${choices[*]}" -- "$cur"))
  elif [[ $cur == -* ]]; then
    COMPREPLY=($(compgen -W "\${options[*]}" -- "$cur"))
  else
    COMPREPLY=($(compgen -W "\${commands[*]}" -- "$cur"))
  fi
}

complete -o default -F _cairn cairn
`
}

/** Put into a folder of `$fpath` as `_cairn`, or sourced after compinit. */
function zshCompletion(words: Program): string {
  const [{ options: everywhere }] = words
  const cases = words.map(({ path, commands, options }) => {
    const names = commands.map(described)
    return `    ${quoted(path)}) ${lists({ commands: names, options: options.flatMap(describedOption), valued: allNames(options.filter(hasValue)) })} ;;`
  })
  return `#compdef cairn
# zsh completion of cairn, made by: cairn commands completion zsh
_cairn_words() {
  case "$1" in
${cases.join('\n')}
    *) return 1 ;;
  esac
  options+=(${everywhere.flatMap(describedOption).map(quoted).join(' ')})
  valued+=(${allNames(everywhere.filter(hasValue)).join(' ')})
}

_cairn_choices() {
  case "$1" in
${choiceCases(words)}
    *) choices=() ;;
  esac
}

_cairn() {
  local at='' word value='' before=''
  local -a commands options valued choices
  _cairn_words ''
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n $value ]]; then value=''
    elif [[ $word == -* ]]; then (( \${valued[(Ie)$word]} )) && value=1
    elif _cairn_words "\${at:+$at }$word"; then at="\${at:+$at }$word"
    fi
    before=$word
  done
  if [[ -z $value && $PREFIX == --*=* ]]; then
    before=\${PREFIX%%=*} value=1
    compset -P '*='
  fi
  if [[ -n $value ]]; then
    _cairn_choices "$at $before"
    if (( $#choices )); then compadd -a choices; else _files; fi
  elif [[ $PREFIX == -* ]]; then
    _describe -o 'option' options
  elif (( $#commands )); then
    _describe 'command' commands
  else
    _files
  fi
}

if [[ \${funcstack[1]} == _cairn ]]; then _cairn "$@"; else compdef _cairn cairn; fi
`
}

/** Put into a folder of fish completions, or sourced. */
function fishCompletion(words: Program): string {
  const rows = words.flatMap(({ path, commands, options }) => {
    const isHere = `-n ${quoted(`__cairn_at ${path}`.trim())} `
    return [
      ...commands.map(({ name, summary }) => `complete -c cairn ${isHere}-f -a ${name} -d ${quoted(brief(summary))}`),
      ...options.map((option) => `complete -c cairn ${path === '' ? '' : isHere}${fishOption(option)}`),
    ]
  })
  const paths = words.slice(1).map(({ path }) => quoted(path))
  const valued = new Set(words.flatMap(({ options }) => allNames(options.filter(hasValue))))
  return `# fish completion of cairn, made by: cairn commands completion fish
set -g __cairn_paths ${paths.join(' ')}
set -g __cairn_valued ${[...valued].join(' ')}

function __cairn_at
    set -l at
    set -l value 0
    for word in (commandline -opc)[2..-1]
        if test $value = 1
            set value 0
        else if string match -q -- '-*' $word
            contains -- $word $__cairn_valued; and set value 1
        else if contains -- (string trim -- "$at $word") $__cairn_paths
            set -a at $word
        end
    end
    test "$at" = "$argv"
end

${rows.join('\n')}
`
}

function fishOption({ long, short, summary, value, choices }: OptionWords): string {
  const names = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`
  const takes = value === undefined ? '' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -r'
  return `${names}${takes} -d ${quoted(brief(summary))}`
}

/** Arrays of bash and zsh. */
function lists(arrays: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(arrays)
    .map(([name, texts]) => `${name}=(${texts.map(quoted).join(' ')})`)
    .join(' ')
}

/** For each option that takes only certain texts, a row of a `case` by its command and its names. */
function choiceCases(words: Program): string {
  return words
    .flatMap(({ path, options }) =>
      options
        .filter(({ choices }) => choices.length > 0)
        .map((option) => {
          const names = namesOf(option).map((name) =>
            path === '' ? `*${quoted(` ${name}`)}` : quoted(`${path} ${name}`),
          )
          return `    ${names.join(' | ')}) ${lists({ choices: option.choices })} ;;`
        }),
    )
    .join('\n')
}

function allNames(options: readonly OptionWords[]): string[] {
  return options.flatMap(namesOf)
}

function namesOf({ long, short }: OptionWords): string[] {
  return short === undefined ? [long] : [long, short]
}

function hasValue({ value }: OptionWords): boolean {
  return value !== undefined
}

/** As `_describe` of zsh takes it: a colon ends the word. */
function described({ name, summary }: NamedWord): string {
  return `${name.replaceAll(':', String.raw`\:`)}:${brief(summary)}`
}

function describedOption(option: OptionWords): string[] {
  return namesOf(option).map((name) => described({ name, summary: option.summary }))
}

/** The first part of a summary, as a list has room for it. */
function brief(summary: string): string {
  return summary.split(/[;,.(]/, 1)[0]?.trim() ?? ''
}

/** As one word of any of these shells, in which a quotation mark cannot stand. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`
}

// The options of a command, by the types of their values.

/** One option, by the type of its value. */
export type OptionSpec = FlagSpec | TextSpec | TextsSpec | CountSpec

interface Described {
  readonly help: string
  /** One letter, for the command line. */
  readonly short?: string
  /** Names of options that contradict this one. */
  readonly excludes?: readonly string[]
  /** Name of the option without which this one says nothing. */
  readonly needs?: string
  /** Whether it is about the disk or the terminal of the caller, so that only the command line has it. */
  readonly isLocal?: true
}

/** An option that is on or off; `--name=false` turns off what is on by default. */
export interface FlagSpec extends Described {
  readonly type: 'flag'
  /** Turned on, it is of no use without peers. */
  readonly needsPeers?: boolean
}

/** An option with a text. */
export interface TextSpec extends Described {
  readonly type: 'text'
  /** Name of the value in the help. */
  readonly value: string
  /** The only texts that are accepted. */
  readonly choices?: readonly string[]
  /** Throws a CairnError for a text that is not accepted. */
  readonly check?: (text: string) => unknown
}

/** An option with a text that may be given several times, one each time. */
export interface TextsSpec extends Described {
  readonly type: 'texts'
  readonly value: string
}

/** An option with a whole number from 0 up. */
export interface CountSpec extends Described {
  readonly type: 'count'
  readonly value: string
  readonly choices?: readonly string[]
}

/** The options of a command by their names in kebab-case. */
export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** Values of options; what was not given is absent. */
export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]?: ValueOf<Specs[Name]>
}

type ValueOf<Spec extends OptionSpec> = Spec extends FlagSpec
  ? boolean
  : Spec extends CountSpec
    ? number
    : Spec extends TextsSpec
      ? readonly string[]
      : string

/**
 * What is wrong with options that exclude each other, or of which one lacks another; `prefix` stands before their names. A flag
 * that is turned off does neither.
 */
export function contradictionIn(
  specs: OptionSpecs,
  options: OptionValues<OptionSpecs>,
  prefix: string,
): string | undefined {
  const isGiven = (name: string): boolean => options[name] !== undefined && options[name] !== false
  for (const [name, { excludes = [], needs }] of Object.entries(specs)) {
    if (!isGiven(name)) continue
    const other = excludes.find(isGiven)
    if (other !== undefined) return `${prefix}${name} and ${prefix}${other} exclude each other`
    if (needs !== undefined && !isGiven(needs)) return `${prefix}${name} needs ${prefix}${needs}`
  }
  return undefined
}

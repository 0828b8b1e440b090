// What cairn doctor finds.

/** One finding. */
export interface Finding {
  /** What was looked at. */
  readonly Check: string
  /** `note`: right, and worth knowing. `bad`: what is asked for will not work. */
  readonly Status: 'ok' | 'note' | 'bad'
  readonly Found: string
  /** What can be done. */
  readonly Advice?: string
}

export function ok(Check: string, Found: string): Finding {
  return { Check, Status: 'ok', Found }
}

export function note(Check: string, Found: string, Advice?: string): Finding {
  return { Check, Status: 'note', Found, ...(Advice !== undefined && { Advice }) }
}

export function bad(Check: string, Found: string, Advice?: string): Finding {
  return { Check, Status: 'bad', Found, ...(Advice !== undefined && { Advice }) }
}

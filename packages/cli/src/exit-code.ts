// Exit codes, and what is said when a command fails: one line on standard error.
import { isCairnError } from '@cairn/core'

/** 0 done, 1 failed, 2 wrong usage; 128 + the signal's number when a signal ended it, as shells do. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130, terminated: 143 } as const

/** Why a command ended early because of a signal. */
export class Interrupted extends Error {
  readonly exitCode: number

  constructor(signal: 'SIGINT' | 'SIGTERM') {
    super(signal === 'SIGINT' ? 'interrupted' : 'terminated')
    this.exitCode = signal === 'SIGINT' ? EXIT.interrupted : EXIT.terminated
  }
}

/** The code that a failed command exits with, and the line that says why. */
export function failureOf(error: unknown): { readonly exitCode: number; readonly line: string } {
  if (error instanceof Interrupted) return { exitCode: error.exitCode, line: error.message }
  if (isCairnError(error)) return { exitCode: EXIT.failed, line: `Error: ${oneLine(error.message)}` }
  // Not one of ours, so it is a fault in Cairn: the stack helps whoever gets the report.
  return {
    exitCode: EXIT.failed,
    line: `Error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  }
}

/** Without line feeds and without what could steer a terminal: messages quote names that strangers chose. */
function oneLine(text: string): string {
  return text.replaceAll(/\s*[\p{Cc}\p{Zl}\p{Zp}]\s*/gu, ' ')
}

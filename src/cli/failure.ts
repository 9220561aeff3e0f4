/**
 * How the command ends: its exit codes, and failures that say what was wrong and what to do.
 */

/** 0: done. 1: it could not be done. 2: the command was used wrongly. */
export const DONE = 0;
export const FAILED = 1;
export const WRONG_USE = 2;

/** Ends the command with a message for people and an exit code. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = FAILED) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command was used wrongly: what is wrong, and what would be right. */
export function wrongUse(message: string): Failure {
  return new Failure(message, WRONG_USE);
}

/** A whole number of the command line. */
export function wholeNumber(text: string, name: string, least: number): number {
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw wrongUse(`${name} must be a whole number from ${least} on, got "${text}"`);
}

/** Seconds of the command line, as milliseconds. */
export function seconds(text: string, name: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return Math.round(value * 1000);
  throw wrongUse(`${name} must be a number of seconds, such as 0.5, got "${text}"`);
}

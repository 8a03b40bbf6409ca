/**
 * The story as text for people.
 * @module
 */
import type pc from 'picocolors';
import { draw } from './picture.ts';
import type { About, Line, Step, Told } from './story.ts';

/** What paints. */
export type Colors = ReturnType<typeof pc.createColors>;

/** Columns of running text. */
const WIDTH = 100;
/** Bytes in hexadecimal up to so many columns stand beside what they mean, longer ones above it. */
const HEX = 36;

const CHANGES: Record<NonNullable<Step['change']>, string> = { added: '+', stripped: '-', changed: '~' };

/** Prints the story, steps numbered. */
export class Renderer {
  readonly #colors: Colors;
  #steps = 0;
  #last: Told['kind'] = 'line';

  constructor(colors: Colors) {
    this.#colors = colors;
  }

  /** The lines of one element. */
  render(told: Told): string[] {
    const gap = told.kind === 'step' || this.#last === 'step' ? [''] : [];
    this.#last = told.kind;
    if (told.kind === 'line') return [...gap, renderLine(told, this.#colors)];
    return [...gap, ...renderStep(told, ++this.#steps, this.#colors)];
  }
}

/** One line: when, who, what. */
function renderLine({ time, side, about, text }: Line, colors: Colors): string {
  const paint: Record<About, (text: string) => string> = {
    call: colors.bold,
    state: colors.magenta,
    segment: colors.dim,
    fate: colors.red,
    neighbour: colors.dim,
    recovery: colors.yellow,
    buffer: colors.yellow,
    wake: String,
  };
  return `    ${seconds(time)}  ${side.padEnd(6)}  ${paint[about](text)}`;
}

/** One step: who and what, a sentence, the drawing, the bytes. */
function renderStep(step: Step, number: number, colors: Colors): string[] {
  const title = `${String(number).padStart(2)}  ${seconds(step.time)}  ${step.side.padEnd(6)}  ${step.call}`;
  const lines = [`${colors.bold(title)}  ${colors.dim(step.file)}`, ...wrap(step.text)];
  for (const detail of step.details ?? []) lines.push(`      ${colors.cyan(detail)}`);
  if (step.geometry) {
    const { len, dataLen } = step.geometry;
    lines.push(...draw(step.geometry).map((line) => `      ${colors.green(line)}`));
    lines.push(colors.dim(`      len ${len} = ${len - dataLen} linear + ${dataLen} in frags`));
  }
  return [...lines, ...renderFields(step, colors)];
}

function renderFields({ fields = [], change = 'added' }: Step, colors: Colors): string[] {
  const sign = CHANGES[change];
  const width = Math.min(HEX, Math.max(0, ...fields.map(({ hex }) => hex.length)));
  return fields.flatMap(({ name, hex, value }) => {
    const meaning = `${name.padEnd(14)} ${value}`;
    if (hex.length <= HEX) return [`    ${sign} ${colors.yellow(hex.padEnd(width))}  ${meaning}`];
    return [`    ${sign} ${colors.yellow(hex)}`, `      ${' '.repeat(width)}  ${meaning}`];
  });
}

/** Microseconds as seconds. */
export function seconds(time: number): string {
  return `${Math.floor(time / 1_000_000)}.${String(time % 1_000_000).padStart(6, '0')}`;
}

/** Running text, cut into lines. */
export function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '    ';
  for (const word of text.split(' ')) {
    if (line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = '    ';
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}
